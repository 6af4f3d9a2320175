"""HEIC and AVIF pictures: reads their container in Python and decodes the primary picture by FFmpeg.

`decoder` loads FFmpeg and is imported by name; nothing else here needs it.
"""

from __future__ import annotations

from alive402.liveness.media.heif.layout import NOT_A_VIDEO, Layout, is_sequence, is_still, layout_of

__all__ = ["NOT_A_VIDEO", "Layout", "is_sequence", "is_still", "layout_of"]

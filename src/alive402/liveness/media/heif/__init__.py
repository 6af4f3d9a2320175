"""HEIC and AVIF pictures: their container, read in Python, and the bitstream of the primary picture, decoded by FFmpeg.

`decoder` loads FFmpeg and is imported by name; everything here does without it.
"""

from __future__ import annotations

from alive402.liveness.media.heif.layout import NOT_A_VIDEO, Layout, is_sequence, is_still, layout_of

__all__ = ["NOT_A_VIDEO", "Layout", "is_sequence", "is_still", "layout_of"]

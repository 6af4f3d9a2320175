"""HEIC and AVIF pictures: reads their container in Python and decodes the primary picture by FFmpeg.

`decoder` loads FFmpeg and is imported by name; nothing else here needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.liveness.media.heif import decoder
    from alive402.liveness.media.heif.layout import NOT_A_VIDEO, is_sequence, is_still, layout_of
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "layout": ["NOT_A_VIDEO", "is_sequence", "is_still", "layout_of"],
        },
    )

__all__ = ["NOT_A_VIDEO", "decoder", "is_sequence", "is_still", "layout_of"]

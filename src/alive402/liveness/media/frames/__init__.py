"""Decoded frames, and how a player shows them: cropped, square pixels, upright, one size per clip."""

from __future__ import annotations

from alive402.liveness.media.frames.frame import (
    MAX_RATIO,
    WHOLE,
    Converters,
    Crop,
    Display,
    Frame,
    Shown,
    fitted,
    square,
)
from alive402.liveness.media.frames.orientation import UPRIGHT, Orientation
from alive402.liveness.media.frames.planes import brightness, shrunk
from alive402.liveness.media.frames.shrinking import shrink

__all__ = [
    "MAX_RATIO",
    "UPRIGHT",
    "WHOLE",
    "Converters",
    "Crop",
    "Display",
    "Frame",
    "Orientation",
    "Shown",
    "brightness",
    "fitted",
    "shrink",
    "shrunk",
    "square",
]

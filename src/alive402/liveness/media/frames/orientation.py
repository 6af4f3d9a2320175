"""Reads the display matrix of a frame as one of the eight combinations of quarter turn and mirror."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import SideDataContainer, Type

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Orientation:
    """One of the eight ways to turn a stored picture into the upright one: transpose first, flip after.

    Attributes:
        transposed: rows become columns.
        flipped_x: left and right change places, after transposing.
        flipped_y: top and bottom change places, after transposing.
    """

    transposed: bool = False
    flipped_x: bool = False
    flipped_y: bool = False

    @staticmethod
    def of_matrix(matrix: npt.NDArray[np.int32]) -> Orientation:
        """The nearest of the eight forms to a display matrix.

        ISO/IEC 14496-12, 8.3.2: a point (p, q) is shown at (a p + c q + x, b p + d q + y), q growing downwards. For
        the eight right-angled forms this is what ffmpeg's autorotation does; it turns by other angles as they are,
        where the nearest right angle is taken here.

        Args:
            matrix: (9,) int32, rows a b u, c d v, x y w.
        """
        a, b, _, c, d = (int(value) for value in matrix[:5])
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return Orientation(False, a < 0, d < 0)
        return Orientation(True, c < 0, b < 0)

    @staticmethod
    def of_turns(turns: int) -> Orientation:
        """The orientation after quarter turns counter-clockwise, not mirrored."""
        return _TURNED[turns % 4]

    @property
    def mirrored(self) -> bool:
        """Whether text in the stored picture is mirrored in the upright one."""
        return (self.transposed + self.flipped_x + self.flipped_y) % 2 == 1

    @property
    def degrees(self) -> int:
        """Counter-clockwise turn, 0, 90, 180 or 270; where it is mirrored, the left-right flip comes after the turn."""
        unmirrored = Orientation(self.transposed, self.flipped_x != self.mirrored, self.flipped_y)
        return 90 * _TURNED.index(unmirrored)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after turning; turning back is the same operation."""
        return (height, width) if self.transposed else (width, height)

    def stored(self, box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Where a part of the upright picture, x1 y1 x2 y2, is stored; `size` is the upright picture's."""
        left, top, right, bottom = box
        if self.flipped_x:
            left, right = size[0] - right, size[0] - left
        if self.flipped_y:
            top, bottom = size[1] - bottom, size[1] - top
        return (top, left, bottom, right) if self.transposed else (left, top, right, bottom)

    def apply(self, pixels: Image) -> Image:
        """The upright picture, contiguous, from a stored one, `(h, w) uint8` or `(h, w, 3) uint8`."""
        if self == UPRIGHT:
            return pixels
        turned = pixels.swapaxes(0, 1) if self.transposed else pixels
        step_x, step_y = -1 if self.flipped_x else 1, -1 if self.flipped_y else 1
        return np.ascontiguousarray(turned[::step_y, ::step_x])


UPRIGHT = Orientation()
_TURNED = (UPRIGHT, Orientation(True, False, True), Orientation(False, True, True), Orientation(True, True, False))


_container_of: Any = SideDataContainer  # PyAV's stubs lack its fields.


def orientation_of(frame: av.VideoFrame) -> Orientation | None:
    """The orientation that this frame states; None where it states none.

    FFmpeg attaches to each frame the track's matrix (MP4 `tkhd`, Matroska projection) or the codec's own (H.264 and
    HEVC display orientation, EXIF); the first one counts, as in ffmpeg. File name and title are ignored.
    """
    try:
        # Not frame.side_data: frame and container would reference each other, and frames would pile up until Python's
        # cycle collector runs.
        beside = _container_of(frame)
        for data in beside:
            if data.type is Type.DISPLAYMATRIX and data.buffer_size >= 36:
                return Orientation.of_matrix(np.frombuffer(bytes(data), np.int32, 9))
    except ValueError:  # PyAV has no name for a kind of side data beside it, but the angle is readable.
        degrees = frame.rotation
        return Orientation.of_turns(round(degrees / 90)) if 45 <= abs(degrees) <= 360 else None
    return None

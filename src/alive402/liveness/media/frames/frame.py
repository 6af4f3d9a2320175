"""One decoded frame, converted on demand as a player shows it: cropped, square pixels, upright, one size per clip."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

from alive402.liveness.errors import UndecodableVideo
from alive402.liveness.media.frames.orientation import UPRIGHT, Orientation, orientation_of
from alive402.liveness.media.frames.planes import brightness, shrunk

Image = npt.NDArray[np.uint8]
Converters = dict[int, VideoReformatter]

NEARLY_SQUARE = 0.01
"""Pixels closer to a square than this stay as they are: the difference is invisible, and resampling would blur the
picture."""

MAX_RATIO = 30
"""Most ratio of the long side to the short side; a picture whose stated pixel shape exceeds it is refused."""


@dataclass(frozen=True, slots=True)
class Crop:
    """Pixels that a player cuts off each side of the stored picture."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after cropping."""
        return width - self.left - self.right, height - self.top - self.bottom


WHOLE = Crop()


@dataclass(frozen=True, slots=True)
class Shown:
    """How a stored picture is shown.

    Attributes:
        canvas: width and height of the clip's picture, px, upright.
        size: width and height of this frame's picture inside the canvas, px, upright; centred, black around it.
        crop: what is cut off before.
        orientation: how the stored picture is turned.
    """

    canvas: tuple[int, int]
    size: tuple[int, int]
    crop: Crop = WHOLE
    orientation: Orientation = UPRIGHT


class Display:
    """Decides how each frame of a track is shown; the first frame fixes the canvas.

    A frame of another shape (a new size, other pixels, another turn) is fitted into the canvas with its own shape kept
    and black bars beside it, as in a player's window.

    Args:
        crop: of the track.
        max_pixels: of the canvas; a picture that square pixels would make larger is shrunk.
    """

    def __init__(self, crop: Crop, max_pixels: int) -> None:
        self._crop = crop
        self._max_pixels = max_pixels
        self._canvas: tuple[int, int] | None = None
        self._known: tuple[object, Shown] | None = None
        self._orientation = UPRIGHT

    def shown(self, source: av.VideoFrame, aspect: Fraction | None) -> Shown:
        """How `source` is shown; `aspect` is the width of its pixels over their height.

        Raises:
            UndecodableVideo: the pixels' stated shape makes a sliver of the first frame.
        """
        said = orientation_of(source)
        # FFmpeg attaches a turn stated by the codec to the frame that carries it; it holds until the next key frame
        # (ITU-T H.264, D.2.27). The container's own turn is on every frame.
        if said is not None or source.key_frame:
            self._orientation = said or UPRIGHT
        key = source.width, source.height, aspect, self._orientation
        if self._known is None or self._known[0] != key:
            self._known = key, self._shown(source.width, source.height, aspect, self._orientation)
        return self._known[1]

    def _shown(self, width: int, height: int, aspect: Fraction | None, orientation: Orientation) -> Shown:
        crop = self._crop
        if min(crop.size(width, height)) < 1:
            crop = WHOLE
        upright = orientation.size(*square(*crop.size(width, height), aspect, self._max_pixels))
        if self._canvas is None:
            if min(upright) * MAX_RATIO < max(upright) and upright != orientation.size(width, height):
                raise UndecodableVideo(
                    f"The video is shown as {upright[0]} x {upright[1]} pixels; the longer side may be at most "
                    f"{MAX_RATIO} times the shorter one.",
                    width=upright[0],
                    height=upright[1],
                )
            self._canvas = upright
        return Shown(self._canvas, fitted(upright, self._canvas), crop, orientation)


class Frame:
    """One decoded frame; pixels are converted only on demand.

    Attributes:
        index: place in the clip, from 0.
        time: seconds from the first frame.
    """

    __slots__ = ("_bgr", "_converters", "_shown", "_small", "_source", "index", "time")

    def __init__(self, source: av.VideoFrame, index: int, time: float, shown: Shown, converters: Converters) -> None:
        self.index = index
        self.time = time
        self._source = source
        self._shown = shown
        self._converters = converters
        self._bgr: Image | None = None
        self._small: dict[int, Image] = {}

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px, upright; the same for every frame of a clip."""
        return self._shown.canvas

    def bgr(self) -> Image:
        """The whole frame, `(height, width, 3) uint8`, upright."""
        if self._bgr is None:
            self._bgr = self._convert(0, *self.size)
        return self._bgr

    def small(self, longest: int) -> Image:
        """The frame with its longest side at most `longest` px, `(h, w, 3) uint8` BGR, upright."""
        if longest not in self._small:
            self._small[longest] = self._convert(longest, *self._reduced(longest))
        return self._small[longest]

    def make_small(self, *sides: int) -> None:
        """Make the pictures that `small` returns for these longest sides, the larger first, from the same halves."""
        shown = self._shown
        if len(sides) > 1 and shown.crop == WHOLE and shown.size == shown.canvas:
            made = shrunk(self._source, *(shown.orientation.size(*self._reduced(side)) for side in sides))
            if made is not None:
                self._small.update(zip(sides, map(shown.orientation.apply, made), strict=True))
        for side in sides:
            self.small(side)

    def _reduced(self, longest: int) -> tuple[int, int]:
        """Width and height with the longest side at most `longest`."""
        width, height = self.size
        scale = min(1.0, longest / max(width, height))
        return max(2, round(width * scale)), max(2, round(height * scale))

    def gray(self, left: int, top: int, right: int, bottom: int) -> Image:
        """The brightness of a part of the frame at native resolution, `(h, w) uint8`, upright.

        Args:
            left, top, right, bottom: px of the upright frame, within it; the part may not be empty.
        """
        shown, stored = self._shown, (self._source.width, self._source.height)
        if shown.crop == WHOLE and shown.size == shown.canvas == shown.orientation.size(*stored):
            levels = brightness(self._source, *shown.orientation.stored((left, top, right, bottom), shown.canvas))
            if levels is not None:
                return shown.orientation.apply(levels)
        return np.asarray(cv2.cvtColor(self.bgr()[top:bottom, left:right], cv2.COLOR_BGR2GRAY), np.uint8)

    def _convert(self, purpose: int, width: int, height: int) -> Image:
        """The canvas at `width` x `height`."""
        shown = self._shown
        if shown.size == shown.canvas:
            return self._upright(purpose, width, height)
        canvas = np.zeros((height, width, 3), np.uint8)
        inner_width = max(1, round(width * shown.size[0] / shown.canvas[0]))
        inner_height = max(1, round(height * shown.size[1] / shown.canvas[1]))
        left, top = (width - inner_width) // 2, (height - inner_height) // 2
        canvas[top : top + inner_height, left : left + inner_width] = self._upright(purpose, inner_width, inner_height)
        return canvas

    def _upright(self, purpose: int, width: int, height: int) -> Image:
        """The frame's own picture at `width` x `height`."""
        size, crop = self._shown.orientation.size(width, height), self._shown.crop
        quick = shrunk(self._source, size) if crop == WHOLE else None
        if quick is not None:
            return self._shown.orientation.apply(quick[0])
        whole = size if crop == WHOLE else (self._source.width, self._source.height)
        # One converter per purpose, not per size: two threads must never share one.
        convert = self._converters.setdefault(purpose, VideoReformatter())
        plain = convert.reformat(self._source, width=whole[0], height=whole[1], format="bgr24", interpolation="AREA")
        pixels: Image = np.asarray(plain.to_ndarray(), np.uint8)
        if crop != WHOLE:
            pixels = np.ascontiguousarray(pixels[crop.top : whole[1] - crop.bottom, crop.left : whole[0] - crop.right])
            if pixels.shape[1::-1] != size:
                shrinks = size[0] * size[1] < pixels.shape[0] * pixels.shape[1]
                resized = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
                pixels = np.asarray(resized, np.uint8)
        return self._shown.orientation.apply(pixels)


def square(width: int, height: int, aspect: Fraction | None, max_pixels: int) -> tuple[int, int]:
    """Size of a picture after its pixels are made square: one side grows, none shrinks (HTML, `videoWidth`).

    Args:
        width: of the stored picture, px, as `height`.
        aspect: width over height of one pixel; None, 0 or less is a square.
        max_pixels: what the result may have at most; above it both sides shrink.
    """
    if aspect is None or aspect <= 0 or abs(aspect - 1) < NEARLY_SQUARE:
        return width, height
    wide, high = (width * aspect, Fraction(height)) if aspect > 1 else (Fraction(width), height / aspect)
    shrink = min(1.0, float(max_pixels / (wide * high)) ** 0.5)
    return max(1, int(float(wide) * shrink + 0.5)), max(1, int(float(high) * shrink + 0.5))


def fitted(size: tuple[int, int], canvas: tuple[int, int]) -> tuple[int, int]:
    """The largest size with the shape of `size` that fits `canvas`; within two px of it, the canvas itself."""
    scale = min(canvas[0] / size[0], canvas[1] / size[1])
    width, height = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    return canvas if canvas[0] - width <= 2 and canvas[1] - height <= 2 else (width, height)

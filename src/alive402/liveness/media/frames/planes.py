"""Shrinks a frame of 4:2:0 planes, as most videos have, several times as fast as a general scaler.

Only the result becomes BGR, by the matrix that the frame states. A gray part of it is the plane of brightness.
"""

from __future__ import annotations

from functools import cache

import av
import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.media.frames.shrinking import halved, last_step

Image = npt.NDArray[np.uint8]

FULL_RANGE = {"yuvj420p": True, "yuv420p": False, "nv12": False}
"""The formats that are read, and whether gray levels go from 0 to 255 whatever the frame states; else from 16 to 235,
unless it states the full range. NV12, with both differences in one plane, comes from a graphics card."""
LEAST = 2
"""Least number of times by which both sides are shrunk."""

_BT_601, _BT_709 = (0.299, 0.114), (0.2126, 0.0722)
_MATRICES = {1: _BT_709, 2: _BT_601, 5: _BT_601, 6: _BT_601}
"""Shares of red and blue in the brightness, by the number of the colour matrix (ITU-T H.273, table 4). Where none is
stated (2), FFmpeg takes that of BT.601."""
_FULL = 2
"""FFmpeg's number of the full range."""
LIMITED = np.clip(np.rint((np.arange(256) - 16) * 255 / 219), 0, 255).astype(np.uint8)
"""The gray level of each brightness from 16 to 235, as a lookup table."""


def shrunk(source: av.VideoFrame, *sizes: tuple[int, int]) -> list[Image] | None:
    """(height, width, 3) uint8 BGR for each (width, height), in which the larger come first.

    None where the frame has other planes, or is to be shrunk less than twice.
    """
    if any(source.width < LEAST * width or source.height < LEAST * height for width, height in sizes):
        return None
    colours = _colours(source)
    if colours is None:
        return None
    planes, made = _planes(source), []
    for size in sizes:
        planes = [halved(plane, *size) for plane in planes]
        made.append(_bgr([last_step(plane, *size) for plane in planes], colours))
    return made


def brightness(source: av.VideoFrame, left: int, top: int, right: int, bottom: int) -> Image | None:
    """(h, w) uint8: the gray levels, 0..255, of a part of the stored picture; None for other planes.

    The part has to lie within the picture.
    """
    full = _full_range(source)
    if full is None:
        return None
    plane = source.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[top:bottom, left:right]
    return np.ascontiguousarray(rows) if full else np.asarray(cv2.LUT(np.ascontiguousarray(rows), LIMITED), np.uint8)


def _bgr(planes: list[Image], colours: npt.NDArray[np.float64]) -> Image:
    return np.asarray(cv2.transform(cv2.merge(planes), colours), np.uint8)


def _planes(source: av.VideoFrame) -> list[Image]:
    """The three planes, without the bytes that fill up their rows; valid as long as `source`."""
    found: list[Image] = []
    for plane in source.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height]
        if found and len(source.planes) == 2:
            pairs = np.ascontiguousarray(rows[:, : 2 * plane.width]).reshape(plane.height, plane.width, 2)
            found += [np.asarray(one, np.uint8) for one in cv2.split(pairs)]
        else:
            found.append(rows[:, : plane.width])
    return found


def _colours(source: av.VideoFrame) -> npt.NDArray[np.float64] | None:
    """(3, 4) float64, from brightness, blue and red difference to BGR; None for other formats and matrices."""
    full, matrix = _full_range(source), _MATRICES.get(int(source.colorspace))
    return None if full is None or matrix is None else _from_planes(*matrix, full)


def _full_range(source: av.VideoFrame) -> bool | None:
    """Whether brightness goes from 0 to 255; None for planes that are not read."""
    full = FULL_RANGE.get(source.format.name)
    if full is None or any(plane.line_size < plane.width for plane in source.planes):
        return None  # A negative size: the bottom row comes first.
    return full or int(source.color_range) == _FULL


@cache
def _from_planes(red: float, blue: float, full: bool) -> npt.NDArray[np.float64]:
    """The map of `_colours`, for shares of red and blue in the brightness (ITU-T H.273, equations 38 to 40)."""
    green = 1 - red - blue
    by_blue, by_red = 2 * (1 - blue), 2 * (1 - red)
    rows = np.array(
        [
            [1.0, by_blue, 0.0],
            [1.0, -blue * by_blue / green, -red * by_red / green],
            [1.0, 0.0, by_red],
        ]
    )
    low, scale = (0.0, 1.0) if full else (16.0, 255 / 219)
    rows *= [scale, *([1.0 if full else 255 / 224] * 2)]
    return np.column_stack([rows, -rows @ [low, 128.0, 128.0]])

"""Shrinks pictures by areas, several times as fast as OpenCV or FFmpeg in one step."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]

SMALL = 150_000
"""Most values of a picture whose last step, by less than two, is by areas too; a larger one is shrunk linearly."""


def shrink(picture: Image, width: int, height: int) -> Image:
    """(height, width, ...) uint8: a (h, w) or (h, w, 3) picture that is no smaller.

    It is halved as often as possible: vector instructions take the mean of two by two pixels. The rest of the way is
    less than two, at which linear interpolation leaves no pixel out.
    """
    return last_step(halved(picture, width, height), width, height)


def halved(picture: Image, width: int, height: int) -> Image:
    """The picture, halved as often as it stays no smaller."""
    while picture.shape[1] >= 2 * width and picture.shape[0] >= 2 * height:
        half = picture.shape[1] // 2, picture.shape[0] // 2
        picture = np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_AREA), np.uint8)
    return picture


def last_step(picture: Image, width: int, height: int) -> Image:
    """(height, width, ...) uint8: a halved picture, shrunk by less than two."""
    if picture.shape[:2] == (height, width):
        return picture
    how = cv2.INTER_AREA if picture.size <= SMALL else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.uint8)

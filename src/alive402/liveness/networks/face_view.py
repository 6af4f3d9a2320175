"""Cuts the face out of a tight view: the third input of the network, which shows nothing of the scene.

What surrounds a face (a bezel, a hand, a room) is most of the evidence, and misleads where it is missing or replaced.
The face is shown at a scale that the tight view's weights know; instead of the scene stands its own border, blurred.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

KEPT, SHOWN = 1.3, 2.0
"""Times the face box that is kept, and that the whole view is wide."""
SOFTNESS = 3.0
"""Width of the blurred border in standard deviations of the blur."""
LEAST = 8
"""Least side of the face in a view, px."""


def face_alone(mid: Image, face: Floats, side: int) -> Image:
    """(side, side, 3) uint8 BGR: the face of a tight view, (h, h, 3) uint8 BGR, without its surroundings.

    Args:
        mid: the tight view.
        face: (4,) x1 y1 x2 y2 of the face box in it, 0..1 of its side.
        side: of the result, px.
    """
    height, width = mid.shape[:2]
    whole = np.array([width, height])
    centre, size = (face[:2] + face[2:]) / 2 * whole, np.maximum((face[2:] - face[:2]) * whole, LEAST)
    left, top = np.clip((centre - size * KEPT / 2).round().astype(int), 0, whole - LEAST).tolist()
    right, bottom = np.clip((centre + size * KEPT / 2).round().astype(int), [left + LEAST, top + LEAST], whole).tolist()
    kept = mid[top:bottom, left:right]
    across, down = (max(0, round((full - cut) / 2)) for full, cut in zip(size * SHOWN, kept.shape[1::-1], strict=True))
    shown = cv2.copyMakeBorder(kept, down, down, across, across, cv2.BORDER_REPLICATE)
    if across or down:
        soft = cv2.GaussianBlur(shown, (0, 0), max(across, down) / SOFTNESS)
        soft[down : down + bottom - top, across : across + right - left] = kept
        shown = soft
    shrinks = shown.shape[0] > side
    return np.asarray(cv2.resize(shown, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))


def in_the_middle(reach: Sequence[float] | npt.NDArray[np.floating], times: float) -> Floats:
    """(n, 4) float32: the face in the middle of n views that hold it `times`, in pictures with room for `reach`."""
    half = 0.5 / np.minimum(np.asarray(reach, np.float32), np.float32(times))
    return np.stack([0.5 - half, 0.5 - half, 0.5 + half, 0.5 + half], axis=1).astype(np.float32)

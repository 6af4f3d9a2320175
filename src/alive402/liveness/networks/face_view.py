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
COARSE = 2
"""Times by which the border is shrunk before it is blurred."""
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
    shares = [min(1.0, cut / max(cut, full)) for full, cut in zip(size * SHOWN, kept.shape[1::-1], strict=True)]
    across, down = (max(1, round(side * share)) for share in shares)
    shrinks = across < kept.shape[1]
    small = cv2.resize(kept, (across, down), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    before = (side - down) // 2, (side - across) // 2
    after = side - down - before[0], side - across - before[1]
    shown = cv2.copyMakeBorder(small, before[0], after[0], before[1], after[1], cv2.BORDER_REPLICATE)
    if max(after):
        coarse = cv2.resize(shown, (side // COARSE, side // COARSE), interpolation=cv2.INTER_AREA)
        coarse = cv2.GaussianBlur(coarse, (0, 0), max(after) / SOFTNESS / COARSE)
        soft = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)
        soft[before[0] : before[0] + down, before[1] : before[1] + across] = small
        shown = soft
    return np.asarray(shown, np.uint8)


def in_the_middle(reach: Sequence[float] | npt.NDArray[np.floating], times: float) -> Floats:
    """(n, 4) float32: the face in the middle of n views that hold it `times`, in pictures with room for `reach`."""
    half = 0.5 / np.minimum(np.asarray(reach, np.float32), np.float32(times))
    return np.stack([0.5 - half, 0.5 - half, 0.5 + half, 0.5 + half], axis=1).astype(np.float32)

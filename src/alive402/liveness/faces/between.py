"""Places a face in a frame that was not searched, from where it was before and where it is after."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from alive402.liveness.faces.detector import Detection, iou
from alive402.liveness.faces.scene_changes import normalized

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

HARDLY_MOVED = 0.6
"""Least intersection over union of a face in two motion frames for its place in the one between them to be known."""
BETWEEN_SECONDS = 0.4
"""Most seconds between two such frames."""
LEAST_LIKENESS, LIKENESS_SIDE = 0.8, 24
"""Least correlation of the face there with the face after it, at so many px a side: a hand may pass before it."""


def passed(before: Detection, image: Image, share: float, after: Detection, next_image: Image) -> Detection | None:
    """The face in `image`; None where it moved, or where something else is in its place.

    Args:
        before, after: the face in the frames before and after.
        image, next_image: (h, w, 3) uint8, the frame between them, and the one after, in which `after` was found.
        share: of the time from the one to the other that has passed, 0..1.
    """
    if float(iou(before.box, after.box[None])[0]) < HARDLY_MOVED:
        return None
    face = _between(before, after, share)
    return face if _likeness(image, face.box, next_image, after.box) >= LEAST_LIKENESS else None


def _between(before: Detection, after: Detection, share: float) -> Detection:
    """The face at a share of the way from one place to the next."""
    box, points = (
        (1 - share) * one + share * other for one, other in ((before.box, after.box), (before.points, after.points))
    )
    return Detection(box.astype(np.float32), min(before.score, after.score), points.astype(np.float32))


def _likeness(image: Image, box: Floats, other: Image, other_box: Floats) -> float:
    """Correlation -1..1 of two faces of about the same size in two frames."""
    faces = []
    for picture, (left, top, right, bottom) in ((image, box), (other, other_box)):
        part = picture[max(int(top), 0) : int(bottom), max(int(left), 0) : int(right)]
        if min(part.shape[:2]) < 2:
            return -1.0
        faces.append(normalized(part, LIKENESS_SIDE))
    return float((faces[0] * faces[1]).sum())

"""Finds which way up a face stands from the detector's six points, and turns views until it is upright.

Angles are degrees by which a face leans clockwise in the picture, as seen by a person.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.faces.detector import Detection

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SURE_SCORE = 0.85
"""Score above which no other turn is tried. BlazeFace scores .89 to .97 on most upright faces of the dev clips, and up
to .88 on the same faces turned."""
SURE_LEAN = 45.0
LEAST_EYES = 0.2
"""Least distance of the eyes in box widths; frontal faces measure .40 to .47. Below it the face is in profile and the
points are too close."""
AGREED = 25.0
"""Most degrees between the line of the eyes and the line from mouth to eyes; beyond it, a point is misplaced."""
MOST_LEAN = 60.0
"""Most degrees beyond the turn at which the face was found; beyond it, the points are not believed."""
SMALLEST_LEAN = 5.0
"""Least lean in degrees at which a view is turned; turning by less would only resample it."""


def lean(points: Floats) -> float | None:
    """Degrees, -180 to 180, by which the face with these (6, 2) points leans; None when the points disagree.

    The line of the eyes and the line from the mouth to the middle of the eyes have to agree; their mean is returned.
    """
    eyes, up = points[1] - points[0], (points[0] + points[1]) / 2 - points[3]
    ears = float(np.hypot(*(points[5] - points[4])))
    if float(np.hypot(*eyes)) < LEAST_EYES * max(ears, float(np.hypot(*up))) or not np.isfinite(points).all():
        return None
    by_eyes = float(np.degrees(np.arctan2(eyes[1], eyes[0])))
    by_axis = float(np.degrees(np.arctan2(up[0], -up[1])))
    apart = between(by_axis, by_eyes)
    return None if abs(apart) > AGREED else between(by_eyes + apart / 2, 0.0)


def between(angle: float, other: float) -> float:
    """Angle in degrees from `other` to `angle`, -180 to 180."""
    return (angle - other + 180.0) % 360.0 - 180.0


def stands(face: Detection, turn: int = 0) -> bool:
    """Whether the points allow that the face stands upright once its picture is turned by `turn`.

    A face that lies on its side shows it in its points. One that is upside down does not: BlazeFace places upright
    points on it, with a low score, so `sure` asks for a high score as well.
    """
    leans = lean(face.points)
    return leans is None or abs(between(leans, turn)) <= SURE_LEAN


def sure(face: Detection, turn: int = 0) -> bool:
    """Whether a face at this turn (degrees, counter-clockwise) is so certain that no other turn has to be tried."""
    return face.score >= SURE_SCORE and stands(face, turn)


def room(image: Image, box: Floats, times: float) -> float:
    """How many times the box can be enlarged within the image, at most `times`."""
    height, width = image.shape[:2]
    return float(min(times, (height - 1) / float(box[3] - box[1]), (width - 1) / float(box[2] - box[0])))


def crop_upright(image: Image, box: Floats, times: float, leans: float, side: int) -> Image:
    """(side, side, 3) uint8: the box enlarged `times` about its centre, turned by `leans` until the face is upright.

    The view is as wide as one that is not turned: limited to the image. The turned square is then shifted inside as far
    as it has room; corners outside the image repeat its border.
    """
    window = _window(image, box, times, leans)
    return _turned(image, window.centre, window.size, (window.turn[0, 0], window.turn[1, 0]), side)


def face_in_view(image: Image, box: Floats, times: float, leans: float = 0.0) -> Floats:
    """(4,) float32: x1 y1 x2 y2 of the box in the view of `crop_upright`, 0..1 of the view's side."""
    window = _window(image, box, times, leans)
    centre = window.turn.T @ (window.middle - window.centre) / window.size + 0.5
    half = window.box_size / window.size / 2
    return np.concatenate([centre - half, centre + half]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Window:
    """The part of an image that a view shows.

    Attributes:
        middle, centre: (2,) px, of the box and of the window.
        box_size, size: (2,) px, width and height of box and window in the turned view.
        turn: (2, 2), from directions in the view to those in the image.
    """

    middle: npt.NDArray[np.float64]
    centre: npt.NDArray[np.float64]
    box_size: npt.NDArray[np.float64]
    size: npt.NDArray[np.float64]
    turn: npt.NDArray[np.float64]


def _window(image: Image, box: Floats, times: float, leans: float) -> _Window:
    height, width = image.shape[:2]
    box_size = np.array([box[2] - box[0], box[3] - box[1]], np.float64)
    times = room(image, box, times)
    if round(leans / 90) % 2:  # For a face on its side, height in the image is width in the view.
        box_size = box_size[::-1]
    size = box_size * times
    cos, sin = np.cos(np.radians(leans)), np.sin(np.radians(leans))
    reach = np.abs([[cos, sin], [sin, cos]]) @ size / 2
    whole = np.array([width, height], np.float64)
    middle = np.array([box[0] + box[2], box[1] + box[3]], np.float64) / 2
    shift = np.clip(middle, np.minimum(reach, whole / 2), np.maximum(whole - reach, whole / 2)) - middle
    turn, most = np.array([[cos, -sin], [sin, cos]]), (size - box_size) / 2
    centre = middle + turn @ np.clip(turn.T @ shift, -most, most)  # The face stays in view.
    return _Window(middle, centre, box_size, size, turn)


def _turned(
    image: Image, centre: npt.NDArray[np.float64], size: npt.NDArray[np.float64], turn: tuple[float, float], side: int
) -> Image:
    cos, sin = turn
    scale = size / side
    matrix = np.array([[cos * scale[0], -sin * scale[1]], [sin * scale[0], cos * scale[1]]])
    start = centre - matrix @ np.full(2, (side - 1) / 2)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    view = cv2.warpAffine(
        image, np.column_stack([matrix, start]), (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(view, np.uint8)

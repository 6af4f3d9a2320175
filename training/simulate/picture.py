"""A picture with its face, and plane geometry that also transforms the face's box."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

OUTLINE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 16, False)), np.sin(np.linspace(0, 2 * np.pi, 16, False))], 1)
"""Points of the unit circle; a face is closer to an ellipse than to a rectangle, so a turned box must not grow."""
LEAST_SIDE = 2.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and the place of its face.

    Attributes:
        image: (h, w, 3) uint8 BGR.
        box: (4,) float32 x1 y1 x2 y2 of the whole face, px; any region of interest where there is no face.
    """

    image: Image
    box: Floats


def sane_box(picture: Picture) -> Floats:
    """The box limited to the picture; the middle of the picture if they do not overlap."""
    height, width = picture.image.shape[:2]
    box = np.clip(np.nan_to_num(picture.box).astype(np.float32), 0, [width, height, width, height])
    if box[2] - box[0] < LEAST_SIDE or box[3] - box[1] < LEAST_SIDE:
        box = np.array([width * 0.3, height * 0.3, width * 0.7, height * 0.7], np.float32)
    return np.asarray(box, np.float32)


def carry(box: Floats, matrix: Floats) -> Floats:
    """(4,) float32: the box mapped by the 3 x 3 plane mapping `matrix`, by its inscribed ellipse."""
    centre = np.array([box[0] + box[2], box[1] + box[3]]) / 2
    half = np.array([box[2] - box[0], box[3] - box[1]]) / 2
    points = np.concatenate([centre + OUTLINE * half, np.ones((len(OUTLINE), 1))], axis=1) @ matrix.T
    flat = points[:, :2] / points[:, 2:]
    return np.concatenate([flat.min(0), flat.max(0)]).astype(np.float32)


def resized(picture: Picture, width: int, height: int) -> Picture:
    """The picture at another size, without aliasing when it shrinks."""
    old_height, old_width = picture.image.shape[:2]
    shrinks = width * height < old_width * old_height
    image = cv2.resize(picture.image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    ratio = np.array([width / old_width, height / old_height] * 2, np.float32)
    return Picture(image, (picture.box * ratio).astype(np.float32))


def cropped(picture: Picture, left: int, top: int, width: int, height: int) -> Picture:
    """Crops a part of the picture, which the caller keeps inside."""
    image = picture.image[top : top + height, left : left + width]
    return Picture(image, picture.box - np.array([left, top, left, top], np.float32))


def framed(rng: np.random.Generator, picture: Picture, aspect: float, share: float) -> Picture:
    """Cuts the picture around its face: `aspect` = width / height, the face `share` of the height, as far as possible.

    The aspect is kept wherever the picture is large enough for the whole face; the share gives way.
    """
    height, width = picture.image.shape[:2]
    box = sane_box(picture)
    face_width, face_height = float(box[2] - box[0]), float(box[3] - box[1])
    cut_height = min(max(face_height / share, face_width * 1.1 / aspect), height, width / aspect)
    cut_height = max(cut_height, min(face_height, height), 8.0)
    high = min(height, max(1, round(cut_height)))
    wide = min(width, max(1, round(max(cut_height * aspect, min(face_width, width)))))
    middle = np.array([box[0] + box[2], box[1] + box[3]]) / 2
    offset = rng.uniform(-0.12, 0.12, 2) * [wide, high]
    left, top = middle - np.array([wide, high]) / 2 + offset
    left = min(left, float(box[0])) if left + wide >= box[2] else float(box[2]) - wide
    top = min(top, float(box[1])) if top + high >= box[3] else float(box[3]) - high
    return cropped(
        Picture(picture.image, box),
        int(np.clip(left, 0, width - wide)),
        int(np.clip(top, 0, height - high)),
        wide,
        high,
    )


def pose(
    rng: np.random.Generator, anchor: Floats, target: Floats, scale: float, degrees: float, roll: float, reach: float
) -> Floats:
    """(3, 3) float32: a flat object seen by a camera, its point `anchor` at `target` px, `scale` px per px there.

    Args:
        degrees: the most that it is turned away (yaw and pitch); `roll`: the most that it leans.
        reach: its size in px of the frame; the camera stands off in proportion, so that nothing passes behind it.
    """
    yaw, pitch = np.radians(rng.uniform(-degrees, degrees, 2))
    lean = np.radians(rng.uniform(-roll, roll))
    turn = (
        np.array([[np.cos(lean), -np.sin(lean), 0], [np.sin(lean), np.cos(lean), 0], [0, 0, 1]])
        @ np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        @ np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    )
    focal = rng.uniform(1.3, 2.5) * reach
    plane = np.array(
        [
            [scale * turn[0, 0], scale * turn[0, 1], 0],
            [scale * turn[1, 0], scale * turn[1, 1], 0],
            [scale * turn[2, 0] / focal, scale * turn[2, 1] / focal, 1],
        ]
    )
    to = np.array([[1, 0, target[0]], [0, 1, target[1]], [0, 0, 1]])
    back = np.array([[1, 0, -anchor[0]], [0, 1, -anchor[1]], [0, 0, 1]])
    return np.asarray(to @ plane @ back, np.float32)

"""Searches a picture for faces with both detectors, upright or at a quarter turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from alive402.liveness.faces import upright
from alive402.liveness.faces.detector import FULL_RANGE, SHORT_RANGE, Detection, FaceDetector, iou
from alive402.liveness.faces.mesh import FaceMesh
from alive402.liveness.networks import model_files

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

LEAST_SCORE = 0.5
SAME_FACE_IOU = 0.25
SEARCH_MARGIN = 2.6
TURN_GAIN = 0.08
"""Least gain in score for another turn to replace the first. Upright faces of the dev clips gain .11 and more."""


class FaceFinder:
    """The three face networks, loaded once and used for many clips; not thread-safe.

    Raises:
        ModelsMissing: a model file is not installed.
    """

    def __init__(self, threads: int = 2) -> None:
        self.short = FaceDetector(model_files.locate("face_short"), SHORT_RANGE, threads)
        self.full = FaceDetector(model_files.locate("face_full"), FULL_RANGE, threads)
        self.mesh = FaceMesh(model_files.locate("face_mesh"), threads)

    def near(self, image: Image, box: Floats, turn: int) -> list[Detection]:
        """Faces at one turn (degrees) in the part of `image` around `box` (4,): 2.6 times its longer side."""
        centre = (box[:2] + box[2:]) / 2
        half = float(max(box[2:] - box[:2])) * SEARCH_MARGIN / 2
        left, top = np.clip((centre - half).astype(int), 0, None)
        right, bottom = (centre + half).astype(int)
        region = image[top:bottom, left:right]
        region = region[: region.shape[0] // 2 * 2, : region.shape[1] // 2 * 2]  # Even sides are halved fast.
        if min(region.shape[:2]) < 8:
            return []
        found = self.short.find(turned(region, turn), LEAST_SCORE)
        offset = np.array([left, top], np.float32)
        upright_faces = [turned_back(face, turn, region.shape) for face in found]
        return [replace(face, box=face.box + np.tile(offset, 2), points=face.points + offset) for face in upright_faces]

    def search(self, image: Image, turns: tuple[int, ...]) -> tuple[list[Detection], int]:
        """Faces in `image`, searched at each turn (degrees) until one is certain; and the turn at which they stand."""
        best: tuple[list[Detection], int] = ([], 0)
        most = (False, 0.0)
        for turn in turns:
            view = turned(image, turn)
            found = _merge(self.short.find(view, LEAST_SCORE), self.full.find(view, LEAST_SCORE))
            score = max(((upright.stands(face), face.score) for face in found), default=most)
            if score > (most[0], most[1] + TURN_GAIN * bool(best[0])):
                best, most = ([turned_back(face, turn, image.shape) for face in found], turn), score
            if any(upright.sure(face) for face in found):
                break
        return best


def _merge(near: list[Detection], far: list[Detection]) -> list[Detection]:
    """Merges the faces of both detectors; where they agree, the one with the higher score is kept."""
    merged: list[Detection] = []
    for face in sorted(near + far, key=lambda face: -face.score):
        if all(float(iou(face.box, other.box[None])[0]) < SAME_FACE_IOU for other in merged):
            merged.append(face)
    return merged


def turned(image: Image, degrees: int) -> Image:
    """The image turned by `degrees` counter-clockwise, a multiple of 90."""
    return np.ascontiguousarray(np.rot90(image, degrees // 90)) if degrees else image


def turned_back(face: Detection, degrees: int, shape: tuple[int, ...]) -> Detection:
    """A face found in an image turned by `degrees` counter-clockwise, in px of the image before turning."""
    if not degrees:
        return face
    height, width = shape[:2]

    def back(points: Floats) -> Floats:
        x, y = points[..., 0], points[..., 1]
        places = {90: (width - y, x), 180: (width - x, height - y), 270: (y, height - x)}[degrees]
        return np.stack(places, axis=-1).astype(np.float32)

    corners = back(face.box.reshape(2, 2))
    box = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    return Detection(box, face.score, back(face.points))

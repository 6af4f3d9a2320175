"""BlazeFace: faces in one picture, each as a box, a confidence and six points.

Method: Bazarevsky et al. 2019, "BlazeFace" (arXiv:1907.05047); anchors as the MediaPipe graphs of the two models
state them (short range: strides 8 and 16, full range: stride 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.media import shrink
from alive402.liveness.networks import open_network

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SCORE_CLIP = 80.0
SIGNED = (np.arange(256) / 127.5 - 1.0).astype(np.float32)
"""The network's input for each gray level, -1..1, as a lookup table; dividing each pixel takes twice as long."""
OVERLAP = 0.3


@dataclass(frozen=True, slots=True)
class Layout:
    """The facts about a BlazeFace network that its file does not contain.

    Attributes:
        layers: (stride in px, anchors a cell) of each output layer.
        shift, scale: map its box to a whole-face box (forehead to chin), in units of the box: shift of the centre,
            then scale of width and height. The appearance network was trained on such boxes. Fitted as medians against
            a RetinaFace detector on 244 permissively licensed frames.
    """

    layers: tuple[tuple[int, int], ...]
    shift: tuple[float, float]
    scale: tuple[float, float]


SHORT_RANGE = Layout(layers=((8, 2), (16, 6)), shift=(0.0, -0.039), scale=(1.01, 1.07))
FULL_RANGE = Layout(layers=((4, 1),), shift=(0.0, 0.005), scale=(0.955, 1.006))


@dataclass(frozen=True, slots=True)
class Detection:
    """A face in one picture.

    Attributes:
        box: (4,) float32, x1 y1 x2 y2 in px: the whole face, forehead to chin.
        score: 0..1.
        points: (6, 2) float32 in px: right eye, left eye, nose tip, mouth, right ear, left ear.
    """

    box: Floats
    score: float
    points: Floats

    @property
    def area(self) -> float:
        """Area of the box in px²."""
        return float((self.box[2] - self.box[0]) * (self.box[3] - self.box[1]))


class FaceDetector:
    """One BlazeFace network; not thread-safe.

    Args:
        path: the tflite file.
        layout: `SHORT_RANGE` or `FULL_RANGE`.
        threads: for the interpreter.
    """

    def __init__(self, path: Path, layout: Layout, threads: int = 2) -> None:
        self._net = open_network(path, threads)
        self._input = self._net.get_input_details()[0]["index"]
        self._size = int(self._net.get_input_details()[0]["shape"][1])
        by_width = {int(output["shape"][2]): output["index"] for output in self._net.get_output_details()}
        self._boxes, self._scores = by_width[16], by_width[1]
        self._anchors = _anchors(self._size, layout.layers)
        self._layout = layout

    def find(self, image: Image, least_score: float = 0.5) -> list[Detection]:
        """Faces in `image` ((h, w, 3) uint8 BGR), best first, overlapping ones blended (weighted NMS)."""
        height, width = image.shape[:2]
        side = max(height, width)
        scale = self._size / side
        small = _resized(image, max(1, round(width * scale)), max(1, round(height * scale)))
        canvas = np.full((1, self._size, self._size, 3), -1.0, np.float32)
        top, left = (self._size - small.shape[0]) // 2, (self._size - small.shape[1]) // 2
        signed = cv2.LUT(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), SIGNED)
        canvas[0, top : top + small.shape[0], left : left + small.shape[1]] = signed
        self._net.set_tensor(self._input, canvas)
        self._net.invoke()
        raw = np.clip(self._net.get_tensor(self._scores)[0, :, 0], -SCORE_CLIP, SCORE_CLIP)
        scores = 1.0 / (1.0 + np.exp(-raw))
        keep = np.flatnonzero(scores >= least_score)
        if not len(keep):
            return []
        values = self._net.get_tensor(self._boxes)[0, keep] / self._size
        anchors = self._anchors[keep]
        centres = values[:, :2] + anchors
        halves = values[:, 2:4] / 2
        boxes = np.concatenate([centres - halves, centres + halves], axis=1)
        points = values[:, 4:].reshape(-1, 6, 2) + anchors[:, None]
        found = []
        for score, box, marks in _blend(scores[keep], boxes, points):
            offset = np.array([left, top], np.float32)
            box_px = (box.reshape(2, 2) * self._size - offset) / scale
            points_px = (marks * self._size - offset) / scale
            found.append(Detection(_whole_face(box_px, self._layout), score, points_px.astype(np.float32)))
        return found


def _resized(image: Image, width: int, height: int) -> Image:
    if width <= image.shape[1] and height <= image.shape[0]:
        return shrink(image, width, height)
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _anchors(size: int, layers: tuple[tuple[int, int], ...]) -> Floats:
    """(n, 2) float32, anchor centres x, y in 0..1, in the order of the network's rows."""
    centres = []
    for stride, count in layers:
        cells = size // stride
        axis = (np.arange(cells) + 0.5) / cells
        grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 1, 2)
        centres.append(np.repeat(grid, count, axis=1).reshape(-1, 2))
    return np.concatenate(centres).astype(np.float32)


def _blend(scores: Floats, boxes: Floats, points: Floats) -> list[tuple[float, Floats, Floats]]:
    """Weighted non-maximum suppression: boxes that overlap become their mean, weighted by score."""
    order = np.argsort(-scores)
    places = np.concatenate([boxes, points.reshape(len(points), -1)], axis=1)
    blended = []
    while len(order):
        overlaps = iou(boxes[order[0]], boxes[order]) > OVERLAP
        group, order = order[overlaps], order[~overlaps]
        chosen = scores[group]
        mean = chosen @ places[group] / chosen.sum()
        blended.append((float(chosen[0]), mean[:4], mean[4:].reshape(-1, 2)))
    return blended


def iou(box: Floats, boxes: Floats) -> Floats:
    """Intersection over union of one box (4,) with each of `boxes` (n, 4): (n,) float32."""
    left, top, right, bottom = boxes.T
    across = np.minimum(box[2], right) - np.maximum(box[0], left)
    down = np.minimum(box[3], bottom) - np.maximum(box[1], top)
    inter = np.maximum(across, 0) * np.maximum(down, 0)
    union = (box[2] - box[0]) * (box[3] - box[1]) + (right - left) * (bottom - top) - inter
    result: Floats = (inter / np.maximum(union, 1e-9)).astype(np.float32)
    return result


def _whole_face(box: Floats, layout: Layout) -> Floats:
    """(4,) float32: the detector's own box, (2, 2), as a whole-face box."""
    centre, size = box.mean(axis=0), box[1] - box[0]
    centre = centre + size * np.array(layout.shift, np.float32)
    half = size * np.array(layout.scale, np.float32) / 2
    return np.concatenate([centre - half, centre + half]).astype(np.float32)

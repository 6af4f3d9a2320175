"""The peer: Silent-Face (two MiniFASNets, Apache-2.0) with its own cropping rule and its own detector.

It is not part of the package: it only runs here, measured beside ours on the same frames.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

NETWORKS = (("v2_27.onnx", 2.7), ("v1se_40.onnx", 4.0))
DETECTOR = ("detector/deploy.prototxt", "detector/Widerface-RetinaFace.caffemodel")
SIDE = 80
LIVE = 1
DETECTOR_AREA = 192
MEANS = (104.0, 117.0, 123.0)
LEAST_FACE = 0.6


class SilentFace:
    """Both networks, and the detector if requested.

    Args:
        folder: where `v2_27.onnx`, `v1se_40.onnx` and `detector/` lie.
        threads: for the networks.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._networks = [
            (onnxruntime.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"]), times)
            for name, times in NETWORKS
        ]
        self._detector = cv2.dnn.readNetFromCaffe(*(str(folder / name) for name in DETECTOR))

    def crops(self, image: Image, box: Floats) -> list[Image]:
        """One (80, 80, 3) uint8 BGR crop per network."""
        return [_crop(image, box, times) for _, times in self._networks]

    def look(self, crops: Sequence[Sequence[Image]]) -> Floats:
        """(n,) score of n faces, 0..1, 1 = bona fide: the mean of both networks."""
        scores = []
        for place, (network, _) in enumerate(self._networks):
            batch = np.stack([views[place] for views in crops]).transpose(0, 3, 1, 2).astype(np.float32)
            logit = np.asarray(network.run(["logit"], {"x": np.ascontiguousarray(batch)})[0])
            odds = np.exp(logit - logit.max(axis=1, keepdims=True))
            scores.append((odds / odds.sum(axis=1, keepdims=True))[:, LIVE])
        return np.asarray(np.mean(scores, axis=0), np.float32)

    def find(self, image: Image) -> Floats | None:
        """(4,) box of the best face, x1 y1 x2 y2 in px, by its own detector; None without a face."""
        height, width = image.shape[:2]
        scale = math.sqrt(DETECTOR_AREA * DETECTOR_AREA / (width * height))
        size = (max(1, int(width * scale)), max(1, int(height * scale)))
        shrunk = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR) if scale < 1 else image
        self._detector.setInput(cv2.dnn.blobFromImage(shrunk, 1.0, mean=MEANS), "data")
        rows = self._detector.forward("detection_out").reshape(-1, 7)
        best = rows[int(rows[:, 2].argmax())] if len(rows) else None
        if best is None or best[2] < LEAST_FACE:
            return None
        return np.asarray(best[3:7] * [width, height, width, height], np.float32)


def _crop(image: Image, box: Floats, times: float) -> Image:
    """`times` the box about its centre, limited to fit the image, then shifted inside it."""
    height, width = image.shape[:2]
    box_width, box_height = max(float(box[2] - box[0]), 1.0), max(float(box[3] - box[1]), 1.0)
    times = min(times, (height - 1) / box_height, (width - 1) / box_width)
    crop_width, crop_height = box_width * times, box_height * times
    left = min(max(float(box[0] + box[2] - crop_width) / 2, 0.0), width - 1 - crop_width)
    top = min(max(float(box[1] + box[3] - crop_height) / 2, 0.0), height - 1 - crop_height)
    cut = image[int(top) : int(top + crop_height) + 1, int(left) : int(left + crop_width) + 1]
    return np.asarray(cv2.resize(cut, (SIDE, SIDE)), np.uint8)

"""Fits 468 points to a face, from its box and its eyes.

Method: Kartynnik et al. 2019, "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs"
(arXiv:1907.06724).
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.faces.detector import Detection
from alive402.liveness.networks import open_network

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

POINTS = 468
MARGIN = 1.5
SHARES = (np.arange(256, dtype=np.float32) / np.float32(255)).astype(np.float32)
"""The network's input for each gray level, 0..1, as a lookup table."""


class FaceMesh:
    """The face mesh network; not thread-safe. Its own presence flag fails on masks and is not used."""

    def __init__(self, path: Path, threads: int = 2) -> None:
        self._net = open_network(path, threads)
        self._input = self._net.get_input_details()[0]["index"]
        self._size = int(self._net.get_input_details()[0]["shape"][1])
        outputs = self._net.get_output_details()
        self._output = next(output["index"] for output in outputs if output["shape"][-1] == 3 * POINTS)

    def fit(self, image: Image, face: Detection) -> Floats:
        """Fit the mesh: (468, 2) float32, px of `image` ((h, w, 3) uint8 BGR)."""
        return self.fit_solid(image, face)[:, :2]

    def fit_solid(self, image: Image, face: Detection) -> Floats:
        """Fit the mesh with its depth: (468, 3) float32, px of `image`; the third grows away from the camera."""
        right_eye, left_eye = face.points[0], face.points[1]
        along = left_eye - right_eye
        angle = np.arctan2(along[1], along[0])
        centre = (face.box[:2] + face.box[2:]) / 2
        side = float(max(face.box[2:] - face.box[:2])) * MARGIN
        scale = self._size / side
        cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
        turn = np.array([[cos, sin], [-sin, cos]], np.float32)
        shift = self._size / 2 - turn @ centre
        crop = cv2.warpAffine(
            image, np.column_stack([turn, shift]), (self._size, self._size), borderMode=cv2.BORDER_REPLICATE
        )
        self._net.set_tensor(self._input, cv2.LUT(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB), SHARES)[None])
        self._net.invoke()
        points = self._net.get_tensor(self._output).reshape(POINTS, 3)
        flat = (points[:, :2] - shift) @ np.linalg.inv(turn).T
        return np.column_stack([flat, points[:, 2] / scale]).astype(np.float32)

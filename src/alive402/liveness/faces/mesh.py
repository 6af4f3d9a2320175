"""Fits 468 points to a face, from its box and its eyes.

Method: Kartynnik et al. 2019, "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs"
(arXiv:1907.06724).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from alive402.liveness.faces.detector import Detection
from alive402.liveness.networks import open_network

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

POINTS = 468
SIDE = 192
"""Side of the network's input, px."""
MARGIN = 1.5
SHARES = (np.arange(256, dtype=np.float32) / np.float32(255)).astype(np.float32)
"""The network's input for each gray level, 0..1, as a lookup table."""


@dataclass(frozen=True, slots=True)
class MeshCrop:
    """A face cut out for the network.

    Attributes:
        pixels: (192, 192, 3) uint8 RGB, the face upright.
        shift: (2,) float64, with `back` the map of a point p of the crop to the picture: (p - shift) @ back.
        back: (2, 2) float32 or float64.
        scale: px of the crop per px of the picture.
    """

    pixels: Image
    shift: npt.NDArray[np.floating]
    back: npt.NDArray[np.floating]
    scale: float


class FaceMesh:
    """The face mesh network, opened when it is first used; not thread-safe.

    Its own presence flag fails on masks and is not used.
    """

    def __init__(self, path: Path, threads: int = 2) -> None:
        self._path = path
        self._threads = threads

    @cached_property
    def _net(self) -> Interpreter:
        """The network. Most verdicts need no mesh, and it takes 7 MB."""
        return open_network(self._path, self._threads)

    @cached_property
    def _places(self) -> tuple[int, int]:
        """Indices of the input and of the output with the points."""
        outputs = self._net.get_output_details()
        points = next(output["index"] for output in outputs if output["shape"][-1] == 3 * POINTS)
        return self._net.get_input_details()[0]["index"], points

    def fit(self, image: Image, face: Detection) -> Floats:
        """Fit the mesh: (468, 2) float32, px of `image` ((h, w, 3) uint8 BGR)."""
        return self.fit_solid(image, face)[:, :2]

    def fit_solid(self, image: Image, face: Detection) -> Floats:
        """Fit the mesh with its depth: (468, 3) float32, px of `image`; the third grows away from the camera."""
        return self.fit_crop(self.crop(image, face))

    def crop(self, image: Image, face: Detection) -> MeshCrop:
        """Cut the face out of `image` ((h, w, 3) uint8 BGR), a small part of the work of `fit`."""
        right_eye, left_eye = face.points[0], face.points[1]
        along = left_eye - right_eye
        angle = np.arctan2(along[1], along[0])
        centre = (face.box[:2] + face.box[2:]) / 2
        side = float(max(face.box[2:] - face.box[:2])) * MARGIN
        scale = SIDE / side
        cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
        turn = np.array([[cos, sin], [-sin, cos]], np.float32)
        shift = SIDE / 2 - turn @ centre
        crop = cv2.warpAffine(image, np.column_stack([turn, shift]), (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
        pixels: Image = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB), np.uint8)
        return MeshCrop(pixels, shift, np.linalg.inv(turn).T, float(scale))

    def fit_crop(self, crop: MeshCrop) -> Floats:
        """Fit the mesh with its depth, as `fit_solid`: (468, 3) float32, px of the picture that was cut."""
        pixels, output = self._places
        self._net.set_tensor(pixels, cv2.LUT(crop.pixels, SHARES)[None])
        self._net.invoke()
        points = self._net.get_tensor(output).reshape(POINTS, 3)
        flat = (points[:, :2] - crop.shift) @ crop.back
        return np.column_stack([flat, points[:, 2] / crop.scale]).astype(np.float32)


class LaterMesh:
    """The mesh of one look at a face, fitted when it is first used: most verdicts need none.

    Args:
        mesh: the network.
        crop: the face in the look.
        scale: px of the picture that was cut per px of the upright frame.
    """

    def __init__(self, mesh: FaceMesh, crop: MeshCrop, scale: float) -> None:
        self._mesh = mesh
        self._crop = crop
        self._scale = scale
        self._fitted: Floats | None = None

    def fit(self) -> Floats:
        """(468, 2) float32, px of the upright frame."""
        if self._fitted is None:
            self._fitted = (self._mesh.fit_crop(self._crop)[:, :2] / self._scale).astype(np.float32)
        return self._fitted

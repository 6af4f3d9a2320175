"""Finds the face in the picture of an attack, and simulates the motion of hands and the noise of sensors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.faces import FaceFinder

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SEARCH_SIDE = 640


@dataclass(frozen=True)
class Place:
    """A face in a picture.

    Attributes:
        box: (4,) float32, x1 y1 x2 y2 in px, forehead to chin.
        marks: (468, 2) float32, the mesh in px.
    """

    box: Floats
    marks: Floats

    @property
    def centre(self) -> Floats:
        """(2,) float32, the middle of the box in px."""
        return np.asarray((self.box[:2] + self.box[2:]) / 2, np.float32)

    @property
    def width(self) -> float:
        """Width of the face in px."""
        return float(self.box[2] - self.box[0])


@cache
def finder() -> FaceFinder:
    """The face networks, loaded on first use."""
    return FaceFinder()


def find(picture: Image) -> Place:
    """The largest face of the picture.

    Raises:
        ValueError: no face is found.
    """
    scale = min(1.0, SEARCH_SIDE / max(picture.shape[:2]))
    small = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    faces, _ = finder().search(small, (0,))
    if not faces:
        raise ValueError("no face in the picture")
    largest = max(faces, key=lambda face: face.area)
    return Place(
        np.asarray(largest.box / scale, np.float32),
        np.asarray(finder().mesh.fit(small, largest) / scale, np.float32),
    )


def even(picture: Image) -> Image:
    """The picture with even sides, as codecs want them."""
    return np.ascontiguousarray(picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2])


def hand(
    rng: np.random.Generator, seconds: float, rate: float, axes: int, slow: float = 0.2, fast: float = 3.0
) -> Floats:
    """(round(seconds * rate), axes) float32: smooth motion of unit variance between two frequencies in Hz."""
    times = np.arange(round(seconds * rate)) / rate
    waves = 12
    frequency = np.exp(rng.uniform(np.log(slow), np.log(fast), (axes, waves)))
    phase = rng.uniform(0, 2 * np.pi, (axes, waves))
    height = frequency**-0.7
    height /= np.sqrt((height**2).sum(axis=1, keepdims=True) / 2)
    swing = np.sin(2 * np.pi * frequency[..., None] * times + phase[..., None])
    return np.asarray((height[..., None] * swing).sum(axis=1).T, np.float32)


def soiled(frame: npt.NDArray[np.generic], rng: np.random.Generator, sigma: float) -> Image:
    """The frame with fresh white noise of `sigma` gray levels."""
    if sigma <= 0:
        return np.asarray(np.clip(frame, 0, 255), np.uint8)
    noise = rng.standard_normal(frame.shape, np.float32) * np.float32(sigma)
    return np.asarray(np.clip(frame + noise + 0.5, 0, 255), np.uint8)


def moved(picture: Image, x: float, y: float, turn: float, zoom: float) -> Image:
    """The picture shifted by px, turned by degrees and zoomed about its middle; edges are mirrored."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, zoom)
    matrix[:, 2] += (x, y)
    bent = cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(bent, np.uint8)


def grid(picture: Image) -> tuple[Floats, Floats]:
    """Two (h, w) float32 arrays: x and y of every pixel."""
    height, width = picture.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return x, y


def warped(picture: Image, x: Floats, y: Floats) -> Image:
    """Takes each pixel from (x, y), each (h, w) float32; edges are mirrored."""
    taken = cv2.remap(
        picture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(taken, np.uint8)

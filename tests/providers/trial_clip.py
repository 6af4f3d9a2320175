"""Draws the clip of the trial: `python -m tests.providers.trial_clip` writes it anew."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from alive402.providers.trial import CLIP
from tests.conftest import write_video

Image = npt.NDArray[np.uint8]
Ink = tuple[int, int, int]

WIDTH, HEIGHT = 320, 240
RATE, FRAMES = 12, 15
HAIR, SKIN, SHADE, LIGHT = (35, 45, 60), (135, 165, 215), (120, 150, 195), (150, 180, 228)
SUBPIXELS = 4


def frame(index: int) -> Image:
    """(240, 320, 3) uint8 BGR: a head and shoulders before a wall; the head sways by two pixels."""
    wall = np.linspace(0.8, 1.1, WIDTH, dtype=np.float32)[None, :, None]
    picture = np.broadcast_to(wall * np.array([120, 128, 110], np.float32), (HEIGHT, WIDTH, 3)).copy()
    middle = WIDTH / 2 + 2 * math.sin(index / 3)

    def oval(x: float, y: float, wide: float, high: float, ink: Ink, start: int = 0, end: int = 360) -> None:
        unit = 1 << SUBPIXELS
        centre = (int((middle + x) * unit), int((HEIGHT / 2 + 5 + y) * unit))
        axes = (int(wide * unit), int(high * unit))
        cv2.ellipse(picture, centre, axes, 0, start, end, ink, -1 if end == 360 else 2, cv2.LINE_AA, SUBPIXELS)

    oval(0, 130, 110, 60, (90, 60, 50))
    oval(0, 70, 26, 40, SHADE)
    oval(0, -18, 64, 80, HAIR)
    oval(0, 0, 54, 74, SKIN)
    oval(0, -52, 50, 26, HAIR)
    for side in (-1, 1):
        oval(side * 22, -10, 12, 5.5, (235, 235, 235))
        oval(side * 22, -10, 5, 5.2, (60, 50, 45))
        oval(side * 22, -10, 2.4, 2.4, (15, 15, 15))
        oval(side * 22, -14, 13, 4, (70, 90, 120), 180, 359)
        oval(side * 22, -24, 14, 3.2, (45, 55, 70))
        oval(side * 55, 2, 7, 14, SHADE)
        oval(side * 5, 20, 2.6, 1.8, (70, 90, 130))
    oval(0, 4, 5, 18, SHADE)
    oval(-1, 6, 3, 16, LIGHT)
    oval(0, 17, 9, 5, SHADE)
    oval(0, 40, 17, 5, (95, 95, 170))
    oval(0, 39, 17, 1.2, (60, 55, 100))
    soft = cv2.GaussianBlur(picture, (0, 0), 1.1)
    grain = np.random.default_rng(index).normal(0, 1, soft.shape)
    return np.clip(soft + grain, 0, 255).astype(np.uint8)


def write(path: Path) -> Path:
    """Encode the clip as H.264 MP4, about 5 kB."""
    return write_video(path, [frame(index) for index in range(FRAMES)], rate=RATE, crf="36")


if __name__ == "__main__":
    write(CLIP)

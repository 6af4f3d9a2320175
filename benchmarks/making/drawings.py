"""Makes heads that were never filmed: a photo under a cartoon filter, a drawn cartoon, a shaded rendering."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from benchmarks.making.places import Image, even, grid, hand, soiled
from benchmarks.making.puppets import talking_photo

Colour = tuple[float, float, float]


def filtered_photo(picture: Image, seconds: float, rate: float, rng: np.random.Generator) -> Iterator[Image]:
    """A talking photo after a cartoon filter: edges kept, skin smoothed, few colours, dark outlines."""
    return talking_photo(_stylised(even(picture), rng), seconds, rate, rng)


def cartoon(picture: Image, seconds: float, rate: float, rng: np.random.Generator) -> Iterator[Image]:
    """A head drawn in flat colours that sways, talks and blinks; only the picture's size is used."""
    picture = even(picture)
    sigma = rng.choice([0.0, 0.0, 1.5])
    height, width = picture.shape[:2]
    skins: list[Colour] = [(150, 180, 230), (110, 150, 200), (70, 100, 150), (170, 200, 245)]
    skin, hair = skins[rng.integers(len(skins))], tuple(float(c) for c in rng.uniform(20, 120, 3))
    wall, shirt = (tuple(float(c) for c in rng.uniform(60, 240, 3)) for _ in range(2))
    size = rng.uniform(0.22, 0.3) * min(height, width)
    mouths = np.clip(hand(rng, seconds, rate, 1, 1.0, 4.0)[:, 0] * 0.5 + 0.4, 0.05, 1)
    lids = hand(rng, seconds, rate, 1, 0.5, 2.0)[:, 0] > 1.4
    for place, (x, y, turn) in enumerate(hand(rng, seconds, rate, 3, 0.2, 1.0)):
        frame = np.full((height, width, 3), wall, np.uint8)
        at = (width / 2 + 0.15 * size * x, height * 0.48 + 0.1 * size * y)
        _draw(frame, at, size, 0.12 * turn, skin, hair, shirt, float(mouths[place]), bool(lids[place]))
        yield soiled(frame, rng, sigma)


def rendered_head(picture: Image, seconds: float, rate: float, rng: np.random.Generator) -> Iterator[Image]:
    """The cartoon under smooth light and soft shadows, as a cheap renderer shades a head; no grain, no pores."""
    sun = rng.uniform(-0.6, 0.6)
    for frame in cartoon(picture, seconds, rate, rng):
        x, y = grid(frame)
        height, width = frame.shape[:2]
        light = (
            1.05
            - 0.5 * ((x / width - 0.5 + 0.3 * sun) ** 2 + (y / height - 0.45) ** 2)
            + 0.25 * sun * (x / width - 0.5)
        )
        soft = cv2.GaussianBlur(frame, (0, 0), max(1.0, width / 250))
        yield np.asarray(np.clip(soft * light[..., None], 0, 255), np.uint8)


def _stylised(picture: Image, rng: np.random.Generator) -> Image:
    smooth = picture
    for _ in range(int(rng.integers(3, 7))):
        smooth = np.asarray(cv2.bilateralFilter(smooth, 9, rng.uniform(30, 60), 7), np.uint8)
    levels = rng.choice([8, 12, 16, 24])
    flat = (np.round(smooth.astype(np.float32) / 255 * levels) / levels * 255).astype(np.float32)
    gray = cv2.medianBlur(cv2.cvtColor(smooth, cv2.COLOR_BGR2GRAY), 5)
    lines = cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, rng.choice([3, 5, 8]))
    lines = cv2.GaussianBlur(lines, (0, 0), 0.7).astype(np.float32)[..., None] / 255
    ink = rng.uniform(0.0, 0.8)
    return np.asarray(np.clip(flat * (1 - ink + ink * lines), 0, 255), np.uint8)


def _draw(
    frame: Image,
    at: tuple[float, float],
    size: float,
    turn: float,
    skin: Colour,
    hair: Colour,
    shirt: Colour,
    mouth: float,
    blinks: bool,
) -> None:
    """Draw one head into the frame; `turn` shifts the inner face sideways in head sizes."""

    def oval(x: float, y: float, wide: float, high: float, ink: Colour) -> None:
        centre = (round((at[0] + x * size) * 16), round((at[1] + y * size) * 16))
        axes = (max(1, round(wide * size * 16)), max(1, round(high * size * 16)))
        cv2.ellipse(frame, centre, axes, 0, 0, 360, ink, -1, cv2.LINE_AA, 4)

    shade = _darker(skin, 0.82)
    oval(0, 0.05, 1.0, 1.3, hair)
    oval(0, 2.6, 2.1, 1.35, shirt)
    oval(0, 1.1, 0.35, 0.55, shade)
    oval(-0.86, 0.1, 0.13, 0.2, shade)
    oval(0.86, 0.1, 0.13, 0.2, shade)
    oval(0, 0.1, 0.82, 1.08, skin)
    oval(0, -0.95, 0.75, 0.35, hair)
    for side in (-1, 1):
        x = 0.34 * side + turn
        oval(x, -0.34, 0.2, 0.035, _darker(hair, 0.7))
        oval(x, -0.1, 0.16, 0.015 if blinks else 0.095, (250, 250, 250) if not blinks else shade)
        if not blinks:
            oval(x + 0.3 * turn, -0.1, 0.085, 0.09, (90, 60, 40))
            oval(x + 0.3 * turn, -0.1, 0.04, 0.045, (10, 10, 10))
    oval(1.3 * turn, 0.2, 0.1, 0.2, shade)
    oval(1.3 * turn, 0.32, 0.15, 0.07, _darker(skin, 0.75))
    oval(turn, 0.62, 0.28, 0.05 + 0.14 * mouth, (100, 90, 190))
    oval(turn, 0.62, 0.2, max(0.005, 0.1 * mouth), (40, 20, 60))


def _darker(ink: Colour, by: float) -> Colour:
    return ink[0] * by, ink[1] * by, ink[2] * by

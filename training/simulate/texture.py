"""Grain, soft fields and the fine grids of displays and prints, made once and cut at random places."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from training.simulate.picture import Floats, Image

FIELD = 1024
SEED = 402
CELL = 6
"""Tile px per display pixel: enough for three stripes with gaps."""
CELLS = 32
NEUTRAL = 128
"""Mask value that leaves the light unchanged; masks multiply, divided by this."""
DOT = 8
"""Tile px per halftone dot."""
DOTS = 24
DOT_ANGLES = ((24, 0), (23, 7), (17, 17))
"""Waves across and down the tile: whole numbers, so that it repeats, at 0, 17 and 45 degrees."""
LAYOUTS = ("rgb", "bgr", "pentile", "diamond", "rows")


@lru_cache(maxsize=4)
def _field(channels: int) -> Floats:
    """(1024, 1024, channels) float32, normal; fixed, because a sample's randomness is the place of its cut."""
    return np.random.default_rng(SEED + channels).standard_normal((FIELD, FIELD, channels), np.float32)


def grain(rng: np.random.Generator, height: int, width: int, channels: int = 3) -> Floats:
    """(h, w, channels) float32, normal noise cut from a larger field, flipped at random: a read-only view."""
    field = _field(channels)
    if height > FIELD or width > FIELD:
        field = np.tile(field, (-(-height // FIELD), -(-width // FIELD), 1))
    top, left = (
        int(rng.integers(0, size - need + 1)) for size, need in zip(field.shape, (height, width), strict=False)
    )
    piece = field[top : top + height, left : left + width]
    return piece[:: rng.choice([1, -1]), :: rng.choice([1, -1])]


def soft(rng: np.random.Generator, height: int, width: int, cells: tuple[int, int]) -> Floats:
    """(h, w) float32, smooth, about -1..1: one random value per cell, interpolated."""
    small = rng.uniform(-1, 1, (max(2, cells[0]), max(2, cells[1]))).astype(np.float32)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


@lru_cache(maxsize=8)
def display_tile(layout: str) -> Floats:
    """(192, 192, 3) float32, mean 1 in each channel: the light of a display's subpixels, periodic."""
    cell = np.zeros((2 * CELL, 2 * CELL, 3), np.float32)
    third = CELL // 3
    for row in range(2):
        for column in range(2):
            top, left = row * CELL, column * CELL
            odd = (row + column) % 2
            for channel in range(3):  # 0 blue, 1 green, 2 red
                if layout in ("rgb", "bgr"):
                    start = left + third * ((2 - channel) if layout == "rgb" else channel)
                    cell[top : top + CELL - 1, start : start + third, channel] = 1
                elif layout == "rows":
                    start = top + third * (2 - channel)
                    cell[start : start + third, left : left + CELL - 1, channel] = 1
                elif channel == 1:
                    cell[top : top + third + 1, left + 1 : left + 1 + third, channel] = 1
                    if layout == "diamond":
                        cell[top + third : top + CELL - 1, left + CELL - third : left + CELL, channel] = 0.6
                elif odd == (channel == 0):
                    cell[top + third : top + CELL, left + third : left + CELL, channel] = 1
    tile = np.tile(cell, (CELLS // 2, CELLS // 2, 1))
    wrapped = cv2.copyMakeBorder(tile, CELL, CELL, CELL, CELL, cv2.BORDER_WRAP)
    smooth = cv2.GaussianBlur(wrapped, (0, 0), 0.8)[CELL:-CELL, CELL:-CELL]
    return np.asarray(smooth / smooth.mean((0, 1), keepdims=True), np.float32)


@lru_cache(maxsize=1)
def dot_tile() -> Floats:
    """(192, 192, 3) float32, -1..1, mean 0: the dots of three inks, each at its own angle, periodic."""
    at = np.arange(DOT * DOTS, dtype=np.float32) * np.float32(2 * np.pi / (DOT * DOTS))
    x, y = at[None, :], at[:, None]
    planes = [(np.cos(a * x + b * y) + np.cos(a * y - b * x)) / 2 for a, b in DOT_ANGLES]
    return np.asarray(np.stack(planes, axis=-1), np.float32)


def through_camera(tile: Floats, strength: float, matrix: Floats, width: int, height: int) -> Image:
    """(h, w[, 3]) uint8, 128 = neutral: the periodic tile as sampled by the camera's pixels, so that moire arises.

    Args:
        matrix: (3, 3) from tile px to frame px.
    """
    mask = np.clip(((tile - tile.mean()) * strength + 1) * NEUTRAL, 0, 255).astype(np.uint8)
    return np.asarray(
        cv2.warpPerspective(mask, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.uint8
    )


def times(image: Image, mask: Image) -> Image:
    """The image multiplied by a mask whose neutral value is 128."""
    if mask.ndim == 2 and image.ndim == 3:
        mask = cv2.merge([mask, mask, mask])
    return np.asarray(cv2.multiply(image, mask, scale=1 / NEUTRAL), np.uint8)


def curves(image: Image, tables: Floats) -> Image:
    """Maps the image through one curve per channel; `tables`: (256, 3) float32 in 0..255, BGR."""
    return np.asarray(cv2.LUT(image, np.clip(tables, 0, 255).astype(np.uint8)[:, None, :].reshape(1, 256, 3)), np.uint8)


def lit(image: Image, gain: Floats, haze: Floats | None = None) -> Image:
    """Lights the image with slowly varying light: `gain` (h', w'[, 3]) multiplies, `haze` (same) adds levels.

    Both may be far smaller than the image.
    """
    height, width = image.shape[:2]
    full = cv2.resize(gain, (width, height), interpolation=cv2.INTER_LINEAR)
    if full.ndim == 2:
        full = cv2.merge([full, full, full])
    result = cv2.multiply(image, full, dtype=cv2.CV_8U)
    if haze is not None:
        veil = cv2.resize(np.clip(haze, 0, 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
        result = cv2.add(result, veil if veil.ndim == 3 else cv2.merge([veil, veil, veil]))
    return np.asarray(result, np.uint8)


def blend(over: Image, under: Image, alpha: Image) -> Image:
    """`over` where `alpha` (h, w) uint8 is 255, `under` where it is 0."""
    weight = cv2.multiply(alpha, 1 / 255, dtype=cv2.CV_32F)
    return np.asarray(cv2.blendLinear(over, under, weight, 1 - weight), np.uint8)

"""Makes hand-held prints: a head cut out and moved before another background, a bent sheet."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from benchmarks.making.places import Floats, Image, Place, even, find, grid, hand, moved, soiled, warped

CORNERS = 40
"""Points of the cut outline."""


def cut_out(picture: Image, seconds: float, rate: float, rng: np.random.Generator) -> Iterator[Image]:
    """Head and shoulders cut out of the still and moved as one flat object before a room; the camera shakes."""
    picture = even(picture)
    place, sigma = find(picture), rng.uniform(2.0, 5.0)
    mask = _outline(picture, place, rng)
    wall = _room(picture, rng)
    reach = rng.uniform(0.03, 0.12) * place.width
    turn, breath, shake = rng.uniform(0.5, 4.0), rng.uniform(0.0, 0.04), rng.uniform(0.0, 3.0)
    for x, y, roll, lean, cx, cy in hand(rng, seconds, rate, 6, 0.2, 2.0):
        now = float(reach * x), float(reach * y), float(turn * roll), float(1 + breath * lean)
        alpha = moved(np.asarray(mask * 255, np.uint8), *now)[..., None].astype(np.float32) / 255
        scene = np.asarray(moved(picture, *now) * alpha + wall * (1 - alpha), np.uint8)
        yield soiled(moved(scene, float(shake * cx), float(shake * cy), 0.0, 1.02), rng, sigma)


def bent_print(picture: Image, seconds: float, rate: float, rng: np.random.Generator) -> Iterator[Image]:
    """The still printed on a sheet that bends and tilts in the hand, before a room."""
    picture = even(picture)
    sigma, share = rng.uniform(2.0, 5.0), rng.uniform(0.75, 0.95)
    sheet, wall = _printed(picture, rng), _room(picture, rng)
    x, y = grid(picture)
    height, width = picture.shape[:2]
    across, down = (x / width - 0.5) / share, (y / height - 0.5) / share
    bend, sway = rng.uniform(0.03, 0.12), rng.uniform(0.005, 0.03)
    upright = rng.random() < 0.7  # The axis of the cylinder.
    for dx, dy, roll, more, tilt in hand(rng, seconds, rate, 5, 0.2, 2.0):
        curve, lean = bend * (1 + 0.8 * more), 0.04 * tilt
        cos, sin = np.cos(np.radians(2 * roll)), np.sin(np.radians(2 * roll))
        u = cos * across + sin * down - sway * dx
        v = cos * down - sin * across - sway * dy
        near = curve * np.cos(np.pi * (u if upright else v)) + lean * v  # Nearer parts look larger.
        u, v = u * (1 - near), v * (1 - near)
        arch = curve * (np.cos(np.pi * u) if upright else np.sin(np.pi * v))
        u, v = (u, v + 0.3 * arch) if upright else (u + 0.1 * arch, v)
        shade = 1 + 0.6 * curve * np.sin(np.pi * (u if upright else v))
        inside = ((abs(u) < 0.5) & (abs(v) < 0.5)).astype(np.float32)
        inside = cv2.GaussianBlur(inside, (0, 0), 0.8)[..., None]
        seen = warped(sheet, ((u + 0.5) * width).astype(np.float32), ((v + 0.5) * height).astype(np.float32))
        yield soiled(seen * shade[..., None] * inside + wall * (1 - inside), rng, sigma)


def _outline(picture: Image, place: Place, rng: np.random.Generator) -> Floats:
    """(h, w) float32, 1 inside the cut outline of head and shoulders."""
    high = float(place.box[3] - place.box[1])
    angles = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    head = place.centre + np.stack([np.sin(angles) * 0.72 * place.width, -np.cos(angles) * 0.85 * high - 0.1 * high], 1)
    head += rng.normal(0, 0.01 * place.width, head.shape)
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(mask, [head.round().astype(np.int32)], 255)
    if rng.random() < 0.7:  # With shoulders.
        x, y = place.centre
        wide = 1.6 * place.width
        body = [[x - wide, y + 3 * high], [x - wide, y + 1.3 * high], [x - 0.5 * place.width, y + 0.6 * high]]
        body += [[x + 0.5 * place.width, y + 0.6 * high], [x + wide, y + 1.3 * high], [x + wide, y + 3 * high]]
        cv2.fillPoly(mask, [np.round(body).astype(np.int32)], 255)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 1.0), np.float32) / 255


def _room(picture: Image, rng: np.random.Generator) -> Image:
    """A background out of focus, of the picture's size: a wall in one colour with soft boxes on it."""
    height, width = picture.shape[:2]
    wall = np.full((height, width, 3), rng.uniform(70, 190, 3), np.float32)
    x, y = grid(picture)
    wall *= (1 + 0.25 * (x / width - 0.5) * rng.normal() + 0.25 * (y / height - 0.5) * rng.normal())[..., None]
    for _ in range(25):
        left, top = rng.integers(0, width), rng.integers(0, height)
        right, bottom = left + rng.integers(10, width // 3), top + rng.integers(10, height // 3)
        cv2.rectangle(wall, (int(left), int(top)), (int(right), int(bottom)), rng.uniform(20, 230, 3).tolist(), -1)
    return np.asarray(np.clip(cv2.GaussianBlur(wall, (0, 0), rng.uniform(1.5, 5)), 0, 255), np.uint8)


def _printed(picture: Image, rng: np.random.Generator) -> Image:
    """The picture as printed: less contrast, ink dots, an off-white."""
    light = 0.12 + 0.78 * (picture.astype(np.float32) / 255) ** rng.uniform(0.9, 1.2)
    light += rng.normal(0, 0.015, picture.shape).astype(np.float32)
    return np.asarray(np.clip(light * np.array([235, 242, 250], np.float32), 0, 255), np.uint8)

"""Renders the surroundings of an attack: rooms, hands, and light on glass and paper."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from training.simulate.picture import Floats, Image, Picture
from training.simulate.texture import blend, curves, lit, soft

FIELD = 32
"""Side of the light fields; they vary slowly, so they are made small and enlarged."""
HALF = 2
"""Scale at which hands are drawn, because skin is soft."""
SKIN = np.array([110.0, 140.0, 190.0])
"""BGR levels of a medium skin tone; tones range from a third of it to slightly above."""


def surroundings(rng: np.random.Generator, rooms: Sequence[Image], width: int, height: int) -> Image:
    """(h, w, 3) uint8: a background, taken from a picture if there is one."""
    blur = float(rng.uniform(0.8, 6)) if rng.random() < 0.65 else 0.0
    # A background that will be blurred is made smaller: the same picture for a quarter of the work.
    coarse = 2 if blur > 1.6 else 1
    small = max(2, width // coarse), max(2, height // coarse)
    if len(rooms) and rng.random() < 0.85:
        image = _part(rng, rooms[int(rng.integers(len(rooms)))], *small)
    else:
        image = _drawn(rng, *small)
    level = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
    gamma = np.float32(np.exp(rng.normal(0.1, 0.3)))
    tint = np.exp(rng.normal(0, 0.1, 3)).astype(np.float32)
    image = curves(image, 255 * level**gamma * tint * np.float32(rng.uniform(0.5, 1.1)))
    if blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), blur / coarse), np.uint8)
    return np.asarray(cv2.resize(image, (width, height)) if coarse > 1 else image, np.uint8)


def behind(rng: np.random.Generator, holder: Picture, box: Floats, width: int, height: int) -> Image:
    """(h, w, 3) uint8: the person who holds the attack before or below their own face.

    Args:
        box: (4,) float32 px, where the face of the attack is.
    """
    down = float(box[3] - box[1])
    scale = down / max(float(holder.box[3] - holder.box[1]), 1.0) * float(np.exp(rng.normal(-0.1, 0.2)))
    lift = float(rng.uniform(0.9, 2.0)) if rng.random() < 0.3 else float(rng.normal(0.05, 0.15))
    at = np.array([box[0] + box[2], box[1] + box[3]]) / 2 + down * np.array([rng.normal(0, 0.15), -lift])
    middle = np.array([holder.box[0] + holder.box[2], holder.box[1] + holder.box[3]]) / 2
    move = np.array([[scale, 0, at[0] - scale * middle[0]], [0, scale, at[1] - scale * middle[1]]], np.float32)
    image = cv2.warpAffine(holder.image, move, (width, height), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    level = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
    tint = np.exp(rng.normal(0, 0.06, 3)).astype(np.float32)
    gamma = np.float32(np.exp(rng.normal(0, 0.2)))
    image = curves(np.asarray(image, np.uint8), 255 * level**gamma * tint * np.float32(rng.uniform(0.6, 1.15)))
    if rng.random() < 0.4:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.5, 2.5))), np.uint8)
    return image


def _part(rng: np.random.Generator, room: Image, width: int, height: int) -> Image:
    high, wide = room.shape[:2]
    share = float(rng.uniform(0.35, 1))
    cut_high = max(1, int(min(high, wide * height / width) * share))
    cut_wide = max(1, min(wide, int(cut_high * width / height)))
    top, left = int(rng.integers(0, high - cut_high + 1)), int(rng.integers(0, wide - cut_wide + 1))
    part = room[top : top + cut_high, left : left + cut_wide]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    if rng.random() < 0.1:
        part = part[::-1]
    shrinks = cut_high > height
    return np.asarray(
        cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8
    )


def _drawn(rng: np.random.Generator, width: int, height: int) -> Image:
    """Draws a wall, objects on it, often a table."""
    wall = rng.uniform(60, 230) * np.exp(rng.normal(0, 0.08, 3))
    image = np.empty((height, width, 3), np.uint8)
    image[:] = np.clip(wall, 0, 255)
    for _ in range(int(rng.integers(0, 12))):
        x, y = int(rng.integers(-40, width)), int(rng.integers(-40, height))
        across, down = int(rng.integers(10, width // 2 + 11)), int(rng.integers(10, height // 2 + 11))
        colour = np.clip(rng.uniform(20, 235) * np.exp(rng.normal(0, 0.3, 3)), 0, 255).tolist()
        cv2.rectangle(image, (x, y), (x + across, y + down), colour, -1)
    if rng.random() < 0.5:
        colour = np.clip(rng.uniform(40, 200) * np.array([0.6, 0.85, 1.1]) * np.exp(rng.normal(0, 0.1, 3)), 0, 255)
        image[int(height * rng.uniform(0.55, 0.9)) :] = colour
    gain = 1 + 0.35 * soft(rng, FIELD, FIELD, (3, 3)) + 0.06 * soft(rng, FIELD, FIELD, (16, 16))
    return lit(image, gain.astype(np.float32))


def fingers(rng: np.random.Generator, image: Image, corners: Floats, share: tuple[float, float]) -> Image:
    """Draws one or two hands that hold the flat object with these four corners by its sides or from below.

    Args:
        corners: (4, 2) float32 px: upper left, upper right, lower right, lower left.
        share: least and greatest width of a finger, as a share of the thing's shorter side.
    """
    height, width = image.shape[:2]
    skin = np.minimum(SKIN * rng.uniform(0.35, 1.2) * np.exp(rng.normal(0, 0.07, 3)), 255)
    over = np.empty((height // HALF + 1, width // HALF + 1, 3), np.uint8)
    over[:] = skin * 0.7
    alpha = np.zeros(over.shape[:2], np.uint8)
    points = corners / HALF
    size = float(min(np.linalg.norm(points[1] - points[0]), np.linalg.norm(points[3] - points[0])))
    thick = max(3, min(int(size * rng.uniform(*share)), over.shape[1] // 4))
    sides = [(3, 0), (1, 2)] if rng.random() < 0.65 else [(2, 3)]
    if rng.random() < 0.5:
        sides = sides[:1] if rng.random() < 0.5 else sides[-1:]
    for side in sides:
        _hand(rng, over, alpha, points[side[0]], points[side[1]], points.mean(0), thick, skin)
    over = np.asarray(cv2.GaussianBlur(over, (0, 0), max(0.6, thick * 0.14)), np.uint8)
    gain = 1 + 0.2 * soft(rng, FIELD, FIELD, (4, 4)) + 0.07 * soft(rng, FIELD, FIELD, (FIELD, FIELD))
    over = lit(over, gain.astype(np.float32))
    full = np.asarray(cv2.resize(over, (width, height)), np.uint8)
    outline = cv2.resize(cv2.GaussianBlur(alpha, (0, 0), 0.7), (width, height))
    return blend(full, shadow(rng, image, np.asarray(outline, np.uint8)), np.asarray(outline, np.uint8))


def _hand(
    rng: np.random.Generator,
    over: Image,
    alpha: Image,
    start: Floats,
    end: Floats,
    centre: Floats,
    thick: int,
    skin: npt.NDArray[np.float64],
) -> None:
    """Draws fingertips over the edge from `start` to `end`, or a thumb, and the back of the hand outside it."""
    length = max(float(np.linalg.norm(end - start)), 1.0)
    along = (end - start) / length
    inward = np.array([-along[1], along[0]])
    inward = inward if float(np.dot(centre - start, inward)) > 0 else -inward
    count = int(rng.choice([1, 1, 2, 3, 4, 4]))
    first = start + along * length * float(rng.uniform(0.1, 0.65))
    palm = first + along * thick * (count - 1) / 2 - inward * thick * 2.6
    axes = (int(thick * (1.2 + 0.6 * count)), int(thick * 2.2))
    angle = float(np.degrees(np.arctan2(along[1], along[0])))
    place = (int(palm[0]), int(palm[1]))
    cv2.ellipse(alpha, place, axes, angle, 0, 360, 255, -1, cv2.LINE_AA)
    cv2.ellipse(over, place, axes, angle, 0, 360, (skin * 0.85).tolist(), -1, cv2.LINE_AA)
    lean = rng.normal(0, 0.25)
    for number in range(count):
        edge = first + along * thick * 1.08 * number
        direction = inward + along * (lean + rng.normal(0, 0.06))
        tip = edge + direction * thick * (rng.uniform(0.2, 1.3) + (1.2 if count == 1 else 0))
        ends = [tuple(int(v) for v in point) for point in (edge - direction * thick * 2.2, tip)]
        cv2.line(alpha, *ends, 255, thick, cv2.LINE_AA)
        cv2.line(over, *ends, (skin * 0.55).tolist(), thick, cv2.LINE_AA)
        cv2.line(over, *ends, skin.tolist(), max(1, int(thick * 0.7)), cv2.LINE_AA)
        nail = tip - direction * thick * 0.1
        light = np.minimum(skin * 1.12 + 12, 255).tolist()
        cv2.circle(over, (int(nail[0]), int(nail[1])), max(1, int(thick * 0.27)), light, -1, cv2.LINE_AA)


def shadow(rng: np.random.Generator, room: Image, alpha: Image) -> Image:
    """Darkens the room behind and beside the object with the outline `alpha`."""
    small = cv2.resize(alpha, (64, 64), interpolation=cv2.INTER_AREA)
    moved = np.roll(small, rng.integers(-4, 5, 2), (0, 1))
    blurred = cv2.GaussianBlur(moved, (0, 0), float(rng.uniform(1, 5)))
    return lit(room, (1 - float(rng.uniform(0, 0.5)) / 255 * blurred.astype(np.float32)).astype(np.float32))


def highlights(rng: np.random.Generator, gloss: float) -> Floats:
    """(64, 64, 3) float32 levels: lamps, windows and bands of light reflected by a surface; `gloss` 0..1."""
    side = 64
    haze = np.zeros((side, side), np.float32)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    if rng.random() < 0.5:
        angle = rng.uniform(0, np.pi)
        across = x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-0.2, 1.2)
        haze += np.exp(-((across / rng.uniform(0.05, 0.35)) ** 2)).astype(np.float32) * np.float32(rng.uniform(5, 60))
    if rng.random() < 0.3 * gloss:
        pane = np.zeros((side, side), np.float32)
        corner, size = rng.uniform(0, side * 0.9, 2), rng.uniform(4, 26, 2)
        shape = np.stack([corner, corner + size * [1, 0.1], corner + size, corner + size * [0.1, 1]])
        cv2.fillConvexPoly(pane, shape.astype(np.int32), float(rng.uniform(20, 150)))
        haze += cv2.GaussianBlur(pane, (0, 0), float(rng.uniform(0.4, 2)))
    if rng.random() < 0.3 * gloss:
        spot = rng.uniform(0, 1, 2)
        far = (x - spot[0]) ** 2 + (y - spot[1]) ** 2
        haze += np.exp(-far / rng.uniform(0.0005, 0.03)).astype(np.float32) * np.float32(rng.uniform(40, 255))
    haze += np.float32(rng.uniform(0, 14) * gloss)
    tint = np.exp(rng.normal(0, 0.08, 3)).astype(np.float32)
    return np.asarray(haze[..., None] * tint, np.float32)

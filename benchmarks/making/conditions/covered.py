"""Conditions that cover the picture: mask, sunglasses, hand, cap, another background, graphics.

Face points are those of the MediaPipe face mesh (Kartynnik et al. 2019, arXiv:1907.06724). A frame without a face stays
unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.making.conditions.condition import Condition
from benchmarks.making.conditions.geometry import FONT
from benchmarks.making.footage import Footage, Image, far_out_of_focus

Points = npt.NDArray[np.float32]

JAW = (93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323)
MASK_TOP = (330, 280, 351, 6, 122, 50, 101)
EARS = (234, 454)
EYES = ((33, 133), (362, 263))
TEMPLES = (127, 356)
HAIRLINE = (127, 162, 21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251, 389, 356)
BROWS = (300, 293, 334, 296, 336, 9, 107, 66, 105, 63, 70)
CHEEK, CHIN = 205, 152
SHIFT = 4
"""Fraction bits of a pixel coordinate in OpenCV's drawing functions."""


def surgical_mask(footage: Footage, rng: np.random.Generator) -> Footage:
    """A light blue mask from the bridge of the nose to the chin, pleated, with loops to the ears."""

    def draw(frame: Image, points: Points) -> None:
        chin = points[CHIN] + 0.08 * (points[CHIN] - points[6])
        outline = np.concatenate([points[list(JAW)], points[list(MASK_TOP)]])
        outline[JAW.index(CHIN)] = chin
        light = _light(frame, points)
        for ear, corner in zip(EARS, (93, 323), strict=True):
            _line(frame, points[ear], points[corner], (230 * light, 230 * light, 228 * light), 2)
        _fill(frame, outline, (205 * light, 190 * light, 160 * light))
        for share in (0.35, 0.5, 0.65):
            left, right = (points[a] * (1 - share) + points[b] * share for a, b in ((50, 172), (280, 397)))
            _line(frame, left, right, (175 * light, 160 * light, 130 * light), 1)

    return _drawn(footage, draw)


def sunglasses(footage: Footage, rng: np.random.Generator) -> Footage:
    """Dark lenses over both eyes, with a bridge, temples and a reflection."""

    def draw(frame: Image, points: Points) -> None:
        ink, middles = (26, 22, 20), [points[list(pair)].mean(axis=0) for pair in EYES]
        along = middles[1] - middles[0]
        reach, angle = float(np.hypot(*along)), float(np.degrees(np.arctan2(along[1], along[0])))
        for middle, temple in zip(middles, TEMPLES, strict=True):
            _line(frame, middle, points[temple], ink, 3)
            _oval(frame, middle + np.array([0, 0.04 * reach]), (0.42 * reach, 0.33 * reach), angle, ink)
            _oval(frame, middle - 0.12 * reach, (0.1 * reach, 0.04 * reach), angle - 35, (95, 90, 85))
        _line(frame, middles[0], middles[1], ink, 4)

    return _drawn(footage, draw)


def hand_at_the_chin(footage: Footage, rng: np.random.Generator) -> Footage:
    """A hand that supports chin and cheek: a palm below, four fingers up one cheek, in the face's colour."""
    side = int(rng.integers(2))

    def draw(frame: Image, points: Points) -> None:
        skin = _skin(frame, points)
        dark = tuple(0.72 * value for value in skin)
        jaw, cheek = points[(172, 397)[side]], points[(CHEEK, 425)[side]]
        down, across = points[CHIN] - points[6], points[EARS[1]] - points[EARS[0]]
        out = across * (-0.12, 0.12)[side]
        width = float(np.hypot(*across))
        _oval(frame, (points[CHIN] + jaw) / 2 + 0.3 * down, (0.33 * width, 0.28 * width), 0, dark)
        for place in range(4):
            root = jaw + 0.25 * down + out * (place - 2)
            tip = cheek + out * (1.3 * place - 1.2) + down * (0.1 * abs(place - 1))
            _line(frame, root, tip, dark, round(0.13 * width))
            _line(frame, root, tip, skin, round(0.1 * width))

    return _drawn(footage, draw)


def cap(footage: Footage, rng: np.random.Generator) -> Footage:
    """A dark cap down to the brows, which covers the forehead."""

    def draw(frame: Image, points: Points) -> None:
        up = points[10] - points[CHIN]
        crown = points[list(HAIRLINE)] + np.sin(np.linspace(0, np.pi, len(HAIRLINE)))[:, None] * up * 0.3
        ink = np.array((62, 48, 44)) * _light(frame, points)
        _fill(frame, np.concatenate([crown, points[list(BROWS)] + 0.03 * up]), tuple(ink))
        for share in (0.02, 0.05):
            rim = points[list(BROWS)] + share * up
            for start, end in pairwise(rim):
                _line(frame, start, end, tuple(ink * 0.7), 2)

    return _drawn(footage, draw)


def background_blurred(footage: Footage, rng: np.random.Generator) -> Footage:
    """Blurs the background as a call's software does; the area of head and shoulders stays sharp."""

    def change(frame: Image, place: int) -> Image:
        person = footage.person(place)[..., None]
        blurred = far_out_of_focus(frame, max(footage.size) / 45)
        return (frame * person + blurred * (1 - person) + 0.5).astype(np.uint8)

    return footage.each(change)


def background_replaced(footage: Footage, rng: np.random.Generator) -> Footage:
    """Replaces the background as a call's software does: a drawn room behind head and shoulders."""
    room = _room(rng, *footage.size)

    def change(frame: Image, place: int) -> Image:
        person = footage.person(place)[..., None]
        return (frame * person + room * (1 - person) + 0.5).astype(np.uint8)

    return footage.each(change)


def laid_over(footage: Footage, rng: np.random.Generator) -> Footage:
    """A running clock, a round emoji and a channel's logo in the corners."""
    width, height = footage.size
    size = max(width, height) / 900

    def change(frame: Image, place: int) -> Image:
        seen = frame.copy()
        clock = f"2026-03-14 09:26:{int(footage.times[place]):02d}"
        for colour, thick in (((0, 0, 0), 4), ((255, 255, 255), 1)):
            at = (round(0.03 * width), round(0.96 * height))
            cv2.putText(seen, clock, at, FONT, size, colour, thick, cv2.LINE_AA)
        radius, middle = round(0.06 * max(width, height)), (round(0.89 * width), round(0.86 * height))
        cv2.circle(seen, middle, radius, (60, 210, 250), -1, cv2.LINE_AA)
        cv2.ellipse(seen, middle, (radius // 2, radius // 2), 0, 20, 160, (30, 60, 90), 2, cv2.LINE_AA)
        for sign in (-1, 1):
            cv2.circle(seen, (middle[0] + sign * radius // 3, middle[1] - radius // 4), radius // 7, (30, 60, 90), -1)
        box = (round(0.03 * width), round(0.03 * height)), (round(0.2 * width), round(0.1 * height))
        cv2.rectangle(seen, *box, (40, 40, 200), -1)
        cv2.putText(seen, "LIVE 24", (box[0][0] + 4, box[1][1] - 5), FONT, size, (255, 255, 255), 1, cv2.LINE_AA)
        return seen

    return footage.each(change)


def _drawn(footage: Footage, draw: Callable[[Image, Points], None]) -> Footage:
    """Calls `draw` on a copy of every frame with a known face; the drawing is slightly softer than the camera."""

    def change(frame: Image, place: int) -> Image:
        points = footage.marks[place]
        if np.isnan(points).any():
            return frame
        seen = frame.copy()
        draw(seen, points)
        touched = np.asarray((seen != frame).any(axis=2), np.uint8) * 255
        edge = cv2.GaussianBlur(touched, (0, 0), 1.0).astype(np.float32)[..., None] / 255
        return (cv2.GaussianBlur(seen, (0, 0), 0.8) * edge + frame * (1 - edge) + 0.5).astype(np.uint8)

    return footage.each(change)


def _fixed(point: npt.NDArray[np.floating]) -> tuple[int, int]:
    x, y = np.clip(np.asarray(point, float) * 2**SHIFT, -1e6, 1e6)
    return round(float(x)), round(float(y))


def _line(frame: Image, start: Points, end: Points, ink: tuple[float, ...], thick: int) -> None:
    cv2.line(frame, _fixed(start), _fixed(end), ink, max(thick, 1), cv2.LINE_AA, SHIFT)


def _oval(frame: Image, middle: Points, axes: tuple[float, float], angle: float, ink: tuple[float, ...]) -> None:
    cv2.ellipse(frame, _fixed(middle), _fixed(np.array(axes)), angle, 0, 360, ink, -1, cv2.LINE_AA, SHIFT)


def _fill(frame: Image, outline: Points, ink: tuple[float, ...]) -> None:
    cv2.fillPoly(frame, [np.array([_fixed(point) for point in outline], np.int32)], ink, cv2.LINE_AA, SHIFT)


def _patch(frame: Image, points: Points) -> Image:
    """The pixels between eyes and mouth that are inside the frame."""
    height, width = frame.shape[:2]
    (left, top), (right, bottom) = points[[50, 101, 205, 280, 330, 425]].min(0), points[[50, 205, 280, 425]].max(0)
    x1, x2 = (int(np.clip(value, 0, width - 1)) for value in (left, right))
    y1, y2 = (int(np.clip(value, 0, height - 1)) for value in (top, bottom))
    return frame[y1 : max(y2, y1) + 1, x1 : max(x2, x1) + 1]


def _light(frame: Image, points: Points) -> float:
    """Brightness of the face, 1 in good light, so that drawn objects do not shine in a dark room."""
    return float(np.clip(_patch(frame, points).mean() / 130, 0.15, 1.15))


def _skin(frame: Image, points: Points) -> tuple[float, float, float]:
    blue, green, red = (float(value) for value in np.median(_patch(frame, points).reshape(-1, 3), axis=0))
    return blue, green, red


def _room(rng: np.random.Generator, width: int, height: int) -> Image:
    """A wall that darkens to one side, a shelf with books, a picture on the wall."""
    across = np.linspace(1.0, 0.75, width, dtype=np.float32)[None, :, None]
    wall = np.asarray(rng.uniform(150, 215, 3), np.float32) * across
    room = np.ascontiguousarray(np.broadcast_to(wall, (height, width, 3)).astype(np.uint8))
    for row in range(3):
        base, x = round(height * (0.25 + 0.3 * row)), round(0.62 * width)
        cv2.rectangle(room, (x, base), (width, base + max(height // 60, 2)), (50, 70, 95), -1)
        while x < width:
            wide, high = int(rng.integers(6, 18)), round(height * rng.uniform(0.12, 0.2))
            ink = tuple(int(value) for value in rng.integers(40, 210, 3))
            cv2.rectangle(room, (x, base - high), (x + wide, base), ink, -1)
            x += wide + 1
    corner = (round(0.08 * width), round(0.12 * height)), (round(0.3 * width), round(0.45 * height))
    cv2.rectangle(room, *corner, tuple(int(value) for value in rng.integers(60, 200, 3)), -1)
    cv2.rectangle(room, *corner, (40, 50, 60), max(width // 120, 2))
    return np.asarray(cv2.GaussianBlur(room, (0, 0), 1.2), np.uint8)


COVERED = (
    Condition("surgical mask", "A mask from the nose to the chin.", "covered", surgical_mask),
    Condition("sunglasses", "Dark lenses over both eyes.", "covered", sunglasses),
    Condition("hand at the chin", "A hand covers chin and one cheek.", "covered", hand_at_the_chin),
    Condition("cap", "The forehead covered down to the brows.", "covered", cap),
    Condition("background blurred", "As a call's programme does it.", "covered", background_blurred),
    Condition("background replaced", "A drawn room behind head and shoulders.", "covered", background_replaced),
    Condition("clock and emoji", "A running clock, an emoji and a sign laid over the corners.", "covered", laid_over),
)

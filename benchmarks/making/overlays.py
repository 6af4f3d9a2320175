"""Draws play buttons, as a video player shows over the picture that it replays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.making.footage import Footage

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Ink = tuple[float, float, float]

FINE = 4
"""Subpixels per side: the mark is drawn that much larger and shrunk, so that its edges are smooth."""
FADE_SECONDS = 0.2
WHITE, BLACK, RED, BLUE = (255.0, 255.0, 255.0), (0.0, 0.0, 0.0), (30.0, 20.0, 225.0), (220.0, 130.0, 30.0)


@dataclass(frozen=True, slots=True)
class Style:
    """How one player draws its button: BGR inks, opacity of the plate 0..1, and its shape.

    Attributes:
        plate, mark: inks of the plate and of the triangle or bars on it.
        opacity: of the plate, (least, most); marks are opaque.
        aspect: width of the plate through its height; a disc where it is None.
        ring: the disc has an outline in the mark's ink.
        bars: two pause bars in place of the triangle.
    """

    plate: Ink
    mark: Ink
    opacity: tuple[float, float]
    aspect: float | None = None
    ring: bool = False
    bars: bool = False


STYLES = {
    "dark_disc": Style(BLACK, WHITE, (0.4, 0.7)),
    "ringed_disc": Style(BLACK, WHITE, (0.3, 0.6), ring=True),
    "white_disc": Style(WHITE, (40.0, 40.0, 40.0), (0.8, 1.0)),
    "coloured_disc": Style(BLUE, WHITE, (0.85, 1.0)),
    "red_plate": Style(RED, WHITE, (0.9, 1.0), aspect=1.42),
    "dark_square": Style(BLACK, WHITE, (0.45, 0.7), aspect=1.0),
    "pause_disc": Style(BLACK, WHITE, (0.4, 0.7), bars=True),
}


def play_button(
    footage: Footage,
    style: str,
    rng: np.random.Generator,
    centre: tuple[float, float] | None = None,
    perspective: bool = False,
) -> Footage:
    """The footage with a player's button over it, 8 to 25 % of the short side, for half a second or more.

    Args:
        footage: a replayed video as it fills a screen.
        style: one of STYLES.
        rng: chooses size, opacity, proportions and when the button fades in and out.
        centre: px where it is drawn; the middle of the picture if None.
        perspective: the screen is then seen at a small angle.

    Raises:
        KeyError: there is no such style.
    """
    width, height = footage.size
    x, y = centre or (width / 2, height / 2)
    side = rng.uniform(0.08, 0.25) * min(width, height)
    inks, opacity = _drawn(STYLES[style], side, (x, y), (width, height), rng)
    shown = _times_shown(float(footage.times[-1]), rng)
    view = _angle(width, height, rng) if perspective else None

    def change(frame: Image, place: int) -> Image:
        alpha = opacity * shown(float(footage.times[place]))
        seen = np.asarray(np.clip(frame * (1 - alpha) + inks * alpha + 0.5, 0, 255), np.uint8)
        return seen if view is None else np.asarray(cv2.warpPerspective(seen, view, (width, height)), np.uint8)

    return footage.each(change)


def _drawn(
    style: Style, side: float, centre: tuple[float, float], size: tuple[int, int], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """(h, w, 3) inks and (h, w, 1) opacity 0..1 of the whole button."""
    width, height = size
    plate, mark = (_canvas(width, height) for _ in range(2))
    x, y = (value * FINE for value in centre)
    half = side * FINE / 2
    if style.aspect is None:
        cv2.circle(plate, (round(x), round(y)), round(half), 255, -1)
    else:
        _rounded(plate, (x, y), half * max(style.aspect, 1.0), half, rng.uniform(0.15, 0.4) * half)
    if style.ring:
        cv2.circle(mark, (round(x), round(y)), round(half), 255, max(FINE, round(rng.uniform(0.06, 0.12) * half)))
    _marked(mark, (x, y), half * rng.uniform(0.42, 0.58), style.bars)
    on_plate, on_mark = (_shrunk(one, width, height) for one in (plate, mark))
    opacity = on_plate * rng.uniform(*style.opacity) * (1 - on_mark) + on_mark
    share = on_mark / np.maximum(opacity, 1e-6)
    inks = np.array(style.plate, np.float32) * (1 - share) + np.array(style.mark, np.float32) * share
    return np.asarray(inks, np.float32), np.asarray(opacity, np.float32)


def _marked(canvas: Image, centre: tuple[float, float], reach: float, bars: bool) -> None:
    """The triangle, its centre of mass at `centre`, its corners `reach` away; or two bars of that height."""
    x, y = centre
    if bars:
        for side in (-1, 1):
            inner, outer = (round(x + side * part * reach) for part in (0.22, 0.66))
            cv2.rectangle(canvas, (inner, round(y - 0.85 * reach)), (outer, round(y + 0.85 * reach)), 255, -1)
        return
    corners = [(1.0, 0.0), (-0.5, 0.87), (-0.5, -0.87)]
    points = np.array([[round(x + across * reach), round(y + down * reach)] for across, down in corners], np.int32)
    cv2.fillPoly(canvas, [points], 255)


def _rounded(canvas: Image, centre: tuple[float, float], wide: float, high: float, radius: float) -> None:
    """A filled rectangle with round corners; `wide` and `high` are half its sides."""
    x, y = centre
    left, right, top, bottom = (round(one) for one in (x - wide, x + wide, y - high, y + high))
    bend = round(radius)
    cv2.rectangle(canvas, (left + bend, top), (right - bend, bottom), 255, -1)
    cv2.rectangle(canvas, (left, top + bend), (right, bottom - bend), 255, -1)
    for corner in ((left + bend, top + bend), (right - bend, top + bend)):
        cv2.circle(canvas, corner, bend, 255, -1)
    for corner in ((left + bend, bottom - bend), (right - bend, bottom - bend)):
        cv2.circle(canvas, corner, bend, 255, -1)


def _canvas(width: int, height: int) -> Image:
    return np.zeros((height * FINE, width * FINE), np.uint8)


def _shrunk(canvas: Image, width: int, height: int) -> Floats:
    small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)[..., None] / np.float32(255)


def _times_shown(seconds: float, rng: np.random.Generator) -> Callable[[float], float]:
    """Opacity of the button, 0..1, at a time: throughout, at the start, at the end or in between."""
    length = rng.uniform(0.5, 0.6) + rng.uniform(0, 0.4) * seconds
    kind = rng.integers(0, 4)
    begins = [-1.0, -1.0, seconds - length, rng.uniform(0.2, max(0.3, seconds - length - 0.2))][kind]
    ends = [seconds + 1, length, seconds + 1, begins + length][kind]
    return lambda time: float(np.clip(min(time - begins, ends - time) / FADE_SECONDS, 0, 1))


def _angle(width: int, height: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """(3, 3) homography: the screen filmed from a little aside, turned and farther away."""
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    middle, turn = np.array([width, height]) / 2, np.radians(rng.uniform(-10, 10))
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    moved = (corners - middle) @ turned * rng.uniform(0.7, 0.95) + middle
    moved = moved + rng.uniform(-0.05, 0.05, (4, 2)) * min(width, height)
    return np.asarray(cv2.getPerspectiveTransform(corners, moved.astype(np.float32)))

"""Conditions of geometry: turned, mirrored, and the picture inside a larger picture of bars, borders and captions."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np

from benchmarks.making.conditions.condition import Alter, Condition
from benchmarks.making.footage import Encoding, Footage, Image, far_out_of_focus

BLACK, WHITE = (16, 16, 16), (250, 250, 250)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def turned(quarters: int) -> Alter:
    """Turned counter-clockwise by quarter turns."""
    return lambda footage, rng: footage.each(lambda frame, _: np.ascontiguousarray(np.rot90(frame, quarters)))


def mirrored(footage: Footage, rng: np.random.Generator) -> Footage:
    """Mirrored left to right, as by front cameras."""
    return footage.each(lambda frame, _: np.ascontiguousarray(frame[:, ::-1]))


def bordered(sides: float, ends: float, colour: tuple[int, int, int]) -> Alter:
    """Plain bars: `sides` of the width left and right, `ends` of the height above and below."""

    def alter(footage: Footage, rng: np.random.Generator) -> Footage:
        width, height = footage.size
        x, y = round(sides * width), round(ends * height)
        border = cv2.BORDER_CONSTANT
        return footage.each(lambda f, _: np.asarray(cv2.copyMakeBorder(f, y, y, x, x, border, value=colour), np.uint8))

    return alter


def blurred_bars(footage: Footage, rng: np.random.Generator) -> Footage:
    """Bars left and right that show the picture enlarged and blurred, as video editors fill them."""
    width, height = footage.size
    bar = round(0.4 * width)

    def change(frame: Image, _: int) -> Image:
        whole, scale = width + 2 * bar, (width + 2 * bar) / width
        part = round(height / scale)
        top = (height - part) // 2
        large = cv2.resize(frame[top : top + part], (whole, height))
        canvas = far_out_of_focus(large, max(width, height) / 40)
        canvas[:, bar : bar + width] = frame
        return canvas

    return footage.each(change)


def captioned(footage: Footage, rng: np.random.Generator) -> Footage:
    """A white bar with two lines of text above the picture."""
    width, height = footage.size
    bar = np.full((round(0.22 * max(width, height)), width, 3), 250, np.uint8)
    for place, line in enumerate(("when the camera is on", "and nobody told you")):
        _centred(bar, line, round(bar.shape[0] * (0.42 + 0.36 * place)))
    return footage.each(lambda frame, _: np.vstack([bar, frame]))


def subtitled(footage: Footage, rng: np.random.Generator) -> Footage:
    """A black bar below with a subtitle that changes once a second."""
    lines = ("So, I wanted to show you", "what we did this week.", "It is not quite finished,", "but have a look.")
    width, height = footage.size
    high = round(0.16 * max(width, height))

    def change(frame: Image, place: int) -> Image:
        bar = np.full((high, width, 3), 12, np.uint8)
        _centred(bar, lines[int(footage.times[place]) % len(lines)], round(0.62 * high), (40, 230, 250))
        return np.vstack([frame, bar])

    return footage.each(change)


def _centred(bar: Image, text: str, line: int, colour: tuple[int, int, int] = BLACK) -> None:
    (wide, _), _ = cv2.getTextSize(text, FONT, 1.0, 2)
    size = min(0.86 * bar.shape[1] / wide, bar.shape[0] / 75)
    left = round((bar.shape[1] - wide * size) / 2)
    cv2.putText(bar, text, (left, line), FONT, size, colour, max(round(2 * size), 1), cv2.LINE_AA)


def _anamorphic(footage: Footage, rng: np.random.Generator) -> Footage:
    def change(frame: Image, _: int) -> Image:
        return np.asarray(cv2.resize(frame, None, fx=0.75, fy=1, interpolation=cv2.INTER_AREA), np.uint8)

    return footage.each(change)


PLAIN = Encoding()

GEOMETRY = (
    Condition("sideways", "A quarter turn.", "geometry", turned(1)),
    Condition("sideways clockwise", "A quarter turn clockwise.", "geometry", turned(3)),
    Condition("upside down", "Half a turn.", "geometry", turned(2)),
    Condition("mirrored", "Left becomes right.", "geometry", mirrored),
    Condition("black side bars", "Bars of 30 % of the width on each side.", "geometry", bordered(0.3, 0, BLACK)),
    Condition("letterbox", "Black bars of 25 % of the height above and below.", "geometry", bordered(0, 0.25, BLACK)),
    Condition("blurred side bars", "Bars that show the picture, blurred.", "geometry", blurred_bars),
    Condition("white border", "12 % white on every side.", "geometry", bordered(0.12, 0.12, WHITE)),
    Condition("caption above", "A white bar with text.", "geometry", captioned),
    Condition("subtitles below", "A black bar with text that changes.", "geometry", subtitled),
    Condition(
        "turned by its header",
        "Stored sideways; a display matrix turns it upright.",
        "geometry",
        turned(3),
        replace(PLAIN, rotation=90),
    ),
    Condition(
        "mirrored by its header",
        "Stored mirrored; a display matrix mirrors it back.",
        "geometry",
        mirrored,
        replace(PLAIN, mirrored=True),
    ),
    Condition(
        "wide pixels",
        "Stored three quarters as wide; the sample aspect ratio 4:3 undoes it.",
        "geometry",
        _anamorphic,
        replace(PLAIN, aspect=Fraction(4, 3)),
    ),
)

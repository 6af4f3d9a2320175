"""Conditions of light and colour: casts, exposure, haze, light from a screen, behind or beside, a vignette."""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.making.conditions.condition import Alter, Condition
from benchmarks.making.footage import Footage, Image, far_out_of_focus

LEVELS = np.arange(256, dtype=np.float64)
SCREEN_SECONDS = 0.8
"""Seconds for which the screen that lights the face shows one picture."""


def curve(function: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]) -> Alter:
    """Maps each gray level by a function of 0..255."""
    table = np.clip(function(LEVELS) + 0.5, 0, 255).astype(np.uint8)
    return lambda footage, rng: footage.each(lambda frame, _: np.asarray(cv2.LUT(frame, table), np.uint8))


def cast(blue: float, green: float, red: float) -> Alter:
    """A colour cast: a gain for each channel."""
    table = np.clip(LEVELS[:, None] * [blue, green, red] + 0.5, 0, 255).astype(np.uint8)[None]
    return lambda footage, rng: footage.each(lambda frame, _: np.asarray(cv2.LUT(frame, table), np.uint8))


def grey(footage: Footage, rng: np.random.Generator) -> Footage:
    """No colour."""
    return footage.each(lambda frame, _: _threefold(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)))


def infrared(footage: Footage, rng: np.random.Generator) -> Footage:
    """A night camera: mostly red light without colour, a lamp at the lens with fall-off, some noise."""
    width, height = footage.size
    lamp = 0.5 + 0.75 * np.exp(-(_distance(width, height) ** 2) * 1.2)
    weights = np.array([[0.05, 0.25, 0.7]], np.float32)

    def change(frame: Image, _: int) -> Image:
        bright = cv2.transform(frame, weights).reshape(height, width).astype(np.float32)
        lit = 255 * (bright / 255) ** 0.75 * lamp + rng.standard_normal(bright.shape, np.float32) * 4
        return _threefold(np.clip(lit, 0, 255).astype(np.uint8))

    return footage.each(change)


def hazy(footage: Footage, rng: np.random.Generator) -> Footage:
    """A dirty lens or fog: stray light over the picture."""

    def change(frame: Image, _: int) -> Image:
        veil = far_out_of_focus(frame, max(footage.size) / 25)
        return np.asarray(cv2.addWeighted(frame, 0.5, veil, 0.2, 70), np.uint8)

    return footage.each(change)


def lit_by_screen(footage: Footage, rng: np.random.Generator) -> Footage:
    """A dim room and a screen before the face: coloured light that changes with the screen's picture."""
    count = int(footage.times[-1] / SCREEN_SECONDS) + 2
    hues = rng.random(count)
    colours = np.array([colorsys.hsv_to_rgb(hue, 0.55, 1.0)[::-1] for hue in hues])
    strength = rng.uniform(0.5, 1.0, count)
    width, height = footage.size
    x1, y1, x2, y2 = footage.box
    near = _glow(width, height, ((x1 + x2) / 2, (y1 + y2) / 2), 1.4 * float(max(x2 - x1, y2 - y1)))[..., None]

    def change(frame: Image, place: int) -> Image:
        # The picture changes within a tenth of a scene, like a film's cut, then stays.
        scene, part = divmod(footage.times[place] / SCREEN_SECONDS, 1.0)
        share, one = min(part * 10, 1.0), int(scene)
        light = (1 - share) * colours[one] * strength[one] + share * colours[one + 1] * strength[one + 1]
        gain = (0.4 + 0.85 * near * light).astype(np.float32)
        return np.clip(frame * gain, 0, 255).astype(np.uint8)

    return footage.each(change)


def lit_from_behind(footage: Footage, rng: np.random.Generator) -> Footage:
    """A window behind the person: the surroundings bright and burnt out, the person dark."""

    def change(frame: Image, place: int) -> Image:
        person = footage.person(place)[..., None]
        bright, dark = frame * np.float32(1.5) + 45, frame * np.float32(0.45)
        return np.clip(dark * person + bright * (1 - person), 0, 255).astype(np.uint8)

    return footage.each(change)


def lit_from_the_side(footage: Footage, rng: np.random.Generator) -> Footage:
    """One half of the face bright, the other in shade."""
    x1, _, x2, _ = footage.box
    across = (np.arange(footage.size[0]) - (x1 + x2) / 2) / max(float(x2 - x1), 1.0)
    gain = (0.8 + 0.45 * np.tanh(across * 3 * rng.choice([-1.0, 1.0]))).astype(np.float32)[None, :, None]
    return footage.each(lambda frame, _: np.clip(frame * gain, 0, 255).astype(np.uint8))


def vignetted(footage: Footage, rng: np.random.Generator) -> Footage:
    """A lens or a filter that darkens towards the corners, to 35 % of the light there."""
    width, height = footage.size
    x, y = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)
    light = (1 - 0.65 * (x[None] ** 2 + y[:, None] ** 2) / 2)[..., None]
    return footage.each(lambda frame, _: (frame * light + 0.5).astype(np.uint8))


def _threefold(plane: npt.NDArray[np.uint8]) -> Image:
    return np.asarray(cv2.cvtColor(plane, cv2.COLOR_GRAY2BGR), np.uint8)


def _distance(width: int, height: int) -> npt.NDArray[np.float32]:
    """(h, w) float32: distance from the middle, 1 at the nearer edges."""
    x, y = np.arange(width, dtype=np.float32) - width / 2, np.arange(height, dtype=np.float32) - height / 2
    return np.asarray(np.hypot(x[None], y[:, None]) / (min(width, height) / 2), np.float32)


def _glow(width: int, height: int, centre: tuple[float, float], reach: float) -> npt.NDArray[np.float32]:
    x, y = np.arange(width) - centre[0], np.arange(height) - centre[1]
    return np.asarray(np.exp(-(x[None] ** 2 + y[:, None] ** 2) / (2 * max(reach, 1.0) ** 2)), np.float32)


LIGHT = (
    Condition("warm light", "Lamp light: blue .6, green .9, red 1.15.", "light", cast(0.6, 0.9, 1.15)),
    Condition("mild warm light", "Evening light: blue .8, green .96, red 1.08.", "light", cast(0.8, 0.96, 1.08)),
    Condition("cold light", "Shade or an old tube: blue 1.2, red .75.", "light", cast(1.2, 1.0, 0.75)),
    Condition("green tint", "Wrong white balance: green 1.12, red and blue .85.", "light", cast(0.85, 1.12, 0.85)),
    Condition("grey", "No colour.", "light", grey),
    Condition("infrared look", "A night camera with its own lamp.", "light", infrared),
    Condition("half as bright", "Every level halved.", "light", curve(lambda level: 0.5 * level)),
    Condition(
        "a stop brighter", "Exposed too long: 1.5 times as bright, burnt out.", "light", curve(lambda x: 1.5 * x)
    ),
    Condition("gamma up", "Shadows lifted, exponent .6.", "light", curve(lambda x: 255 * (x / 255) ** 0.6)),
    Condition("gamma down", "Shadows deepened, exponent 1.6.", "light", curve(lambda x: 255 * (x / 255) ** 1.6)),
    Condition("haze", "Fog or a dirty lens.", "light", hazy),
    Condition("low contrast", "Half the contrast, around middle gray.", "light", curve(lambda x: 0.5 * x + 60)),
    Condition("lit by a screen", "Dim room, coloured light that changes with a film.", "light", lit_by_screen),
    Condition("lit from behind", "A window behind the person.", "light", lit_from_behind),
    Condition("lit from the side", "One half of the face in shade.", "light", lit_from_the_side),
    Condition("vignette", "Darker towards the corners, 35 % of the light there.", "light", vignetted),
)

"""Conditions of framing: rolled, cropped, far away, inside an oval, a circle, a call or a split screen."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.making.conditions.condition import Alter, Condition
from benchmarks.making.conditions.geometry import FONT
from benchmarks.making.footage import Footage, Image, far_out_of_focus

APP, CALL, TILE = (60, 44, 30), (36, 33, 32), (92, 72, 60)


def rolled(degrees: float) -> Alter:
    """The camera held at an angle: turned about the face; areas outside the frame are mirrored."""

    def alter(footage: Footage, rng: np.random.Generator) -> Footage:
        x1, y1, x2, y2 = (float(value) for value in footage.box)
        turn = cv2.getRotationMatrix2D(((x1 + x2) / 2, (y1 + y2) / 2), degrees, 1.0)

        def change(frame: Image, _: int) -> Image:
            return np.asarray(cv2.warpAffine(frame, turn, footage.size, borderMode=cv2.BORDER_REFLECT_101), np.uint8)

        return footage.each(change)

    return alter


def white_outside_oval(footage: Footage, rng: np.random.Generator) -> Footage:
    """The oval of a capture screen: everything around head and neck is white."""
    x1, y1, x2, y2 = (float(value) for value in footage.box)
    centre = round((x1 + x2) / 2), round((y1 + y2) / 2)
    axes = round(0.78 * (x2 - x1)), round(0.85 * (y2 - y1))
    mask = _mask(footage, lambda plane: cv2.ellipse(plane, centre, axes, 0, 0, 360, 255, -1, cv2.LINE_AA))
    return _over(footage, mask, (252, 252, 252))


def circle_of_an_app(footage: Footage, rng: np.random.Generator) -> Footage:
    """The round window of an identity app, with its instruction below."""
    x1, y1, x2, y2 = (float(value) for value in footage.box)
    centre, radius = (round((x1 + x2) / 2), round((y1 + y2) / 2)), round(0.95 * (y2 - y1))
    mask = _mask(footage, lambda plane: cv2.circle(plane, centre, radius, 255, -1, cv2.LINE_AA))
    width, height = footage.size
    below = np.full((round(0.15 * max(width, height)), width, 3), APP, np.uint8)
    size = width / 420
    cv2.putText(
        below, "Hold still", (round(0.34 * width), below.shape[0] // 2), FONT, size, (240, 240, 240), 2, cv2.LINE_AA
    )
    return _over(footage, mask, APP).each(lambda frame, _: np.vstack([frame, below]))


def rounded(footage: Footage, rng: np.random.Generator) -> Footage:
    """Rounded corners on a plain margin, as a screen shows a card."""
    width, height = footage.size
    mask = _rounded(width, height, round(0.18 * min(width, height)))
    margin = round(0.05 * max(width, height))
    border = cv2.BORDER_CONSTANT
    framed = _over(footage, mask, (235, 230, 225))
    return framed.each(
        lambda f, _: np.asarray(
            cv2.copyMakeBorder(f, margin, margin, margin, margin, border, value=(235, 230, 225)), np.uint8
        )
    )


def recorded_call(footage: Footage, rng: np.random.Generator) -> Footage:
    """A recorded desktop call: the picture in a window, a title, buttons, the own tile."""
    width, height = footage.size
    long = max(width, height)
    pad, top, bottom = round(0.2 * long), round(0.09 * long), round(0.14 * long)
    canvas = np.full((height + top + bottom, width + 2 * pad, 3), CALL, np.uint8)
    _controls(canvas, top, bottom)
    tile = canvas[
        -bottom - round(0.17 * long) : -bottom - round(0.02 * long), -round(0.19 * long) : -round(0.01 * long)
    ]
    tile[:] = TILE
    middle = tile.shape[1] // 2, tile.shape[0] // 2
    cv2.circle(tile, middle, round(0.3 * tile.shape[0]), (150, 120, 60), -1, cv2.LINE_AA)
    cv2.putText(tile, "ME", (middle[0] - 14, middle[1] + 8), FONT, 0.7, (250, 250, 250), 2, cv2.LINE_AA)
    mask = _rounded(width, height, round(0.03 * long))[..., None]

    def change(frame: Image, _: int) -> Image:
        seen = canvas.copy()
        window = seen[top : top + height, pad : pad + width]
        window[:] = (frame * mask + window * (1 - mask)).astype(np.uint8)
        return seen

    return footage.each(change)


def face_fills(footage: Footage, rng: np.random.Generator) -> Footage:
    """Too near: only the face and a little around it, enlarged."""
    width, height = footage.size
    x1, y1, x2, y2 = (float(value) for value in footage.box)
    wide, high = 1.25 * (x2 - x1), 1.25 * (y2 - y1)
    left, top = round(max((x1 + x2 - wide) / 2, 0)), round(max((y1 + y2 - high) / 2, 0))
    right, bottom = min(round(left + wide), width), min(round(top + high), height)
    scale = 480 / max(right - left, bottom - top, 1)

    def change(frame: Image, _: int) -> Image:
        crop = frame[top:bottom, left:right]
        return np.asarray(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)

    return footage.each(change)


def split_screen(footage: Footage, rng: np.random.Generator) -> Footage:
    """A drawn picture of the same size beside the person, as in an interview by video."""
    width, height = footage.size
    x, y = np.linspace(0, 1, width)[None, :, None], np.linspace(0, 1, height)[:, None, None]
    waves = 50 * np.sin(9 * x) * np.array([1, 0.5, 0.2])
    other = np.clip(60 + 120 * y * np.array([0.4, 0.7, 0.5]) + waves, 0, 255).astype(np.uint8)
    cv2.rectangle(other, (width // 4, height // 3), (3 * width // 4, height - 20), (40, 70, 40), -1)
    cv2.circle(other, (width // 2, height // 5), height // 9, (120, 220, 250), -1, cv2.LINE_AA)
    return footage.each(lambda frame, _: np.hstack([frame, other]))


def tile_in_corner(footage: Footage, rng: np.random.Generator) -> Footage:
    """A small drawn picture with a white rim in the upper right corner."""
    width, height = footage.size
    wide, high, gap = width // 4, height // 4, max(width // 80, 2)
    x, y = np.linspace(0, 1, wide)[None, :, None], np.linspace(0, 1, high)[:, None, None]
    tile = np.clip(90 + 100 * y * np.array([0.9, 0.5, 0.2]) + 30 * np.sin(12 * x), 0, 255).astype(np.uint8)
    cv2.rectangle(tile, (0, 0), (wide - 1, high - 1), (255, 255, 255), 2)

    def change(frame: Image, _: int) -> Image:
        seen = frame.copy()
        seen[gap : gap + high, width - gap - wide : width - gap] = tile
        return seen

    return footage.each(change)


def far_away(footage: Footage, rng: np.random.Generator) -> Footage:
    """Far away: the scene at 60 % of its size, surrounded by more of a room, out of focus."""
    width, height = footage.size
    small = round(0.6 * width), round(0.6 * height)
    left, top = (width - small[0]) // 2, (height - small[1]) // 2
    plane = np.zeros((height, width), np.float32)
    edge = max(min(small) // 12, 2)
    plane[top + edge : top + small[1] - edge, left + edge : left + small[0] - edge] = 1
    mask = cv2.GaussianBlur(plane, (0, 0), edge / 2)[..., None]

    def change(frame: Image, _: int) -> Image:
        inner = cv2.resize(frame, small, interpolation=cv2.INTER_AREA)
        sides = top, height - small[1] - top, left, width - small[0] - left
        around = cv2.copyMakeBorder(inner, *sides, cv2.BORDER_REFLECT_101)
        blurred = far_out_of_focus(np.asarray(around, np.uint8), max(width, height) / 25)
        return np.asarray(around * mask + blurred * (1 - mask), np.uint8)

    return footage.each(change)


def _controls(canvas: Image, top: int, bottom: int) -> None:
    """Title and clock above, five round buttons below, the one to hang up red."""
    size, ink = top / 55, (225, 225, 225)
    cv2.putText(canvas, "Weekly call", (round(0.4 * top), round(0.65 * top)), FONT, size * 0.6, ink, 1, cv2.LINE_AA)
    cv2.putText(canvas, "10:42", (canvas.shape[1] - 2 * top, round(0.65 * top)), FONT, size * 0.6, ink, 1, cv2.LINE_AA)
    radius, line = round(0.28 * bottom), canvas.shape[0] - bottom // 2
    for place in range(5):
        centre = (round(canvas.shape[1] / 2 + (place - 2) * 2.6 * radius), line)
        cv2.circle(canvas, centre, radius, (60, 60, 225) if place == 4 else (78, 72, 70), -1, cv2.LINE_AA)
        cv2.circle(canvas, centre, round(0.35 * radius), (235, 235, 235), 2, cv2.LINE_AA)


def _rounded(width: int, height: int, radius: int) -> npt.NDArray[np.float32]:
    """(h, w) float32: 1 inside a rectangle with round corners."""
    plane = np.zeros((height, width), np.uint8)
    cv2.rectangle(plane, (radius, 0), (width - radius, height), 255, -1)
    cv2.rectangle(plane, (0, radius), (width, height - radius), 255, -1)
    for x in (radius, width - radius - 1):
        for y in (radius, height - radius - 1):
            cv2.circle(plane, (x, y), radius, 255, -1, cv2.LINE_AA)
    return np.asarray(plane, np.float32) / np.float32(255)


def _mask(footage: Footage, draw: Callable[[Image], object]) -> npt.NDArray[np.float32]:
    plane = np.zeros(footage.size[::-1], np.uint8)
    draw(plane)
    return np.asarray(plane, np.float32) / np.float32(255)


def _over(footage: Footage, mask: npt.NDArray[np.float32], colour: tuple[int, int, int]) -> Footage:
    """The footage where the mask is 1, a plain colour elsewhere."""
    inside = mask[..., None]
    outside = (1 - inside) * np.array(colour, np.float32)
    return footage.each(lambda frame, _: (frame * inside + outside + 0.5).astype(np.uint8))


FRAMING = (
    Condition("rolled 20 degrees", "The camera held at an angle.", "framing", rolled(20)),
    Condition("rolled 35 degrees", "The camera held at a strong angle.", "framing", rolled(-35)),
    Condition("white outside an oval", "The oval of a capture screen.", "framing", white_outside_oval),
    Condition("circle of an app", "The round window of an identity app.", "framing", circle_of_an_app),
    Condition("rounded corners", "The picture as a card on a screen.", "framing", rounded),
    Condition("recorded call", "The picture as a window on a desktop.", "framing", recorded_call),
    Condition("face fills the frame", "Too near, enlarged.", "framing", face_fills),
    Condition("face small", "Far away: 60 % of its size in a larger room.", "framing", far_away),
    Condition("split screen", "A drawn picture beside the person.", "framing", split_screen),
    Condition("tile in the corner", "A small drawn picture in the upper right.", "framing", tile_in_corner),
)

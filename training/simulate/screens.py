"""Renders replays on a display: a device with its picture, in a room, the display's grid sampled by the camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from training.simulate import texture
from training.simulate.camera import frame_size, h264, jpeg
from training.simulate.picture import Floats, Image, Picture, carry, framed, pose, resized
from training.simulate.rooms import behind, fingers, highlights, shadow, surroundings

SCREENS = ("phone", "tablet", "monitor", "laptop", "full_screen")
ASPECTS: dict[str, tuple[float, ...]] = {
    "phone": (9 / 16, 9 / 19.5, 9 / 20, 9 / 18, 16 / 9, 19.5 / 9),
    "tablet": (3 / 4, 4 / 3, 10 / 16, 16 / 10),
    "monitor": (16 / 9, 16 / 10, 21 / 9, 5 / 4),
    "laptop": (16 / 10, 16 / 9, 3 / 2),
    "full_screen": (16 / 9, 4 / 3, 9 / 16, 3 / 4),
}
BEZELS: dict[str, tuple[float, float]] = {
    "phone": (0.01, 0.06),
    "tablet": (0.03, 0.1),
    "monitor": (0.01, 0.06),
    "laptop": (0.01, 0.06),
    "full_screen": (0.0, 0.0),
}
"""Width of the bezel as a share of the display's shorter side."""
FINGERS = {"phone": (0.16, 0.27), "tablet": (0.07, 0.13)}
"""Width of a finger as a share of the device's shorter side."""
FACE_ON_DISPLAY = (0.2, 0.65)
FACE_IN_FRAME = (0.16, 0.5)
FULL_FRAME_SHARE = 0.3
"""Share of the phones, tablets and so on that are filmed so close that only the display is visible."""
CANVAS = 1000
"""Longest side of a device's drawing, px."""
LEAST_CANVAS = 48
PITCH = (0.3, 3.4)
"""Frame px of one display pixel."""
GRID_SHARE = 0.65
LETTERBOX_SHARE = 0.35
ALIKE_SHARE = 0.5
"""Share of the scenes framed like the original, so that the shape of a frame carries no information."""
HELD_SHARE = 0.6
"""Share of the phones and tablets with a holder that are held before them; else the room is empty."""
MARGIN = 1.05
"""Margin by which a display or sheet that fills the frame is larger than it."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device drawn flat: image and outline, the display's corners x1 y1 x2 y2, and the face on it."""

    picture: Picture
    outline: Image
    display: tuple[int, int, int, int]


def replay(
    rng: np.random.Generator, shown: Picture, kind: str, rooms: Sequence[Image], holder: Picture | None = None
) -> Picture:
    """Renders a replay of `shown` on a display of `kind`; `holder` stands behind a phone or tablet."""
    full = kind == "full_screen" or rng.random() < FULL_FRAME_SHARE
    width, height = frame_size(rng, shown.image if full or rng.random() < ALIKE_SHARE else None)
    face = float(rng.uniform(*FACE_IN_FRAME)) * height
    device = _device(rng, shown, kind, face, (width, height) if full else None)
    box = device.picture.box
    scale = face / max(float(box[3] - box[1]), 1)
    high, wide = device.outline.shape
    anchor = np.array([box[0] + box[2], box[1] + box[3]], np.float32) / 2
    target = np.array([width, height]) * rng.uniform(0.38, 0.62, 2)
    if full:
        x1, y1, x2, y2 = device.display
        scale = max(scale, MARGIN * width / (x2 - x1), MARGIN * height / (y2 - y1))
        low = np.array([width, height]) - (np.array([x2, y2]) - anchor) * scale / 1.02
        target = np.clip(target, low, np.maximum(low, (anchor - [x1, y1]) * scale / 1.02))
    matrix = pose(
        rng, anchor, target.astype(np.float32), scale, 7 if full else 24, 2.5 if full else 12, scale * max(high, wide)
    )
    border = cv2.BORDER_REPLICATE if full else cv2.BORDER_CONSTANT
    seen = cv2.warpPerspective(device.picture.image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)
    image = _glass(rng, np.asarray(seen, np.uint8), matrix, rooms)
    if not full:
        outline = cv2.warpPerspective(device.outline, matrix, (width, height), flags=cv2.INTER_LINEAR)
        if holder is not None and kind in FINGERS and rng.random() < HELD_SHARE:
            room = behind(rng, holder, carry(box, matrix), width, height)
        else:
            room = surroundings(rng, rooms, width, height)
        room = shadow(rng, room, np.asarray(outline, np.uint8))
        image = texture.blend(image, room, np.asarray(outline, np.uint8))
    if kind in ("phone", "tablet") and rng.random() < (0.15 if full else 0.6):
        flat = np.array([[[0, 0], [wide, 0], [wide, high], [0, high]]], np.float32)
        image = fingers(rng, image, cv2.perspectiveTransform(flat, matrix)[0], FINGERS[kind])
    return Picture(image, carry(box, matrix))


def first_camera(rng: np.random.Generator, picture: Picture) -> Picture:
    """The first recording of the content, filmed, sent and stored: smaller, compressed, sometimes badly."""
    high, wide = picture.image.shape[:2]
    heavy = rng.random() < 0.15
    longest = float(rng.uniform(140, 320) if heavy else rng.uniform(320, 900))
    scale = min(1.0, longest / max(high, wide))
    picture = resized(picture, max(8, round(wide * scale)), max(8, round(high * scale)))
    image = picture.image
    if rng.random() < 0.2:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 1.2))), np.uint8)
    if rng.random() < 0.08 and min(image.shape[:2]) >= 16:
        image = h264(image, int(rng.integers(20, 40)))
    elif rng.random() < 0.7:
        image = jpeg(image, int(rng.integers(25, 60) if heavy else rng.integers(55, 96)))
    return Picture(image, picture.box)


def _device(rng: np.random.Generator, shown: Picture, kind: str, face: float, frame: tuple[int, int] | None) -> Device:
    """Draws the device with the picture on its display, so that the face is about `face` px high."""
    aspect = float(rng.choice(ASPECTS[kind]))
    if frame is not None:
        aspect = float(frame[0] / frame[1] * rng.uniform(0.9, 1.15))
    share = float(rng.uniform(*FACE_ON_DISPLAY))
    if frame is not None:
        share = face / frame[1]
    area_aspect = aspect
    letterbox = rng.random() < LETTERBOX_SHARE
    if letterbox:
        area_aspect = float(rng.choice([16 / 9, 4 / 3, 1.0, 3 / 4]))
    content = framed(rng, shown, area_aspect, share)
    content = first_camera(rng, content)
    true_share = float(content.box[3] - content.box[1]) / content.image.shape[0]
    area_high = face / max(true_share, 0.05)
    aspect_now = content.image.shape[1] / content.image.shape[0]
    if not letterbox:
        aspect = aspect_now  # A picture too narrow for its display gets another display.
    high, wide = (area_high, area_high * aspect) if aspect_now <= aspect else (area_high * aspect_now / aspect, 0.0)
    wide = wide or high * aspect
    limit = min(1.0, CANVAS / max(high, wide))
    high, wide = max(LEAST_CANVAS, round(high * limit)), max(LEAST_CANVAS, round(wide * limit))
    fit = min(wide / content.image.shape[1], high / content.image.shape[0])
    content = resized(
        content, min(wide, round(content.image.shape[1] * fit)), min(high, round(content.image.shape[0] * fit))
    )
    left, top = (wide - content.image.shape[1]) // 2, (high - content.image.shape[0]) // 2
    display = np.empty((high, wide, 3), np.uint8)
    display[:] = float(rng.choice([0, 0, 0, 20, 40, 240]))
    display[top : top + content.image.shape[0], left : left + content.image.shape[1]] = content.image
    box = content.box + np.array([left, top, left, top], np.float32)
    if rng.random() < 0.6:
        _interface(rng, display, kind)
    display = texture.curves(display, _emission(rng))
    return _body(rng, display, box, kind if frame is None else "full_screen")


def _emission(rng: np.random.Generator) -> Floats:
    """(256, 3) float32: maps the level sent to the display to the level that the camera sees."""
    level = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
    gamma = np.float32(np.exp(rng.normal(0.05, 0.18)))
    cold = float(rng.normal(0.08, 0.13))
    white = np.array([1 + cold, 1 + rng.normal(0, 0.025), 1 - cold], np.float32)
    black = np.float32(rng.uniform(0, 22) if rng.random() < 0.7 else rng.uniform(15, 60))
    # The camera meters for the room or for the display: too bright, right or too dark.
    bright = np.float32(rng.choice([rng.uniform(0.55, 0.9), rng.uniform(0.9, 1.1), rng.uniform(1.1, 1.6)]))
    return np.asarray(black + (255 - black) * level**gamma * white * bright, np.float32)


def _interface(rng: np.random.Generator, display: Image, kind: str) -> None:
    """Draws bars, buttons, a window frame and a pointer over the picture."""
    high, wide = display.shape[:2]
    unit = max(2, min(high, wide) // 40)
    dark, bright = rng.uniform(0, 60, 3).tolist(), rng.uniform(200, 255, 3).tolist()
    if rng.random() < 0.5:  # status bar or title bar
        bar = max(2, int(unit * rng.uniform(1, 2.5)))
        display[:bar] = dark if rng.random() < 0.6 else bright
        for _ in range(int(rng.integers(1, 6))):
            x = int(rng.uniform(0, wide))
            cv2.rectangle(display, (x, bar // 3), (x + unit * int(rng.integers(1, 4)), bar * 2 // 3), bright, -1)
    if rng.random() < 0.4:  # player
        y = high - max(2, int(unit * rng.uniform(1.5, 4)))
        if rng.random() < 0.5:
            display[y - unit :] = (display[y - unit :] * 0.45).astype(np.uint8)
        played = int(wide * rng.uniform(0.1, 0.9))
        cv2.line(display, (unit, y), (wide - unit, y), (150, 150, 150), max(1, unit // 3))
        cv2.line(display, (unit, y), (played, y), rng.uniform(0, 255, 3).tolist(), max(1, unit // 3))
        cv2.circle(display, (played, y), max(1, unit // 2), bright, -1)
    if rng.random() < 0.3:  # round buttons, as in a call
        y, count = int(high * rng.uniform(0.82, 0.93)), int(rng.integers(1, 5))
        for number in range(count):
            x = int(wide * (number + 1) / (count + 1))
            cv2.circle(display, (x, y), int(unit * 1.6), rng.uniform(40, 230, 3).tolist(), -1, cv2.LINE_AA)
    if kind in ("monitor", "laptop", "full_screen") and rng.random() < 0.35:  # task bar, window's edge, pointer
        display[high - 2 * unit :] = rng.uniform(20, 240, 3)
        x, y = int(rng.uniform(0.1, 0.9) * wide), int(rng.uniform(0.1, 0.9) * high)
        arrow = np.array([[x, y], [x + unit, y + unit], [x, y + int(1.5 * unit)]], np.int32)
        cv2.fillConvexPoly(display, arrow, bright, cv2.LINE_AA)
    if kind == "phone" and rng.random() < 0.4:  # a notch or a hole for the camera
        if rng.random() < 0.5:
            cv2.circle(display, (wide // 2, int(unit * 1.3)), max(1, int(unit * 0.7)), (0, 0, 0), -1, cv2.LINE_AA)
        else:
            half = int(wide * rng.uniform(0.1, 0.22))
            cv2.rectangle(display, (wide // 2 - half, 0), (wide // 2 + half, unit), (0, 0, 0), -1)


def _body(rng: np.random.Generator, display: Image, box: Floats, kind: str) -> Device:
    """Draws the display in its bezel; a laptop's keys or a monitor's foot below."""
    high, wide = display.shape[:2]
    short = min(high, wide)
    rim = round(short * float(rng.uniform(*BEZELS[kind])))
    ends = rim if rng.random() < 0.6 else round(rim * float(rng.uniform(1, 4)))
    portrait = high > wide
    across, down = (rim, ends) if portrait else (ends, rim)
    below = down
    if kind == "laptop":
        across, below = rim, rim + round(high * float(rng.uniform(0.1, 0.5)))
    elif kind == "monitor":
        across, below = rim, rim + round(high * float(rng.uniform(0, 0.25)))
    size = (high + down + below, wide + 2 * across)
    body = np.empty((*size, 3), np.uint8)
    shade = rng.uniform(4, 40) if rng.random() < 0.75 else rng.uniform(120, 245)
    body[:] = np.clip(shade * np.exp(rng.normal(0, 0.06, 3)), 0, 255)
    outline = np.zeros(size, np.uint8)
    radius = round(short * float(rng.uniform(0.02, 0.12))) if kind in ("phone", "tablet") else rim // 2
    bottom = high + 2 * rim if kind in ("monitor", "laptop") else size[0]
    _rounded(outline, size[1], bottom, min(radius, size[1] // 2, bottom // 2))
    if kind == "laptop":
        _keys(rng, body, outline, bottom)
    elif kind == "monitor" and below > rim:
        neck = round(wide * float(rng.uniform(0.05, 0.15)))
        outline[bottom - 1 :, size[1] // 2 - neck : size[1] // 2 + neck] = 255
    if kind != "full_screen" and rng.random() < 0.4:
        cv2.rectangle(body, (0, 0), (size[1] - 1, bottom - 1), rng.uniform(60, 220, 3).tolist(), max(1, rim // 6))
    body[down : down + high, across : across + wide] = display
    moved = box + np.array([across, down, across, down], np.float32)
    return Device(Picture(body, moved.astype(np.float32)), outline, (across, down, across + wide, down + high))


def _keys(rng: np.random.Generator, body: Image, outline: Image, top: int) -> None:
    """Draws a laptop's deck with its rows of keys below the display."""
    high, wide = outline.shape
    outline[top - 1 :] = 255
    deck = rng.uniform(20, 210)
    body[top:] = deck
    step = max(3, wide // 26)
    for y in range(top + step, high - step, step):
        for x in range(step * 2, wide - step * 2, step):
            body[y : y + step * 3 // 4, x : x + step * 3 // 4] = deck * 0.4 if deck > 60 else deck + 25


def _rounded(mask: Image, width: int, height: int, radius: int) -> None:
    cv2.rectangle(mask, (radius, 0), (width - 1 - radius, height - 1), 255, -1)
    cv2.rectangle(mask, (0, radius), (width - 1, height - 1 - radius), 255, -1)
    for x in (radius, width - 1 - radius):
        for y in (radius, height - 1 - radius):
            cv2.circle(mask, (x, y), radius, 255, -1)


def _glass(rng: np.random.Generator, image: Image, matrix: Floats, rooms: Sequence[Image]) -> Image:
    """The display's grid, its bands of refresh, the loss at an angle, and the reflections in the glass."""
    height, width = image.shape[:2]
    if rng.random() < GRID_SHARE:
        low, high = np.log(PITCH)
        pitch = float(np.exp(rng.uniform(low, high)))
        near = 1 / float(np.hypot(matrix[0, 0], matrix[1, 0]))
        step = pitch * near / texture.CELL
        grid = (matrix @ np.diag([step, step, 1])).astype(np.float32)
        # The remainder of so fine a grid after a pixel has averaged over its own width.
        passed = abs(float(np.sinc(min(1 / pitch, 2.5))))
        strength = (0.04 + 0.9 * float(rng.random()) ** 1.5) * max(passed, 0.1)
        tile = texture.display_tile(str(rng.choice(texture.LAYOUTS)))
        image = texture.times(image, texture.through_camera(tile, strength, grid, width, height))
    side = 64
    y, x = np.mgrid[-1:1:64j, -1:1:64j].astype(np.float32)
    slope = rng.normal(0, 0.12, 2).astype(np.float32)
    gain = (1 + slope[0] * x + slope[1] * y)[..., None] * np.ones(3, np.float32)
    gain *= 1 + (slope[0] * x)[..., None] * rng.normal(0, 0.25, 3).astype(np.float32)
    if rng.random() < 0.35:
        rows = np.linspace(0, 1, side, dtype=np.float32) * float(rng.uniform(0.5, 5)) + float(rng.random())
        wave = np.clip(np.sin(2 * np.pi * rows) * float(rng.uniform(0.6, 3)), -1, 1)
        gain *= (1 + wave * float(rng.uniform(0.03, 0.25)) / 2)[:, None, None]
    if rng.random() < 0.25:
        gain *= (1 + float(rng.uniform(0.01, 0.06)) * texture.soft(rng, side, side, (20, 20)))[..., None]
    image = texture.lit(image, np.asarray(gain, np.float32), highlights(rng, 1.0))
    if rng.random() < 0.2:
        mirrored = surroundings(rng, rooms, 160, 120)
        image = np.asarray(
            cv2.addWeighted(image, 1, cv2.resize(mirrored, (width, height)), float(rng.uniform(0.03, 0.16)), 0),
            np.uint8,
        )
    return image

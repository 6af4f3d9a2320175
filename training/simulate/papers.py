"""Renders prints: ink on paper, bent and lit, held before a room, cut along the person, or worn as a mask."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from training.simulate import texture
from training.simulate.camera import frame_size
from training.simulate.picture import Floats, Image, Picture, carry, framed, pose, resized
from training.simulate.rooms import FIELD, behind, fingers, highlights, shadow, surroundings
from training.simulate.screens import ALIKE_SHARE, MARGIN, first_camera
from training.simulate.shapes import oval, person, wearer

PAPERS = ("print", "full_print", "cutout", "paper_mask")
ASPECTS = (210 / 297, 297 / 210, 2 / 3, 3 / 2, 1.0, 35 / 45, 4 / 3)
FACE_ON_PAPER = (0.25, 0.7)
FACE_IN_FRAME = (0.18, 0.52)
CANVAS = 900
"""Longest side of a sheet's drawing, px."""
LEAST_CANVAS = 48
GLOSSY = 0.35
HALFTONE_SHARE = 0.7
DOT_PITCH = (0.7, 4.0)
"""Frame px of one halftone dot."""
FINGER = (0.06, 0.15)
"""Width of a finger as a share of the sheet's shorter side."""
TURN = {"print": 22.0, "full_print": 7.0, "cutout": 14.0, "paper_mask": 8.0}


def printed(
    rng: np.random.Generator, shown: Picture, kind: str, rooms: Sequence[Image], holder: Picture | None = None
) -> Picture:
    """Renders a print of `shown`, presented as `kind` says, by `holder` if there is one."""
    full = kind == "full_print"
    width, height = frame_size(rng, shown.image if full or rng.random() < ALIKE_SHARE else None)
    face = float(rng.uniform(*FACE_IN_FRAME)) * height
    aspect = width / height if full else float(rng.choice(ASPECTS))
    share = face / height if full else float(rng.uniform(*FACE_ON_PAPER))
    content = first_camera(rng, framed(rng, shown, aspect, share))
    sheet, outline = _sheet(rng, content, face, kind)
    high, wide = outline.shape
    box = sheet.box
    scale = face / max(float(box[3] - box[1]), 1)
    anchor = np.array([box[0] + box[2], box[1] + box[3]], np.float32) / 2
    target = np.array([width, height]) * rng.uniform(0.4, 0.6, 2)
    if full:
        scale = max(scale, MARGIN * width / wide, MARGIN * height / high)
        low = np.array([width, height]) - (np.array([wide, high]) - anchor) * scale / 1.02
        target = np.clip(target, low, np.maximum(low, anchor * scale / 1.02))
    reach = scale * max(high, wide)
    matrix = pose(rng, anchor, target.astype(np.float32), scale, TURN[kind], 2.5 if full else 10, reach)
    border = cv2.BORDER_REPLICATE if full else cv2.BORDER_CONSTANT
    size = (width, height)
    seen = cv2.warpPerspective(sheet.image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border)
    image = _surface(rng, np.asarray(seen, np.uint8), matrix)
    placed = carry(box, matrix)
    if not full:
        mask = np.asarray(cv2.warpPerspective(outline, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)
        if holder is not None:
            room = behind(rng, holder, placed, width, height)
        else:
            room = surroundings(rng, rooms, width, height)
        if kind == "paper_mask" and holder is None:
            room = wearer(rng, room, placed, rooms)
        image = texture.blend(image, shadow(rng, room, mask), mask)
        if kind in ("print", "cutout") and rng.random() < 0.65:
            flat = np.array([[[0, 0], [wide, 0], [wide, high], [0, high]]], np.float32)
            image = fingers(rng, image, cv2.perspectiveTransform(flat, matrix)[0], FINGER)
    return Picture(image, placed)


def _sheet(rng: np.random.Generator, content: Picture, face: float, kind: str) -> tuple[Picture, Image]:
    """The printed sheet with its outline, drawn so that the face is about `face` px high."""
    high, wide = content.image.shape[:2]
    scale = face / max(float(content.box[3] - content.box[1]), 1)
    scale = min(max(scale, LEAST_CANVAS / min(high, wide)), CANVAS / max(high, wide))
    content = resized(content, max(8, round(wide * scale)), max(8, round(high * scale)))
    paper = float(rng.uniform(195, 255)) * np.array([rng.uniform(0.84, 1.02), rng.uniform(0.95, 1), 1.0])
    if rng.random() < 0.1:
        paper = np.full(3, rng.uniform(140, 200)) * np.exp(rng.normal(0, 0.03, 3))
    image = _ink(rng, content.image, paper.astype(np.float32))
    margin = [0, 0, 0, 0]
    if kind == "print" and rng.random() < 0.6:
        short = min(image.shape[:2])
        same = short * float(rng.uniform(0.01, 0.15))
        uneven = rng.random() < 0.4
        margin = [round(same * float(rng.uniform(0.3, 4)) if uneven else same) for _ in range(4)]
    if any(margin):
        image = cv2.copyMakeBorder(image, *margin, cv2.BORDER_CONSTANT, value=np.clip(paper, 0, 255).tolist())
    box = (content.box + np.array([margin[2], margin[0]] * 2)).astype(np.float32)
    picture = Picture(np.asarray(image, np.uint8), box)
    outline = np.full(picture.image.shape[:2], 255, np.uint8)
    if kind == "cutout":
        outline = person(rng, picture)
    elif kind == "paper_mask":
        outline = oval(rng, picture)
    if kind != "full_print":
        # A transparent rim, so that the sheet's edge is sampled as softly as its inside.
        picture = Picture(
            np.asarray(cv2.copyMakeBorder(picture.image, 2, 2, 2, 2, cv2.BORDER_REPLICATE), np.uint8),
            picture.box + np.float32(2),
        )
        outline = np.asarray(cv2.copyMakeBorder(outline, 2, 2, 2, 2, cv2.BORDER_CONSTANT), np.uint8)
    return _bent(rng, picture, outline)


def _ink(rng: np.random.Generator, image: Image, paper: Floats) -> Image:
    """The picture in a printer's gamut: less saturated, lifted black, paper white, banding of the print head."""
    keep = 0.0 if rng.random() < 0.1 else float(rng.uniform(0.35, 1.0))
    gray = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    image = np.asarray(cv2.addWeighted(image, keep, gray, 1 - keep, 0), np.uint8)
    level = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
    black = (rng.uniform(12, 105) * np.exp(rng.normal(0, 0.1, 3))).astype(np.float32)
    gamma = np.exp(rng.normal(0, 0.15) + rng.normal(0, 0.06, 3)).astype(np.float32)
    image = texture.curves(image, black + (paper - black) * level**gamma)
    if rng.random() < 0.5:  # Ink spreads.
        spread = float(rng.uniform(0.4, 1.4))
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), spread), np.uint8)
    if rng.random() < 0.25:
        high = image.shape[0]
        rows = np.sin(np.arange(high, dtype=np.float32) * np.float32(2 * np.pi / rng.uniform(4, 40)))
        gain = (1 + float(rng.uniform(0.01, 0.07)) * rows)[:, None] * np.ones((1, 4), np.float32)
        image = texture.lit(image, gain if rng.random() < 0.7 else np.ascontiguousarray(gain.T))
    return image


def _bent(rng: np.random.Generator, picture: Picture, outline: Image) -> tuple[Picture, Image]:
    """Rolls, waves or folds the sheet, with the matching shade."""
    high, wide = outline.shape
    y, x = np.mgrid[-1:1:32j, -1:1:32j].astype(np.float32)
    angle = float(rng.uniform(0, np.pi))
    along = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
    shade = np.ones_like(along)
    if rng.random() < 0.65:
        depth, phase = float(rng.normal(0, 0.5)), float(rng.uniform(-0.5, 0.5))
        shade -= np.float32(depth * 0.35) * (along - np.float32(phase))
        bow = np.float32(rng.normal(0, 0.03)) * (1 - along * along)
        if rng.random() < 0.4:
            bow = bow + np.float32(rng.normal(0, 0.012)) * np.sin(along * np.float32(rng.uniform(2, 7)))
        bow = bow.astype(np.float32)
        across = (-np.sin(angle), np.cos(angle))
        grid = [
            cv2.resize((axis + 1) / 2 * (size - 1) + bow * np.float32(part * size), (wide, high))
            for axis, part, size in ((x, across[0], wide), (y, across[1], high))
        ]
        image = cv2.remap(picture.image, *grid, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        outline = np.asarray(cv2.remap(outline, *grid, cv2.INTER_LINEAR), np.uint8)
        # The middle of the face moves with the sheet; its size hardly changes.
        middle = np.array([picture.box[0] + picture.box[2], picture.box[1] + picture.box[3]]) / 2 / [wide, high]
        cell = np.clip((middle * 32).astype(int), 0, 31)
        move = float(bow[cell[1], cell[0]]) * np.array([across[0] * wide, across[1] * high] * 2)
        picture = Picture(np.asarray(image, np.uint8), (picture.box - move).astype(np.float32))
    image = texture.lit(picture.image, np.clip(shade, 0.4, 1.5))
    for _ in range(int(rng.integers(1, 3)) if rng.random() < 0.22 else 0):
        _fold(rng, image)
    return Picture(image, picture.box), outline


def _fold(rng: np.random.Generator, image: Image) -> None:
    """A crease: a bright and a dark line, and one half slightly darker."""
    high, wide = image.shape[:2]
    place, lean = float(rng.uniform(0.2, 0.8)), float(rng.normal(0, 0.02))
    upright = rng.random() < 0.5
    length = wide if upright else high
    if upright:
        image[:, : int(place * wide)] = cv2.convertScaleAbs(image[:, : int(place * wide)], alpha=rng.uniform(0.85, 1))
    else:
        image[: int(place * high)] = cv2.convertScaleAbs(image[: int(place * high)], alpha=rng.uniform(0.85, 1))
    first, last = int((place - lean) * length), int((place + lean) * length)
    for shift, level in ((0, rng.uniform(150, 245)), (1, rng.uniform(30, 120))):
        ends = (((first + shift, 0), (last + shift, high)), ((0, first + shift), (wide, last + shift)))[not upright]
        line = image.copy()
        cv2.line(line, *ends, (float(level),) * 3, 1, cv2.LINE_AA)
        cv2.addWeighted(line, 0.5, image, 0.5, 0, dst=image)


def _surface(rng: np.random.Generator, image: Image, matrix: Floats) -> Image:
    """Ink dots as the camera samples them, fibres, gloss, the room's light on the paper."""
    height, width = image.shape[:2]
    if rng.random() < HALFTONE_SHARE:
        image = _halftone(rng, image, matrix)
    if rng.random() < 0.6:
        fibre = texture.grain(rng, height // 2 + 1, width // 2 + 1, 1)[..., 0]
        fibre = cv2.GaussianBlur(fibre, (0, 0), float(rng.uniform(0.4, 1.2)))
        image = texture.lit(image, 1 + fibre * np.float32(rng.uniform(0.005, 0.05)))
    slope = rng.normal(0, 0.15, 2).astype(np.float32)
    y, x = np.mgrid[-1:1:32j, -1:1:32j].astype(np.float32)
    light = np.float32(rng.uniform(0.55, 1.1))
    gain = (1 + slope[0] * x + slope[1] * y)[..., None] * light * np.exp(rng.normal(0, 0.08, 3)).astype(np.float32)
    gain = gain * (1 + 0.08 * texture.soft(rng, FIELD, FIELD, (3, 3)))[..., None]
    glossy = rng.random() < GLOSSY
    return texture.lit(image, np.asarray(gain, np.float32), highlights(rng, 1.0) if glossy else None)


def _halftone(rng: np.random.Generator, image: Image, matrix: Floats) -> Image:
    """Dots of cyan, magenta and yellow at their own angles, or the loose grain of an inkjet."""
    height, width = image.shape[:2]
    strength = 0.05 + 0.85 * float(rng.random()) ** 2  # Most prints are good ones.
    if rng.random() < 0.5:
        noise = texture.grain(rng, height, width, 3) * np.float32(strength * 0.35 * texture.NEUTRAL)
        mask = np.clip(noise + texture.NEUTRAL, 0, 255).astype(np.uint8)
        if rng.random() < 0.5:
            mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.4, 0.9))), np.uint8)
    else:
        low, high = np.log(DOT_PITCH)
        pitch = float(np.exp(rng.uniform(low, high)))
        step = pitch / float(np.hypot(matrix[0, 0], matrix[1, 0])) / texture.DOT
        turn = float(rng.uniform(0, np.pi))
        cos, sin = step * np.cos(turn), step * np.sin(turn)
        grid = (matrix @ np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])).astype(np.float32)
        passed = max(abs(float(np.sinc(min(1 / pitch, 2.5)))), 0.1)
        mask = texture.through_camera(texture.dot_tile(), strength * passed, grid, width, height)
    # Only the ink varies: bare paper stays bare.
    return np.asarray(cv2.bitwise_not(texture.times(cv2.bitwise_not(image), mask)), np.uint8)

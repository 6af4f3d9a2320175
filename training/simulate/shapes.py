"""Shapes of paper cut along a person, paper worn as a face, and its wearer."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from training.simulate import texture
from training.simulate.picture import Floats, Image, Picture, sane_box
from training.simulate.rooms import FIELD, SKIN, surroundings


def person(rng: np.random.Generator, picture: Picture) -> Image:
    """(h, w) uint8: head and shoulders, as cut by scissors."""
    mask = np.zeros(picture.image.shape[:2], np.uint8)
    x1, y1, x2, y2 = (float(v) for v in sane_box(picture))
    across, down = x2 - x1, y2 - y1
    middle = (int((x1 + x2) / 2), int((y1 + y2) / 2 - 0.08 * down))
    room = float(rng.uniform(1.1, 1.45))
    cv2.ellipse(mask, middle, (max(2, int(across / 2 * room)), max(2, int(down / 2 * room))), 0, 0, 360, 255, -1)
    neck, shoulder = across * rng.uniform(0.3, 0.45), across * rng.uniform(0.9, 1.6)
    low = y2 + down * rng.uniform(0.25, 0.5)
    outline = [
        (middle[0] - neck, y2 - down * 0.1),
        (middle[0] - neck, low - down * 0.15),
        (middle[0] - shoulder, low + down * 0.1),
        (middle[0] - shoulder * 1.1, mask.shape[0]),
        (middle[0] + shoulder * 1.1, mask.shape[0]),
        (middle[0] + shoulder, low + down * 0.1),
        (middle[0] + neck, low - down * 0.15),
        (middle[0] + neck, y2 - down * 0.1),
    ]
    cv2.fillPoly(mask, [np.array(outline, np.int32)], 255)
    if rng.random() < 0.5:  # Rounded by the scissors.
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.8, across * 0.05)), np.uint8)
        mask = np.asarray(cv2.threshold(mask, 127, 255, cv2.THRESH_BINARY)[1], np.uint8)
    return mask


def oval(rng: np.random.Generator, picture: Picture) -> Image:
    """(h, w) uint8: the face's oval, sometimes with holes for the eyes or the mouth."""
    mask = np.zeros(picture.image.shape[:2], np.uint8)
    x1, y1, x2, y2 = (float(v) for v in sane_box(picture))
    across, down = x2 - x1, y2 - y1
    room = float(rng.uniform(0.92, 1.25))
    middle = (int((x1 + x2) / 2), int((y1 + y2) / 2))
    cv2.ellipse(mask, middle, (max(2, int(across / 2 * room)), max(2, int(down / 2 * room))), 0, 0, 360, 255, -1)
    if rng.random() < 0.5:
        radius = max(1, int(across * rng.uniform(0.06, 0.1)))
        for side in (-1, 1):
            eye = (int(middle[0] + side * across * 0.2), int(y1 + down * 0.42))
            cv2.ellipse(mask, eye, (int(radius * 1.4) + 1, radius), 0, 0, 360, 0, -1)
    if rng.random() < 0.15:
        mouth = (middle[0], int(y1 + down * 0.76))
        cv2.ellipse(mask, mouth, (max(1, int(across * 0.16)), max(1, int(down * 0.04))), 0, 0, 360, 0, -1)
    return mask


def wearer(rng: np.random.Generator, room: Image, box: Floats, rooms: Sequence[Image]) -> Image:
    """Draws a person in the room: hair or a hood, ears, neck, clothes; the mask goes on the face."""
    image = room.copy()
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (float(v) for v in box)
    across, down = x2 - x1, y2 - y1
    middle = int((x1 + x2) / 2)
    skin = np.clip(SKIN * rng.uniform(0.35, 1.15) * np.exp(rng.normal(0, 0.06, 3)), 0, 255).tolist()
    clothes = surroundings(rng, rooms, width, height)
    mask = np.zeros((height, width), np.uint8)
    shoulder, low = across * rng.uniform(1.1, 1.7), y2 + down * 0.35
    body = [
        (middle - across * 0.35, y2 + down * 0.12),
        (middle - shoulder, low),
        (middle - shoulder * 1.15, height + 9),
    ]
    body += [(2 * middle - x, y) for x, y in reversed(body)]
    cv2.fillPoly(mask, [np.array(body, np.int32)], 255)
    image = texture.blend(clothes, image, np.asarray(cv2.GaussianBlur(mask, (0, 0), 1.2), np.uint8))
    neck = (int(middle - across * 0.3), int(y2 - down * 0.3)), (int(middle + across * 0.3), int(y2 + down * 0.22))
    cv2.rectangle(image, *neck, [v * 0.75 for v in skin], -1)
    hair = np.minimum(rng.uniform(10, 110) * np.array([0.7, 0.85, 1]) * np.exp(rng.normal(0, 0.06, 3)), 255).tolist()
    crown = (middle, int(y1 + down * 0.36))
    cv2.ellipse(image, crown, (max(2, int(across * 0.6)), max(2, int(down * 0.58))), 0, 0, 360, hair, -1, cv2.LINE_AA)
    face = (middle, int(y1 + down * 0.52))
    cv2.ellipse(image, face, (max(2, int(across * 0.54)), max(2, int(down * 0.53))), 0, 0, 360, skin, -1, cv2.LINE_AA)
    top, bottom = max(0, int(y1 - down)), min(height, int(y2 + down * 0.4))
    left, right = max(0, int(x1 - across)), min(width, int(x2 + across))
    if bottom - top > 4 and right - left > 4:
        part = image[top:bottom, left:right]
        gain = 1 + 0.2 * texture.soft(rng, FIELD, FIELD, (4, 4)) + 0.1 * texture.soft(rng, FIELD, FIELD, (30, 30))
        image[top:bottom, left:right] = texture.lit(
            np.asarray(cv2.blur(part, (3, 3)), np.uint8), gain.astype(np.float32)
        )
    return image

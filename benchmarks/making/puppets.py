"""Animates a still by bending it: a photo that talks and blinks, a photo with invented depth."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from benchmarks.making.places import Floats, Image, Place, even, find, grid, hand, moved, soiled, warped

UPPER_LIDS, LOWER_LIDS = (159, 386), (145, 374)
UPPER_LIP, LOWER_LIP, CHIN, MOUTH_CORNERS = 13, 14, 152, (61, 291)
"""Points of the face mesh."""
BLINK_SECONDS = 0.25


def talking_photo(picture: Image, seconds: float, rate: float, rng: np.random.Generator) -> Iterator[Image]:
    """Opens the mouth and lowers the lids by bending the picture; the head may sway, the hand may shake."""
    picture = even(picture)
    place, sigma = find(picture), rng.choice([0.0, 2.0, 4.0])
    height = float(np.linalg.norm(place.marks[CHIN] - place.marks[10]))
    opening = rng.uniform(0.04, 0.09) * height
    speech = np.clip(hand(rng, seconds, rate, 1, 1.0, 4.0)[:, 0] * 0.6 + 0.3, 0, 1.2)
    lids = _blinks(rng, seconds, rate)
    sway = hand(rng, seconds, rate, 3, 0.2, 1.0) * rng.choice([0.0, 0.01, 0.03]) * place.width
    shake = hand(rng, seconds, rate, 3) * rng.choice([0.0, 0.0, 2.0])
    x, y = grid(picture)
    mouth, jaw = _mouth(place, x, y)
    eyes = [_bump(x, y, place.marks[up], 0.055 * height, 0.03 * height) for up in UPPER_LIDS]
    falls = [
        float(np.linalg.norm(place.marks[a] - place.marks[b])) for a, b in zip(UPPER_LIDS, LOWER_LIDS, strict=True)
    ]
    head = _head(place, x, y)
    for frame, open_now in enumerate(speech):
        down = opening * open_now * jaw - 0.25 * opening * open_now * mouth
        for bump, fall in zip(eyes, falls, strict=True):
            down = down + lids[frame] * fall * bump
        bent = warped(picture, x - head * sway[frame, 0], y - down - head * sway[frame, 1])
        bent = _dark_mouth(bent, place, opening * float(open_now), sway[frame])
        yield soiled(moved(bent, *map(float, shake[frame, :2]), 0.0, 1.02), rng, sigma)


def parallax(picture: Image, seconds: float, rate: float, rng: np.random.Generator) -> Iterator[Image]:
    """Moves the view sideways over an invented depth of face and body; near parts move more."""
    picture = even(picture)
    place, sigma = find(picture), rng.choice([0.0, 2.0, 4.0])
    x, y = grid(picture)
    depth = _depth(place, x, y)
    reach = rng.uniform(0.03, 0.1) * place.width
    turn = rng.uniform(0.0, 0.4)
    for dx, dy, swing in hand(rng, seconds, rate, 3, 0.2, 1.2):
        # The head also seems to turn: the nose moves more than the ears.
        nose = np.asarray(depth**2 * turn * swing, np.float32)
        bent = warped(picture, x - reach * (dx * (depth - 0.3) + nose), y - reach * 0.6 * dy * (depth - 0.3))
        yield soiled(bent, rng, sigma)


def _bump(x: Floats, y: Floats, at: Floats, wide: float, high: float) -> Floats:
    """(h, w) float32, a smooth hill of height 1."""
    return np.exp(-(((x - at[0]) / wide) ** 2) - ((y - at[1]) / high) ** 2).astype(np.float32)


def _mouth(place: Place, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Rise of the upper lip and fall of the jaw for an opening of 1, each (h, w) float32."""
    lips = (place.marks[UPPER_LIP] + place.marks[LOWER_LIP]) / 2
    half = float(np.linalg.norm(place.marks[MOUTH_CORNERS[1]] - place.marks[MOUTH_CORNERS[0]])) / 2
    below = 1 / (1 + np.exp(np.clip((lips[1] - y) / (0.04 * half), -30, 30)))
    chin = place.marks[CHIN]
    upper = _bump(x, y, lips, 0.9 * half, 0.5 * half) * (1 - below)
    jaw = _bump(x, y, (lips + chin) / 2, 1.3 * half, 1.6 * float(chin[1] - lips[1])) * below
    return upper.astype(np.float32), jaw.astype(np.float32)


def _dark_mouth(bent: Image, place: Place, opening: float, sway: Floats) -> Image:
    """The inside of the mouth, which bending alone would not show."""
    if opening < 1.5:
        return bent
    lips = (place.marks[UPPER_LIP] + place.marks[LOWER_LIP]) / 2 + sway[:2]
    half = float(np.linalg.norm(place.marks[MOUTH_CORNERS[1]] - place.marks[MOUTH_CORNERS[0]])) / 2
    mask = np.zeros(bent.shape[:2], np.float32)
    middle = (round(float(lips[0])), round(float(lips[1]) + opening / 2))
    cv2.ellipse(mask, middle, (max(1, round(0.6 * half)), max(1, round(opening / 2))), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    mask = cv2.GaussianBlur(mask, (0, 0), 1.2)[..., None]
    return np.asarray(bent * (1 - mask) + np.array([35, 25, 60], np.float32) * mask, np.uint8)


def _blinks(rng: np.random.Generator, seconds: float, rate: float) -> Floats:
    """(n,) float32, 0 open to 1 closed; one blink every two to four seconds."""
    times = np.arange(round(seconds * rate)) / rate
    closed, at = np.zeros(len(times), np.float32), rng.uniform(0.3, 2.0)
    while at < seconds:
        closed = np.maximum(closed, np.clip(1 - abs(times - at) / (BLINK_SECONDS / 2), 0, 1)).astype(np.float32)
        at += rng.uniform(2.0, 4.0)
    return closed


def _head(place: Place, x: Floats, y: Floats) -> Floats:
    """(h, w) float32, 1 on the head, falling smoothly to 0 around it: the area that bends."""
    high = float(place.box[3] - place.box[1])
    far = np.hypot((x - place.centre[0]) / (0.75 * place.width), (y - place.centre[1]) / (0.85 * high))
    return np.asarray(1 / (1 + np.exp((far - 1.25) * 7)), np.float32)


def _depth(place: Place, x: Floats, y: Floats) -> Floats:
    """(h, w) float32 depth of 0 (wall) to 1 (nose): an oval dome for the head, a lower one for the body, blurred."""
    high = float(place.box[3] - place.box[1])
    far = np.hypot((x - place.centre[0]) / (0.75 * place.width), (y - place.centre[1]) / (0.8 * high))
    head = 0.55 + 0.45 * np.sqrt(np.clip(1 - far**2, 0, 1))
    body = np.hypot((x - place.centre[0]) / (1.5 * place.width), (y - place.box[3] - 1.1 * high) / high) < 1
    depth = np.where(far < 1, head, np.where(body, 0.5, 0.0)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(depth, (0, 0), 0.12 * place.width), np.float32)

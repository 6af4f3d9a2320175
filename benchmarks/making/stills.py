"""Shows one still throughout: with fresh noise, panned and zoomed, shaken."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from benchmarks.making.places import Image, even, hand, moved, soiled

NOISE = (2.0, 8.0)
"""Gray levels of fresh noise, from a good sensor to a bad one."""


def fresh_noise(picture: Image, seconds: float, rate: float, rng: np.random.Generator) -> Iterator[Image]:
    """The still with new white noise in each frame; sometimes the light varies by a few percent."""
    picture, sigma = even(picture), rng.uniform(*NOISE)
    light = 1 + rng.choice([0.0, 0.01, 0.03]) * hand(rng, seconds, rate, 1, 0.2, 1.0)[:, 0]
    for gain in light:
        yield soiled(picture.astype(np.float32) * gain, rng, sigma)


def ken_burns(picture: Image, seconds: float, rate: float, rng: np.random.Generator) -> Iterator[Image]:
    """A slow zoom and pan over the still, as in a slide show, with little or no noise."""
    picture, sigma = even(picture), rng.choice([0.0, 2.0, 4.0])
    count, zoom = round(seconds * rate), rng.uniform(1.08, 1.3)
    pan = rng.uniform(-0.4, 0.4, 2) * (zoom - 1) * picture.shape[1]
    first, last = (1.0, zoom) if rng.random() < 0.5 else (zoom, 1.0)
    for share in np.linspace(0, 1, count):
        now = first + (last - first) * share
        place = pan * (now - 1) / (zoom - 1)
        yield soiled(moved(picture, float(place[0]), float(place[1]), 0.0, float(now)), rng, sigma)


def shaken(picture: Image, seconds: float, rate: float, rng: np.random.Generator) -> Iterator[Image]:
    """The still shifted, turned and scaled as by a camera in the hand."""
    picture, sigma = even(picture), rng.choice([0.0, 2.0, 4.0, 6.0])
    reach = rng.uniform(0.004, 0.025) * picture.shape[1]
    turn, breath = rng.uniform(0.0, 1.2), rng.uniform(0.0, 0.012)
    for x, y, roll, lean in hand(rng, seconds, rate, 4):
        yield soiled(moved(picture, reach * x, reach * y, turn * roll, 1.06 + breath * lean), rng, sigma)


def zoomed(picture: Image, seconds: float, rate: float, rng: np.random.Generator) -> Iterator[Image]:
    """The still zoomed in and out, as when somebody leans to the camera and back, with a slight tilt in space."""
    picture, sigma = even(picture), rng.choice([0.0, 2.0, 4.0, 6.0])
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    reach, tilt = rng.uniform(0.03, 0.12), rng.uniform(0.0, 0.01)
    for lean, *bend in hand(rng, seconds, rate, 9, 0.15, 1.0):
        middle = corners.mean(axis=0)
        target = middle + (corners - middle) * (1.12 + reach * lean / 2)
        target += tilt * width * np.asarray(bend, np.float32).reshape(4, 2)
        plane = cv2.getPerspectiveTransform(corners, target.astype(np.float32))
        view = cv2.warpPerspective(picture, plane, (width, height), borderMode=cv2.BORDER_REFLECT_101)
        yield soiled(view, rng, sigma)

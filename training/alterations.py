"""Alterations that keep the label: the teacher sees the clean crop, the student the altered one.

Each is a function of both views of one look and of the face's place in them. Both views show the same scene, so they
get the same light and the same blur in scene px. Alterations have names, so that a network can be measured under each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.networks import MID_VIEW, WIDE_VIEW
from alive402.liveness.networks.face_view import in_the_middle
from training.simulate.camera import jpeg

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Rng = np.random.Generator
ZOOM = (1.0, MID_VIEW / WIDE_VIEW)
"""px of each view per px of the tight one, when neither was limited by the frame."""


@dataclass(frozen=True, slots=True)
class Look:
    """Both views of one look.

    Attributes:
        views: mid and wide, (h, h, 3) uint8 BGR.
        faces: (2, 4) float32, x1 y1 x2 y2 of the face in each, 0..1 of its side.
    """

    views: tuple[Image, Image]
    faces: Floats

    def each(self, change: Callable[[Image, float], npt.NDArray[np.generic]]) -> Look:
        """Apply `change(view, zoom)` to each view, clipped to 0..255."""
        mid, wide = (
            np.clip(change(view, zoom), 0, 255).astype(np.uint8) for view, zoom in zip(self.views, ZOOM, strict=True)
        )
        return Look((mid, wide), self.faces)


Alteration = Callable[[Rng, Look], Look]


def altered(rng: Rng, look: Look) -> Look:
    """Apply one to three alterations of different kinds, drawn at random."""
    for name in rng.choice(list(ALTERATIONS), int(rng.choice([1, 1, 2, 2, 3])), replace=False):
        look = ALTERATIONS[str(name)](rng, look)
    return look


def usual_faces(count: int) -> Floats:
    """(count, 2, 4) float32: the face in each view when neither was limited by the frame."""
    return faces_within(np.full(count, WIDE_VIEW))


def faces_within(reach: npt.NDArray[np.floating]) -> Floats:
    """(n, 2, 4) float32: the face in the middle of each view, in frames with room for `reach` (n,) times the face."""
    return np.stack([in_the_middle(reach, times) for times in (MID_VIEW, WIDE_VIEW)], axis=1)


def temperature(rng: Rng, look: Look) -> Look:
    """Warm or cold light."""
    return _gains(look, np.exp(rng.uniform(-0.35, 0.5) * np.array([-1.0, -0.15, 0.45])))


def warm(rng: Rng, look: Look) -> Look:
    """The warm light of the conditions table: a fixed strength."""
    return _gains(look, np.array([0.6, 0.9, 1.15]))


def tint(rng: Rng, look: Look) -> Look:
    """Green or magenta, and any other cast."""
    return _gains(look, np.exp(rng.normal(0, 0.13, 3)))


def grey(rng: Rng, look: Look) -> Look:
    """Little or no colour."""
    keep = float(rng.choice([0.0, 0.0, rng.uniform(0, 0.5)]))

    def change(view: Image, zoom: float) -> npt.NDArray[np.generic]:
        plain = cv2.cvtColor(cv2.cvtColor(view, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        return np.asarray(cv2.addWeighted(view, keep, plain, 1 - keep, 0))

    return look.each(change)


def infrared(rng: Rng, look: Look) -> Look:
    """An infrared camera's look: grey from red, bright skin, a light in the middle."""
    lift, fall = float(rng.uniform(0, 40)), float(rng.uniform(0.2, 0.6))

    def change(view: Image, zoom: float) -> npt.NDArray[np.generic]:
        side = view.shape[0]
        y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32) / zoom
        plain = 0.1 * view[..., 0] + 0.2 * view[..., 1] + 0.7 * view[..., 2]
        lit = plain * (1.15 - fall * np.clip(x * x + y * y, 0, 2) / 2) + lift
        return np.repeat(lit[..., None], 3, axis=2)

    return look.each(change)


def exposure(rng: Rng, look: Look) -> Look:
    """Changes the light by a factor of 0.5 to 1.5."""
    gain = float(np.exp2(rng.uniform(-1.2, 0.7)))
    return look.each(lambda view, zoom: view * np.float32(gain))


def gamma(rng: Rng, look: Look) -> Look:
    """Another tone curve, or haze: less contrast around a light grey."""
    power, haze = float(np.exp(rng.uniform(-0.5, 0.5))), float(rng.uniform(0, 0.35) * (rng.random() < 0.5))
    table = (255 * (np.arange(256) / 255) ** power * (1 - haze) + 190 * haze).clip(0, 255).astype(np.uint8)
    return look.each(lambda view, zoom: np.asarray(cv2.LUT(view, table)))


def blur(rng: Rng, look: Look) -> Look:
    """Out of focus, or moved."""
    sigma = float(rng.uniform(0.6, 3.0))
    if rng.random() < 0.3:
        length = max(3, round(sigma * 3))
        kernel = np.zeros((length, length), np.float32)
        if rng.random() < 0.5:
            kernel[length // 2] = 1 / length
        else:
            kernel[:, length // 2] = 1 / length
        return look.each(lambda view, zoom: np.asarray(cv2.filter2D(view, -1, kernel)))
    return look.each(lambda view, zoom: np.asarray(cv2.GaussianBlur(view, (0, 0), sigma * zoom)))


def noise(rng: Rng, look: Look) -> Look:
    """A sensor's grain, fine or coarse."""
    sigma, coarse = float(rng.uniform(2, 14)), float(rng.choice([1.0, 1.0, 2.0]))

    def change(view: Image, zoom: float) -> npt.NDArray[np.generic]:
        side = max(8, round(view.shape[0] / coarse))
        field = rng.standard_normal((side, side, 3), np.float32) * np.float32(sigma)
        return view + cv2.resize(field, view.shape[1::-1])

    return look.each(change)


def sharpen(rng: Rng, look: Look) -> Look:
    """A camera's sharpening, with halos."""
    amount, sigma = float(rng.uniform(0.3, 1.6)), float(rng.uniform(0.8, 2.0))

    def change(view: Image, zoom: float) -> npt.NDArray[np.generic]:
        return np.asarray(cv2.addWeighted(view, 1 + amount, cv2.GaussianBlur(view, (0, 0), sigma), -amount, 0))

    return look.each(change)


def beauty(rng: Rng, look: Look) -> Look:
    """A beauty filter: skin smoothed over edges, a little lighter."""
    strength, lift = float(rng.uniform(15, 45)), float(rng.uniform(0, 14))
    return look.each(lambda view, zoom: cv2.bilateralFilter(view, 7, strength, 5) + np.float32(lift))


def codec(rng: Rng, look: Look) -> Look:
    """Strong video compression."""
    quality = round(float(rng.uniform(12, 60)))
    return look.each(lambda view, zoom: jpeg(view, quality))


def resample(rng: Rng, look: Look) -> Look:
    """Shrunk and enlarged again."""
    scale = float(rng.uniform(0.25, 0.7))

    def change(view: Image, zoom: float) -> npt.NDArray[np.generic]:
        share = min(scale / zoom, 1.0)
        small = cv2.resize(view, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, view.shape[1::-1], interpolation=cv2.INTER_CUBIC))

    return look.each(change)


def squeeze(rng: Rng, look: Look) -> Look:
    """Pixels that are not square: the middle of the view, stretched."""
    factor = float(np.exp(rng.uniform(-0.28, 0.28)))
    wide, high = (1.0, factor) if factor < 1 else (1 / factor, 1.0)

    def change(view: Image, zoom: float) -> npt.NDArray[np.generic]:
        side = view.shape[0]
        x, y = round(side * (1 - wide) / 2), round(side * (1 - high) / 2)
        return np.asarray(cv2.resize(view[y : side - y, x : side - x], (side, side)))

    return look.each(change)


def screen_light(rng: Rng, look: Look) -> Look:
    """The coloured light of a display before the face, stronger on the face than behind it."""
    colour = np.exp(rng.normal(0, 0.3, 3)).astype(np.float32)
    return masked(look, lambda view: view * colour, _face_mask)


def occlude(rng: Rng, look: Look) -> Look:
    """A surgical mask, glasses or a hand over part of the face."""
    kind = str(rng.choice(["mask", "glasses", "hand"]))
    colour = {
        "mask": (np.array([215, 210, 200]), np.array([160, 120, 80]), np.array([40, 40, 40]))[int(rng.integers(3))],
        "glasses": np.array([25, 22, 20]),
        "hand": np.array([130, 160, 205]) * rng.uniform(0.5, 1.1),
    }[kind] + rng.normal(0, 8, 3)
    side, texture = float(rng.choice([-1, 1])), rng.normal(0, 6, (8, 8)).astype(np.float32)

    def shape(view: Image, face: Floats) -> Floats:
        size = view.shape[0]
        mask = np.zeros((size, size), np.float32)
        (x1, y1), (x2, y2) = face[:2] * size, face[2:] * size
        wide, high = x2 - x1, y2 - y1
        if kind == "mask":
            points = np.array([[0.08, 0.52], [0.5, 0.46], [0.92, 0.52], [0.85, 0.9], [0.5, 1.0], [0.15, 0.9]])
            cv2.fillPoly(mask, [(points * [wide, high] + [x1, y1]).round().astype(np.int32)], 1.0)
        elif kind == "glasses":
            for place in (0.3, 0.7):
                centre = (round(x1 + place * wide), round(y1 + 0.36 * high))
                cv2.ellipse(mask, centre, (round(0.17 * wide), round(0.1 * high)), 0, 0, 360, 1.0, -1)
            y = round(y1 + 0.34 * high)
            cv2.line(mask, (round(x1), y), (round(x2), y), 1.0, max(1, round(wide / 40)))
        else:
            centre = (round(x1 + wide * (0.5 + 0.42 * side)), round(y1 + 0.8 * high))
            cv2.ellipse(mask, centre, (round(0.28 * wide), round(0.4 * high)), 20 * side, 0, 360, 1.0, -1)
        return np.asarray(cv2.GaussianBlur(mask, (0, 0), 0.8), np.float32)

    def paint(view: Image) -> npt.NDArray[np.generic]:
        shade = cv2.resize(texture, view.shape[1::-1], interpolation=cv2.INTER_CUBIC)[..., None]
        light = np.clip(view.mean() / 110, 0.4, 1.4)
        return (colour * light + shade).astype(np.float32) * np.ones_like(view, np.float32)

    return masked(look, paint, shape)


def background(rng: Rng, look: Look) -> Look:
    """The background blurred or replaced, as a meeting's program does it, with its soft wrong edge."""
    plain = rng.integers(20, 235, (int(rng.integers(2, 7)), int(rng.integers(2, 7)), 3)).astype(np.uint8)
    replaced, sigma, feather = rng.random() < 0.35, float(rng.uniform(3, 9)), float(rng.uniform(1.5, 4))

    def person(view: Image, face: Floats) -> Floats:
        size = view.shape[0]
        mask = np.zeros((size, size), np.float32)
        (x1, y1), (x2, y2) = face[:2] * size, face[2:] * size
        wide, high = x2 - x1, y2 - y1
        middle = (round((x1 + x2) / 2), round((y1 + y2) / 2 - 0.08 * high))
        cv2.ellipse(mask, middle, (round(0.72 * wide), round(0.78 * high)), 0, 0, 360, 1.0, -1)
        body = np.array([[-0.35, 1.02], [0.5, 0.75], [1.35, 1.02], [1.8, 2.2], [1.8, 6], [-0.8, 6], [-0.8, 2.2]])
        cv2.fillPoly(mask, [(body * [wide, high] + [x1, y1]).round().astype(np.int32)], 1.0)
        return np.asarray(1 - cv2.GaussianBlur(mask, (0, 0), feather * size / 128), np.float32)

    def paint(view: Image) -> npt.NDArray[np.generic]:
        if replaced:
            return np.asarray(cv2.resize(plain, view.shape[1::-1], interpolation=cv2.INTER_CUBIC))
        return np.asarray(cv2.GaussianBlur(view, (0, 0), sigma))

    return masked(look, paint, person)


def _gains(look: Look, gains: npt.NDArray[np.float64]) -> Look:
    gains = gains / np.mean(gains) ** 0.5
    return look.each(lambda view, zoom: view * gains.astype(np.float32))


def masked(
    look: Look, paint: Callable[[Image], npt.NDArray[np.generic]], shape: Callable[[Image, Floats], Floats]
) -> Look:
    """Paints each view by `paint(view)` where the mask `shape(view, face)` is 1."""
    views = []
    for view, face in zip(look.views, look.faces, strict=True):
        mask = shape(view, face)[..., None]
        views.append(np.clip(paint(view) * mask + view * (1 - mask), 0, 255).astype(np.uint8))
    return Look((views[0], views[1]), look.faces)


def _face_mask(view: Image, face: Floats) -> Floats:
    size = view.shape[0]
    mask = np.full((size, size), 0.35, np.float32)
    middle = (face[:2] + face[2:]) / 2 * size
    half = (face[2:] - face[:2]) / 2 * size
    cv2.ellipse(mask, middle.round().astype(int).tolist(), half.round().astype(int).tolist(), 0, 0, 360, 1.0, -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 6 * size / 128), np.float32)


ALTERATIONS: dict[str, Alteration] = {
    "temperature": temperature,
    "tint": tint,
    "grey": grey,
    "infrared": infrared,
    "exposure": exposure,
    "gamma": gamma,
    "blur": blur,
    "noise": noise,
    "sharpen": sharpen,
    "beauty": beauty,
    "codec": codec,
    "resample": resample,
    "squeeze": squeeze,
    "screen_light": screen_light,
    "occlude": occlude,
    "background": background,
}
MEASURED: dict[str, Alteration] = ALTERATIONS | {"warm": warm}
"""The alterations under which a network is measured: all of the training, and a warm light of fixed strength."""

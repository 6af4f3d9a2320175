"""Conditions of detail: blur, noise, sharpening, a beauty filter, faults of a lens."""

from __future__ import annotations

import cv2
import numpy as np

from benchmarks.making.conditions.condition import Alter, Condition
from benchmarks.making.footage import Footage, Image

ROSY = (1.04, 1.03, 1.08)
READ_NOISE, SHOT_NOISE = 2.0, 0.35
"""Gray levels of noise, and its increase with light (variance per level), of a sensor in dim light."""


def blurred(share: float) -> Alter:
    """Out of focus: a Gaussian blur by `share` of the face's width."""

    def alter(footage: Footage, rng: np.random.Generator) -> Footage:
        sigma = max(share * _face_width(footage), 0.6)
        return footage.each(lambda frame, _: np.asarray(cv2.GaussianBlur(frame, (0, 0), sigma), np.uint8))

    return alter


def moved(footage: Footage, rng: np.random.Generator) -> Footage:
    """The camera shakes during exposure: a straight smear whose direction and length change slowly."""
    longest = max(0.05 * _face_width(footage), 3.0)
    start, turns = rng.uniform(0, np.pi), rng.uniform(0.5, 1.5)

    def change(frame: Image, place: int) -> Image:
        time = footage.times[place]
        angle, length = start + turns * time, longest * (0.75 + 0.25 * np.sin(5 * time))
        return np.asarray(cv2.filter2D(frame, -1, _smear(length, angle)), np.uint8)

    return footage.each(change)


def noisy(sigma: float) -> Alter:
    """Noise of `sigma` gray levels, half of it equal in the three channels."""

    def alter(footage: Footage, rng: np.random.Generator) -> Footage:
        def change(frame: Image, _: int) -> Image:
            grain = (
                rng.standard_normal(frame.shape, np.float32)
                + rng.standard_normal(frame.shape[:2], np.float32)[..., None]
            )
            return np.clip(frame + grain * np.float32(sigma / 2**0.5) + 0.5, 0, 255).astype(np.uint8)

        return footage.each(change)

    return alter


def enlarged(times: int, sigma: float) -> Alter:
    """A frame of more pixels, with the grain of a sensor that has so many: `sigma` gray levels in each."""
    grainy = noisy(sigma)

    def alter(footage: Footage, rng: np.random.Generator) -> Footage:
        def change(frame: Image, _: int) -> Image:
            size = times * frame.shape[1], times * frame.shape[0]
            return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC), np.uint8)

        return grainy(footage.each(change), rng)

    return alter


def dark_and_noisy(light: float) -> Alter:
    """The light reduced to `light`, with the noise that a sensor then has."""

    def alter(footage: Footage, rng: np.random.Generator) -> Footage:
        def change(frame: Image, _: int) -> Image:
            left = frame.astype(np.float32) * np.float32(light)
            noise = rng.standard_normal(frame.shape, np.float32) * np.sqrt(READ_NOISE**2 + SHOT_NOISE * left)
            return np.clip(left + noise + 0.5, 0, 255).astype(np.uint8)

        return footage.each(change)

    return alter


def sharpened(footage: Footage, rng: np.random.Generator) -> Footage:
    """An unsharp mask as on phones, too strong."""

    def change(frame: Image, _: int) -> Image:
        soft = cv2.GaussianBlur(frame, (0, 0), 1.5)
        return np.asarray(cv2.addWeighted(frame, 2.3, soft, -1.3, 0), np.uint8)

    return footage.each(change)


def beautified(footage: Footage, rng: np.random.Generator) -> Footage:
    """A beauty filter: the skin smoothed where edges are weak, a little brighter and pinker."""

    def change(frame: Image, place: int) -> Image:
        if np.isnan(footage.boxes[place]).any():
            return frame
        x1, y1, x2, y2 = footage.boxes[place]
        width, height = footage.size
        left, right = max(round(x1 - 0.2 * (x2 - x1)), 0), min(round(x2 + 0.2 * (x2 - x1)), width)
        top, bottom = max(round(y1 - 0.2 * (y2 - y1)), 0), min(round(y2 + 0.2 * (y2 - y1)), height)
        centre, axes = (round((x1 + x2) / 2), round((y1 + y2) / 2)), (round(0.55 * (x2 - x1)), round(0.6 * (y2 - y1)))
        mask = cv2.ellipse(np.zeros(frame.shape[:2], np.uint8), centre, axes, 0, 0, 360, 255, -1)
        soft = cv2.GaussianBlur(mask, (0, 0), 0.06 * float(x2 - x1) + 1).astype(np.float32)[..., None] / 255
        if right <= left or bottom <= top:
            return frame
        seen, near = frame.copy(), (slice(top, bottom), slice(left, right))
        smooth = cv2.bilateralFilter(frame[near], 9, 38, 9).astype(np.float32) * np.array(ROSY, np.float32)
        share = 0.85 * soft[near]
        seen[near] = np.clip(frame[near] * (1 - share) + smooth * share, 0, 255).astype(np.uint8)
        return seen

    return footage.each(change)


def grainy(footage: Footage, rng: np.random.Generator) -> Footage:
    """Film grain: coarse noise of 14 gray levels, equal in all channels."""
    width, height = footage.size

    def change(frame: Image, _: int) -> Image:
        grain = rng.standard_normal((height // 2 + 1, width // 2 + 1)).astype(np.float32) * 14
        return np.clip(frame + cv2.resize(grain, (width, height))[..., None] + 0.5, 0, 255).astype(np.uint8)

    return footage.each(change)


def colour_fringes(footage: Footage, rng: np.random.Generator) -> Footage:
    """A cheap lens: blue is .6 % smaller than green, red .6 % larger."""
    width, height = footage.size

    def change(frame: Image, _: int) -> Image:
        seen = frame.copy()
        for channel, scale in ((0, 0.994), (2, 1.006)):
            place = cv2.getRotationMatrix2D((width / 2, height / 2), 0, scale)
            plane = np.ascontiguousarray(frame[..., channel])
            seen[..., channel] = cv2.warpAffine(plane, place, (width, height), borderMode=cv2.BORDER_REPLICATE)
        return seen

    return footage.each(change)


def barrel(footage: Footage, rng: np.random.Generator) -> Footage:
    """A wide lens, which bends straight lines outwards."""
    width, height = footage.size
    lens = np.array([[0.8 * max(width, height), 0, width / 2], [0, 0.8 * max(width, height), height / 2], [0, 0, 1]])
    maps = cv2.initUndistortRectifyMap(lens, np.array([-0.25, 0, 0, 0]), np.eye(3), lens, (width, height), cv2.CV_32FC1)

    def change(frame: Image, _: int) -> Image:
        return np.asarray(cv2.remap(frame, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101), np.uint8)

    return footage.each(change)


def _face_width(footage: Footage) -> float:
    box = footage.box
    return float(box[2] - box[0])


def _smear(length: float, angle: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """A blur kernel of one line through its middle."""
    half = int(np.ceil(length / 2))
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    ends = [tuple(int(value) for value in np.round((half + sign * reach) * 16)) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_8, 4)
    return np.asarray(kernel / kernel.sum(), np.float32)


DETAIL = (
    Condition("soft", "A little out of focus: a Gaussian of 1.2 % of the face's width.", "detail", blurred(0.012)),
    Condition("blurred", "Out of focus: a Gaussian of 2.5 % of the face's width.", "detail", blurred(0.025)),
    Condition("motion blur", "The camera shakes: smears of 5 % of the face's width.", "detail", moved),
    Condition("noise", "Noise of 6 gray levels.", "detail", noisy(6)),
    Condition("strong noise", "Noise of 14 gray levels.", "detail", noisy(14)),
    Condition("many pixels", "Twice the width and height, with noise of 8 gray levels.", "detail", enlarged(2, 8)),
    Condition("dark and noisy", "A third of the light, with a sensor's noise.", "detail", dark_and_noisy(0.33)),
    Condition("sharpened", "An unsharp mask, too strong.", "detail", sharpened),
    Condition("beauty filter", "Skin smoothed, brighter and pinker.", "detail", beautified),
    Condition("film grain", "Coarse noise of 14 gray levels without colour.", "detail", grainy),
    Condition("colour fringes", "A cheap lens: red larger than blue by 1.2 %.", "detail", colour_fringes),
    Condition("barrel lens", "A wide lens, which bends straight lines.", "detail", barrel),
)

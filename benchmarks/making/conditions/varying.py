"""Conditions that change during the clip: a lamp that flickers, light and colours that drift, a camera that moves."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.making.conditions.condition import Alter, Condition
from benchmarks.making.footage import Footage, Image

Gain = Callable[[float], float | npt.NDArray[np.floating]]
Map = npt.NDArray[np.float64]

STALL_SECONDS = 0.8


def lit(gain: Gain) -> Alter:
    """The whole picture multiplied by `gain(seconds)`, one number or one for each channel."""

    def alter(footage: Footage, rng: np.random.Generator) -> Footage:
        def change(frame: Image, place: int) -> Image:
            return _clipped(frame * np.asarray(gain(float(footage.times[place])), np.float32))

        return footage.each(change)

    return alter


def dappled(footage: Footage, rng: np.random.Generator) -> Footage:
    """Light through leaves: bright and dark patches that sway a little."""
    width, height = footage.size
    patches = cv2.resize(rng.random((9, 9)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    light = 0.45 + 0.75 / (1 + np.exp(-14 * (patches - 0.5)))

    def change(frame: Image, place: int) -> Image:
        time = footage.times[place]
        sway = np.array([[1, 0, 4 * np.sin(2 * time)], [0, 1, 3 * np.cos(1.7 * time)]])
        swayed = cv2.warpAffine(light, sway, (width, height), borderMode=cv2.BORDER_REFLECT_101)
        return _clipped(frame * swayed[..., None])

    return footage.each(change)


def focus_hunts(footage: Footage, rng: np.random.Generator) -> Footage:
    """The lens goes out of focus and back, up to a blur of .5 % of the longest side."""
    most = 0.005 * max(footage.size)

    def change(frame: Image, place: int) -> Image:
        sigma = most * max(0.0, float(np.sin(1.9 * footage.times[place])))
        return np.asarray(cv2.GaussianBlur(frame, (0, 0), sigma), np.uint8) if sigma > 0.3 else frame

    return footage.each(change)


def moved(place: Callable[[float, tuple[int, int]], Map]) -> Alter:
    """The picture under the affine map `place(seconds, size)`, mirrored outside of the frame."""

    def alter(footage: Footage, rng: np.random.Generator) -> Footage:
        def change(frame: Image, number: int) -> Image:
            where = place(float(footage.times[number]), footage.size)
            return np.asarray(cv2.warpAffine(frame, where, footage.size, borderMode=cv2.BORDER_REFLECT_101), np.uint8)

        return footage.each(change)

    return alter


def stalls(footage: Footage, rng: np.random.Generator) -> Footage:
    """One picture stands for .8 s in the middle, as in a call over a bad line."""
    start = float(footage.times[-1]) / 2
    places = np.arange(len(footage.frames))
    held = (footage.times >= start) & (footage.times < start + STALL_SECONDS)
    places[held] = places[held].min(initial=len(places) - 1)
    return footage.at(places, footage.times)


def blended(footage: Footage, rng: np.random.Generator) -> Footage:
    """Each frame with 40 % of the one before it, as after a change of the frame rate."""
    frames = footage.frames
    return footage.each(
        lambda frame, place: np.asarray(cv2.addWeighted(frame, 0.6, frames[max(place - 1, 0)], 0.4, 0), np.uint8)
    )


def _shaken(time: float, size: tuple[int, int]) -> Map:
    """Jerks of up to 3.5 % of the longest side and 1.5 degrees, enlarged by 12 %."""
    place = _about_middle(size, 1.5 * np.sin(6 * time), 1.12)
    reach = 0.022 * max(size)
    place[0, 2] += reach * (np.sin(7.1 * time + 1) + 0.6 * np.sin(13.3 * time))
    place[1, 2] += reach * (np.sin(8.7 * time) + 0.6 * np.sin(15.1 * time + 2))
    return place


def _zoomed(time: float, size: tuple[int, int]) -> Map:
    return _about_middle(size, 0.0, 1 + 0.09 * time)


def _about_middle(size: tuple[int, int], degrees: float, scale: float) -> Map:
    return np.asarray(cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), float(degrees), float(scale)), np.float64)


def _clipped(levels: npt.NDArray[np.floating]) -> Image:
    return np.clip(levels + 0.5, 0, 255).astype(np.uint8)


_DRIFT = np.array([1.0, 0.0, -1.0])

VARYING = (
    Condition(
        "flickering lamp", "Light that pulses by 6 % at 9.7 Hz.", "time", lit(lambda t: 1 + 0.06 * np.sin(60.9 * t))
    ),
    Condition("dappled light", "Light through leaves, which sway.", "time", dappled),
    Condition(
        "exposure hunts", "Brightness swings by 30 % within 3 s.", "time", lit(lambda t: 1 + 0.3 * np.sin(2.3 * t))
    ),
    Condition(
        "colours drift", "From warm to cold light and back.", "time", lit(lambda t: 1 + 0.18 * np.sin(1.6 * t) * _DRIFT)
    ),
    Condition("focus hunts", "Out of focus and back.", "time", focus_hunts),
    Condition("shaken camera", "Jerks of the hand, without blur.", "time", moved(_shaken)),
    Condition("digital zoom", "Slowly enlarged by 9 % a second.", "time", moved(_zoomed)),
    Condition("picture stalls", "One picture stands for .8 s.", "time", stalls),
    Condition("frames blended", "Each frame with 40 % of the one before.", "time", blended),
)

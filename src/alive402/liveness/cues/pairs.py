"""Compares every two frames of a clip, for the cue `repeats` and for the doubt about frames that were left out."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.media import Clip

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

APART_SECONDS = 0.5
"""Least seconds between two compared frames; nearer ones may be alike because the camera doubles frames."""
MOST_FRAMES = 480
"""Every frame of a usual clip: a loop is seen only if the same frame is compared in each round."""
SAME = 0.4
"""Distance below which two frames are one picture, in rms gray levels: the noise of any sensor is larger."""
LIGHT = 1.25
"""Most times by which a frame is brightened or darkened to be as bright as the others."""
BESIDE, LEAST_PAIRS = 2, 8
"""Frames beside a dip with which it is compared, and pairs of frames for a mean distance."""


class Dips(NamedTuple):
    """How deep the distances of frames dip; 1 without a dip.

    Attributes:
        loop: by the number of frames between them.
        turn: at equal times before and after an instant.
        mirrored: mean distance at the dip of `turn`, rms gray levels.
    """

    loop: float
    turn: float
    mirrored: float


def dips(distance: Floats, times: Doubles) -> Dips:
    """Finds the deepest dips.

    Args:
        distance: (n, n), as `compared` gives it.
        times: (n,) seconds.
    """
    first, second = pairs_apart(times)
    found = distance[first, second]
    lags = np.bincount(second - first, minlength=len(times))
    whole = lags == len(times) - np.arange(len(times))  # No pair so many frames apart is too near in time.
    whole[-LEAST_PAIRS:] = False
    by_lag = np.where(whole, mean_by(second - first, found, 1, len(times)), np.nan)
    return Dips(deepest(by_lag, BESIDE), *_deepest_at(mean_by(second + first, found, LEAST_PAIRS), BESIDE))


def pairs_apart(times: Doubles) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Indices of the first and the second frame of each pair at least half a second apart."""
    first, second = np.triu_indices(len(times), 1)
    apart = times[second] - times[first] >= APART_SECONDS
    return first[apart], second[apart]


def mean_by(places: npt.NDArray[np.int64], distance: Floats, least: int, length: int = 0) -> Doubles:
    """Mean distance of the pairs at each place; NaN where there are fewer than `least`."""
    count = np.bincount(places, minlength=length)
    total = np.bincount(places, distance, minlength=length)
    return np.where(count >= least, total / np.maximum(count, 1), np.nan)


def deepest(mean: Doubles, beside: int) -> float:
    """Least ratio of a mean distance to those `beside` places before and after it; 1 where none is smaller."""
    return _deepest_at(mean, beside)[0]


def _deepest_at(mean: Doubles, beside: int) -> tuple[float, float]:
    """The ratio of `deepest`, and the mean distance there; 1 and infinity where none is smaller."""
    ratios = 2 * mean[beside:-beside] / np.maximum(mean[: -2 * beside] + mean[2 * beside :], 2 * SAME)
    at = int(np.nanargmin(ratios)) if np.isfinite(ratios).any() else -1
    return (float(ratios[at]), float(mean[at + beside])) if at >= 0 and ratios[at] < 1 else (1.0, float("inf"))


def spread(times: Doubles) -> npt.NDArray[np.int64]:
    """Indices of frames: all of them, or every second, third ... so that at most 480 are left."""
    return np.arange(0, len(times), -(-len(times) // MOST_FRAMES))


def compared(clip: Clip) -> tuple[Doubles, Floats]:
    """(n,) seconds of the compared frames, and their distances, (n, n) rms gray levels."""
    chosen = spread(clip.times)
    return clip.times[chosen], _distances(_gray(clip.thumbs[chosen]))


def evenly_lit(clip: Clip) -> Floats:
    """The distances of `compared`, of frames that are brightened or darkened to the mean brightness of all.

    A lamp that flickers changes all frames by its own rhythm, and frames of one phase are alike without being the same.
    """
    gray = _gray(clip.thumbs[spread(clip.times)])
    bright = np.maximum(gray.mean(axis=1, keepdims=True), 1.0)
    return _distances(gray * np.clip(bright.mean() / bright, 1 / LIGHT, LIGHT))


def _gray(thumbs: npt.NDArray[np.uint8]) -> Floats:
    """(n, p) float32, the gray levels of n thumbnails of p pixels."""
    gray = np.stack([cv2.cvtColor(thumb, cv2.COLOR_BGR2GRAY) for thumb in thumbs]).astype(np.float32)
    return gray.reshape(len(gray), -1)


def _distances(gray: Floats) -> Floats:
    """(n, n) float32, rms difference of each pair of n thumbnails, (n, p) gray levels."""
    flat = gray - gray.mean()  # Keeps the squares small, so that float32 loses nothing.
    squares = (flat**2).sum(axis=1)
    between = squares[:, None] + squares - 2 * flat @ flat.T
    result: Floats = np.sqrt(np.maximum(between, 0) / flat.shape[1]).astype(np.float32)
    return result

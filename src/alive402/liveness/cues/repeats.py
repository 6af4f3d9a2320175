"""Repeats cue: does the clip show the same picture again, as a frozen or looped stream does?

Sensor noise and the smallest movement make every filmed frame unlike all others; a frozen or looped stream repeats
itself to within the codec's loss (compare Wang and Farid 2007, on duplicated frames).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.cues.evidence import ramp, silent
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from alive402.liveness.report import Cue

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

NAME = "repeats"
UNIT = "share of the frames that repeat an earlier one"
NORMAL = (0.0, 0.1)

APART_SECONDS = 0.5  # Nearer frames may be alike because the camera doubles frames.
LEAST_SECONDS = 1.0
MOST_FRAMES = 480  # Every frame of a usual clip: a loop is seen only if the same frame is compared in each round.

# A frame is a repetition if its distance to another frame is less than half of the distance between neighbours (whose
# noise alone is larger on bona fide clips), or less than any sensor allows (rms gray levels of the thumbnail).
SAME_SHARE, SAME = 0.4, 0.4
NEIGHBOUR_SECONDS = 0.11
"""Most seconds between two neighbours; farther frames differ by motion, which says nothing about their noise."""
NOTHING, CERTAIN = 0.4, 0.7
STILL = 2.0

# A loop whose codec adds its own noise: at the loop's length, frames are far more alike than two frames before or after
# it. Real motion, however regular, passes a similar picture slowly. A stream that is played forth and back is alike at
# equal times before and after its turn: of 119 bona fide clips the deepest such dip is .76, of made ones mostly .1 to
# .4 (benchmarks/making, "loop, ping-pong").
BESIDE = 2
LEAST_PAIRS = 8
SHALLOW, DEEP = 0.7, 0.5
TURN_SHALLOW, TURN_DEEP = 0.55, 0.4


def repeats(clip: Clip, track: FaceTrack) -> Cue:
    """Share of frames for which another frame, at least half a second away, shows the same picture.

    Negative score: a frozen or looped stream. Never positive.
    """
    chosen = spread(clip.times)
    times = clip.times[chosen]
    apart = np.abs(times[:, None] - times) >= APART_SECONDS
    if times[-1] - times[0] < LEAST_SECONDS or not apart.any(axis=1).all():
        return silent(NAME, UNIT, NORMAL, "The clip is too short to tell whether it repeats.", "injected_or_edited")
    distance = distances(clip.thumbs[chosen])
    usual = float(np.median(distance[apart]))
    close = float(np.median(np.diff(times))) <= NEIGHBOUR_SECONDS
    same = max(SAME, SAME_SHARE * float(np.median(np.diagonal(distance, 1)))) if close else SAME
    nearest = np.where(apart, distance, np.inf).min(axis=1)
    loop, turn = dips(distance, times)
    looped = max(ramp(loop, SHALLOW, DEEP), ramp(turn, TURN_SHALLOW, TURN_DEEP))
    value = max(float((nearest < same).mean()), looped)
    score = 0.0 - max(ramp(value, NOTHING, CERTAIN), looped)
    message = "No picture comes twice."
    if score < 0:
        message = (
            "The picture hardly ever changes: a frozen stream or a still."
            if usual < STILL
            else "The same pictures come again and again: a looped stream."
        )
    return Cue(NAME, score, 0.0, value, UNIT, NORMAL, message, "injected_or_edited")


def dips(distance: Floats, times: Doubles) -> tuple[float, float]:
    """How deep the distances of frames dip, by the number of frames between them and around a turn; 1 without a dip.

    Args:
        distance: (n, n), as `distances` gives it.
        times: (n,) seconds.
    """
    first, second = pairs_apart(times)
    found = distance[first, second]
    lags = np.bincount(second - first, minlength=len(times))
    whole = lags == len(times) - np.arange(len(times))  # No pair so many frames apart is too near in time.
    whole[-LEAST_PAIRS:] = False
    by_lag = np.where(whole, mean_by(second - first, found, 1, len(times)), np.nan)
    return deepest(by_lag, BESIDE), deepest(mean_by(second + first, found, LEAST_PAIRS), BESIDE)


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
    ratios = 2 * mean[beside:-beside] / np.maximum(mean[: -2 * beside] + mean[2 * beside :], 2 * SAME)
    return float(np.nanmin(ratios, initial=1.0)) if np.isfinite(ratios).any() else 1.0


def spread(times: Doubles) -> npt.NDArray[np.int64]:
    """Indices of frames: all of them, or every second, third ... so that at most 480 are left."""
    return np.arange(0, len(times), -(-len(times) // MOST_FRAMES))


def distances(thumbs: npt.NDArray[np.uint8]) -> Floats:
    """(n, n) float32, rms difference in gray levels of each pair of thumbnails."""
    gray = np.stack([cv2.cvtColor(thumb, cv2.COLOR_BGR2GRAY) for thumb in thumbs]).astype(np.float32)
    flat = gray.reshape(len(gray), -1)
    flat -= flat.mean()  # Keeps the squares small, so that float32 loses nothing.
    squares = (flat**2).sum(axis=1)
    between = squares[:, None] + squares - 2 * flat @ flat.T
    result: Floats = np.sqrt(np.maximum(between, 0) / flat.shape[1]).astype(np.float32)
    return result

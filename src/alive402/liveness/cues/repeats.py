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
    chosen = _spread(clip.times)
    times = clip.times[chosen]
    apart = np.abs(times[:, None] - times) >= APART_SECONDS
    if times[-1] - times[0] < LEAST_SECONDS or not apart.any(axis=1).all():
        return silent(NAME, UNIT, NORMAL, "The clip is too short to tell whether it repeats.", "injected_or_edited")
    distance = distances(clip.thumbs[chosen])
    usual = float(np.median(distance[apart]))
    close = float(np.median(np.diff(times))) <= NEIGHBOUR_SECONDS
    same = max(SAME, SAME_SHARE * float(np.median(np.diagonal(distance, 1)))) if close else SAME
    nearest = np.where(apart, distance, np.inf).min(axis=1)
    looped = max(ramp(_dip(distance, apart), SHALLOW, DEEP), ramp(_turn(distance, apart), TURN_SHALLOW, TURN_DEEP))
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


def dips(clip: Clip) -> tuple[float, float]:
    """How deep the distances of a clip's frames dip at the length of a loop, and around a turn; 1 without a dip."""
    chosen = _spread(clip.times)
    times = clip.times[chosen]
    apart = np.abs(times[:, None] - times) >= APART_SECONDS
    distance = distances(clip.thumbs[chosen])
    return _dip(distance, apart), _turn(distance, apart)


def _dip(distance: npt.NDArray[np.float32], apart: npt.NDArray[np.bool_]) -> float:
    """Least ratio of the mean distance at one lag to that two frames before and after; 1 where none is smaller."""
    count = len(distance)
    lags = [lag for lag in range(1, count - LEAST_PAIRS) if np.diagonal(apart, lag).all()]
    return _deepest({lag: float(np.diagonal(distance, lag).mean()) for lag in lags})


def _turn(distance: npt.NDArray[np.float32], apart: npt.NDArray[np.bool_]) -> float:
    """The same ratio for frames at equal times before and after the best turning point."""
    mirrored, counted = distance[:, ::-1], apart[:, ::-1]
    mean: dict[int, float] = {}
    for moment in range(1 - len(distance), len(distance)):
        chosen = np.diagonal(counted, moment)
        if chosen.sum() >= 2 * LEAST_PAIRS:  # Each pair is in the matrix twice.
            mean[moment] = float(np.diagonal(mirrored, moment)[chosen].mean())
    return _deepest(mean)


def _deepest(mean: dict[int, float]) -> float:
    """Least ratio of a mean distance to those two places before and after it; 1 where none is smaller."""
    ratios = [
        2 * mean[place] / max(mean[place - BESIDE] + mean[place + BESIDE], 2 * SAME)
        for place in mean
        if place - BESIDE in mean and place + BESIDE in mean
    ]
    return min(ratios, default=1.0)


def _spread(times: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Indices of frames: all of them, or every second, third ... so that at most 480 are left."""
    return np.arange(0, len(times), -(-len(times) // MOST_FRAMES))


def distances(thumbs: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """(n, n) float32, rms difference in gray levels of each pair of thumbnails."""
    gray = np.stack([cv2.cvtColor(thumb, cv2.COLOR_BGR2GRAY) for thumb in thumbs]).astype(np.float32)
    flat = gray.reshape(len(gray), -1)
    flat -= flat.mean()  # Keeps the squares small, so that float32 loses nothing.
    squares = (flat**2).sum(axis=1)
    between = squares[:, None] + squares - 2 * flat @ flat.T
    result: npt.NDArray[np.float32] = np.sqrt(np.maximum(between, 0) / flat.shape[1]).astype(np.float32)
    return result

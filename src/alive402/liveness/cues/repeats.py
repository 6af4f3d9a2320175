"""Repeated and looping frames: does the clip show the same picture again, as nothing filmed from life ever does?

Noise of the sensor and the smallest movement make every filmed frame unlike all others; a frozen or looped stream
repeats itself to within the codec's loss (compare Wang and Farid 2007, on duplicated frames).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.clip import Clip
from alive402.liveness.cues.evidence import ramp, silent
from alive402.liveness.faces import FaceTrack
from alive402.liveness.report import Cue

NAME = "repeats"
UNIT = "share of frames that come again"
NORMAL = (0.0, 0.1)

APART_SECONDS = 0.5  # nearer frames may be alike by the camera's own frame doubling
LEAST_SECONDS = 1.0
FRAMES_A_SECOND = 16
MOST_FRAMES = 400

# rms gray levels of the thumbnail; bona fide clips: lowest decile .94 and more
SAME, SAME_SHARE, SAME_MOST = 0.5, 0.03, 0.9
NOTHING, CERTAIN = 0.35, 0.7
STILL = 2.0


def repeats(clip: Clip, track: FaceTrack) -> Cue:
    """Share of frames for which another frame, at least half a second away, shows the same picture.

    Negative score: a frozen or looped stream. Never positive.
    """
    chosen = _spread(clip.times)
    times = clip.times[chosen]
    apart = np.abs(times[:, None] - times) >= APART_SECONDS
    if times[-1] - times[0] < LEAST_SECONDS or not apart.any(axis=1).all():
        return silent(NAME, UNIT, NORMAL, "The clip is too short to tell whether it repeats.", "injected_or_edited")
    distance = _distances(clip.thumbs[chosen])
    usual = float(np.median(distance[apart]))
    same = min(max(SAME, SAME_SHARE * usual), SAME_MOST)
    nearest = np.where(apart, distance, np.inf).min(axis=1)
    value = float((nearest < same).mean())
    score = 0.0 - ramp(value, NOTHING, CERTAIN)
    message = "No picture comes twice."
    if score < 0:
        message = (
            "The picture hardly ever changes: a frozen stream or a still."
            if usual < STILL
            else "The same pictures come again and again: a looped stream."
        )
    return Cue(NAME, score, 0.0, value, UNIT, NORMAL, message, "injected_or_edited")


def _spread(times: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Indices of frames, at most 16 a second and 400 in all."""
    step = max(1 / FRAMES_A_SECOND, (times[-1] - times[0]) / MOST_FRAMES)
    slots = np.floor((times - times[0]) / step + 1e-6).astype(np.int64)
    return np.unique(slots, return_index=True)[1].astype(np.int64)


def _distances(thumbs: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """(n, n) float32, rms difference in gray levels of each pair of thumbnails."""
    gray = np.stack([cv2.cvtColor(thumb, cv2.COLOR_BGR2GRAY) for thumb in thumbs]).astype(np.float32)
    flat = gray.reshape(len(gray), -1)
    flat -= flat.mean()  # keeps the squares small, so that float32 loses nothing
    squares = (flat**2).sum(axis=1)
    between = squares[:, None] + squares - 2 * flat @ flat.T
    result: npt.NDArray[np.float32] = np.sqrt(np.maximum(between, 0) / flat.shape[1]).astype(np.float32)
    return result

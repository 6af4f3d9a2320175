"""Repeats cue: does the clip show the same picture again, as a frozen or looped stream does?

Sensor noise and the smallest movement make every filmed frame unlike all others; a frozen or looped stream repeats
itself to within the codec's loss (compare Wang and Farid 2007, on duplicated frames).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from alive402.liveness.cues.evidence import ramp, silent
from alive402.liveness.cues.pairs import APART_SECONDS, SAME, Doubles, Floats, compared, dips, evenly_lit
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from alive402.liveness.report import Cue

NAME = "repeats"
UNIT = "share of the frames that repeat an earlier one"
NORMAL = (0.0, 0.1)

LEAST_SECONDS = 1.0

# A frame is a repetition if its distance to another frame is less than half of the distance between neighbours (whose
# noise alone is larger on bona fide clips), or less than `SAME`.
SAME_SHARE = 0.4
NEIGHBOUR_SECONDS = 0.11
"""Most seconds between two neighbours; farther frames differ by motion, which says nothing about their noise."""
NOTHING, CERTAIN = 0.4, 0.7
STILL = 2.0

# A loop whose codec adds its own noise: at the loop's length, frames are far more alike than two frames before or after
# it. Real motion, however regular, passes a similar picture slowly. A stream that is played forth and back is alike at
# equal times before and after its turn (`python -m benchmarks.conditions clips.csv --conditions attacks` judges made
# ones, "loop, ping-pong").
SHALLOW, DEEP = 0.7, 0.5
TURN_SHALLOW, TURN_DEEP = 0.55, 0.4
MIRRORED_NOTHING, MIRRORED_CERTAIN = 1.4, 1.1
"""Mean distance of the pictures at equal times before and after the turn, in distances of neighbours. A played stream
shows the same pictures there; a person who swings back misses them by more than a frame's motion."""
NOISE = 3.0
"""rms gray levels that a codec may add to a repeated picture. The distance of neighbours is taken to be no less."""


def repeats(clip: Clip, track: FaceTrack) -> Cue:
    """Share of frames for which another frame, at least half a second away, shows the same picture.

    Negative score: a frozen or looped stream. Never positive.
    """
    times, distance = clip.once(compared)
    apart = np.abs(times[:, None] - times) >= APART_SECONDS
    if times[-1] - times[0] < LEAST_SECONDS or not apart.any(axis=1).all():
        return silent(NAME, UNIT, NORMAL, "The clip is too short to tell whether it repeats.", "injected_or_edited")
    usual = float(np.median(distance[apart]))
    value, strength = _measured(times, distance, apart)
    if strength > 0:
        even = _measured(times, evenly_lit(clip), apart)
        value, strength = min(value, even[0]), min(strength, even[1])
    score = 0.0 - strength
    message = "No picture comes twice."
    if score < 0:
        message = (
            "The picture hardly ever changes: a frozen stream or a still."
            if usual < STILL
            else "The same pictures come again and again: a looped stream."
        )
    return Cue(NAME, score, 0.0, value, UNIT, NORMAL, message, "injected_or_edited")


def _measured(times: Doubles, distance: Floats, apart: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Share of repeated frames or how surely they are looped, and strength of the evidence, both 0..1.

    Args:
        times: (n,) seconds.
        distance: (n, n) of the frames.
        apart: (n, n), whether two frames are at least half a second apart.
    """
    close = float(np.median(np.diff(times))) <= NEIGHBOUR_SECONDS
    neighbours = float(np.median(np.diagonal(distance, 1)))
    same = max(SAME, SAME_SHARE * neighbours) if close else SAME
    nearest = np.where(apart, distance, np.inf).min(axis=1)
    found = dips(distance, times)
    mirrored = found.mirrored / max(neighbours, NOISE)
    turned = min(ramp(found.turn, TURN_SHALLOW, TURN_DEEP), ramp(mirrored, MIRRORED_NOTHING, MIRRORED_CERTAIN))
    looped = max(ramp(found.loop, SHALLOW, DEEP), turned)
    value = max(float((nearest < same).mean()), looped)
    return value, max(ramp(value, NOTHING, CERTAIN), looped)

"""Finds movements in the curves of a face: peaks that rise out of the rest and come back.

A peak counts by its prominence, the height over the higher of the two valleys beside it (Helman 2005, the measure of
mountains; as in scipy.signal.peak_prominences), because people drift while they sit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alive402.liveness.challenge.fitted import Limit, Limits, packaged
from alive402.liveness.challenge.signals import Signals

Doubles = npt.NDArray[np.float64]

OUT_OF_REST = 0.5
"""Least distance of a peak from the rest, in thresholds; the way back from the other side is no movement."""
BEGUN = 0.3
"""Share of a movement's height, over the rest or over the valley before it, at which it has begun."""
LEAST_FRAMES = 5


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement.

    Attributes:
        kind: as in a step.
        onset: seconds, when it had begun.
        peak: seconds, when it was largest.
        value: its prominence, in the unit of its threshold.
        size: its prominence in thresholds, at least 1.
        reach: the largest threshold at which it would be found, in the same unit as `value`.
    """

    kind: str
    onset: float
    peak: float
    value: float
    size: float
    reach: float


def find_movements(signals: Signals, lead: float, limits: Limits | None = None) -> tuple[Movement, ...]:
    """Every movement of the face, in the order of the peaks.

    Args:
        signals: the curves.
        lead: seconds of rest at the beginning, whose median is the rest; 0 takes the median of the whole clip.
        limits: the thresholds; by default the packaged ones.
    """
    if len(signals.times) < LEAST_FRAMES:
        return ()
    resting = at_rest(signals.times, lead)
    curves = {"yaw": signals.yaw, "pitch": signals.pitch, "mouth": signals.mouth}
    found = []
    for kind, limit in (limits or packaged()).movements.items():
        curve = limit.sign * curves[limit.signal]
        found += _peaks(kind, signals.times, _smooth(curve) - float(np.median(curve[resting])), limit)
    return tuple(sorted(found, key=lambda one: (one.peak, one.kind)))


def at_rest(times: Doubles, lead: float) -> npt.NDArray[np.bool_]:
    """(k,) bool, the times in which the face rests: the first `lead` seconds; all where no rest was requested."""
    return times <= times[0] + lead if lead > 0 and len(times) else np.ones(len(times), bool)


def _peaks(kind: str, times: Doubles, heights: Doubles, limit: Limit) -> list[Movement]:
    """The peaks of one curve, (k,) heights over the rest."""
    found = []
    least = OUT_OF_REST * limit.threshold
    for place in range(1, len(heights) - 1):
        top = heights[place]
        if top < least or top <= heights[place - 1] or top < heights[place + 1]:
            continue
        prominence = top - max(_valley(heights[place::-1]), _valley(heights[place:]))
        if prominence < limit.threshold:
            continue
        begun = np.flatnonzero(heights[:place] <= top - (1 - BEGUN) * min(prominence, top))
        onset = times[begun[-1]] if len(begun) else times[0]
        size, reach = prominence / limit.threshold, min(prominence, top / OUT_OF_REST)
        found.append(Movement(kind, float(onset), float(times[place]), float(prominence), float(size), float(reach)))
    return found


def _valley(heights: Doubles) -> float:
    """The lowest height from the first one on, until one is higher than the first."""
    higher = np.flatnonzero(heights > heights[0])
    return float(heights[: higher[0] if len(higher) else len(heights)].min())


def _smooth(curve: Doubles) -> Doubles:
    """Removes single outliers: the median of each value and its two neighbours."""
    padded = np.pad(curve, 1, mode="edge")
    return np.asarray(np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0), np.float64)

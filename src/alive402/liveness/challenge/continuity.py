"""Finds breaks in the curves of a face: times without a mesh, and jumps that no head makes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from alive402.liveness.challenge.signals import Signals

Doubles = npt.NDArray[np.float64]

LONGEST_PAUSE = 0.35
"""Seconds from one mesh to the next; in a longer pause anything may have happened."""
JUMP_PLACE, JUMP_SIZE, JUMP_ANGLE = 0.5, 0.15, 35.0
"""Least step of the face's place (half-widths), of the logarithm of its size, and of its angles (degrees) in a jump."""
TIMES = 4.0
"""Least ratio of such a step to the steps beside it; a head speeds up and slows down."""
BESIDE = 2
"""Steps on each side of a jump that it is compared with."""


@dataclass(frozen=True, slots=True)
class Continuity:
    """The breaks of a clip.

    Attributes:
        pauses: seconds (begin, end) of each time without a mesh; the time before the first and after the last one too.
        cuts: seconds of each jump.
    """

    pauses: tuple[tuple[float, float], ...]
    cuts: tuple[float, ...]

    def unseen(self, begins: float, ends: float) -> bool:
        """Whether part of the time from `begins` to `ends` lies in a pause."""
        return any(first < ends and last > begins for first, last in self.pauses)


def find_breaks(signals: Signals, cut_times: tuple[float, ...] = ()) -> Continuity:
    """The breaks of a face's curves, and the cuts of its clip that were found in another way, in seconds."""
    times = signals.times
    if not len(times):
        return Continuity(((-np.inf, np.inf),), cut_times)
    pauses = [(-np.inf, times[0])] if times[0] > LONGEST_PAUSE else []
    pauses += [(one, other) for one, other in pairwise(times) if other - one > LONGEST_PAUSE]
    pauses.append((times[-1] + LONGEST_PAUSE / 2, np.inf))
    found = {round(time, 3) for time in (*cut_times, *_jumps(signals))}
    return Continuity(tuple((float(one), float(other)) for one, other in pauses), tuple(sorted(found)))


def _jumps(signals: Signals) -> list[float]:
    """Seconds of the frames before which the face jumped."""
    if len(signals.times) < 2 * BESIDE + 2:
        return []
    pose = np.stack([signals.yaw, signals.pitch], axis=1)
    steps = np.stack(
        [
            np.linalg.norm(np.diff(signals.centre, axis=0), axis=1) / JUMP_PLACE,
            np.abs(np.diff(signals.size)) / JUMP_SIZE,
            np.linalg.norm(np.diff(pose, axis=0), axis=1) / JUMP_ANGLE,
        ],
        axis=1,
    )
    joined = np.diff(signals.times) <= LONGEST_PAUSE
    found = []
    for place in np.flatnonzero(joined & (steps.max(axis=1) >= 1.0)).tolist():
        beside = [one for one in range(place - BESIDE, place + BESIDE + 1) if one != place and 0 <= one < len(steps)]
        which = int(steps[place].argmax())
        if steps[place, which] >= TIMES * float(steps[beside, which].max()):
            found.append(float(signals.times[place + 1]))
    return found

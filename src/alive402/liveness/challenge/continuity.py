"""Finds breaks in a clip of a face: times without a mesh, and jumps that no head and no picture of one take makes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.challenge.signals import Signals
from alive402.liveness.media import Clip

Doubles = npt.NDArray[np.float64]

LONGEST_PAUSE = 0.35
"""Seconds from one mesh to the next; in a longer pause anything may have happened."""
JUMP_PLACE, JUMP_SIZE, JUMP_ANGLE = 0.5, 0.15, 35.0
"""Least step of the face's place (half-widths), of the logarithm of its size, and of its angles (degrees) in a jump."""
TIMES = 4.0
"""Least ratio of such a step to the steps beside it; a head speeds up and slows down."""
BESIDE = 2
"""Steps on each side of a jump that it is compared with."""
SAME_FRAME = 0.35
"""Mean difference in gray levels below which two frames show the same picture."""
PICTURE_TIMES, PICTURES_BESIDE, LEAST_CHANGE = 3.0, 3, 0.6
"""Least ratio of the change from one picture to the next to the largest of the changes beside it; how many of those on
each side; and the least such change, in mean gray levels, that is assumed."""
LEAST_RATE = 10.0
"""Pictures a second from which changes of neighbouring ones compare."""


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


def picture_jumps(clip: Clip) -> tuple[float, ...]:
    """Seconds of the pictures before which the whole picture changed far more than just before and after.

    Two takes at the same place differ little, and a face at rest hardly jumps; but in one take the change from picture
    to picture grows and falls over several of them (adaptive threshold: Yeo and Liu 1995, as in `decision.cuts`).
    Pictures that look like the one before are left out: cameras repeat frames, and codecs do where nothing moves. The
    longer the time since the last picture that differs, the larger the change has to be.
    """
    kept: list[int] = []
    steps: list[float] = []
    last: npt.NDArray[np.uint8] | None = None
    for place, thumb in enumerate(clip.thumbs):
        gray = np.asarray(cv2.cvtColor(thumb, cv2.COLOR_BGR2GRAY), np.uint8)
        change = 0.0 if last is None else float(cv2.norm(gray, last, cv2.NORM_L1)) / gray.size
        if last is None or change >= SAME_FRAME:
            last = gray
            kept.append(place)
            steps.append(change)
    if len(kept) < 2 * PICTURES_BESIDE + 2:
        return ()
    times, changes = clip.times[kept], np.asarray(steps[1:])
    waits, apart = np.diff(times), np.diff(clip.times)
    found = []
    for place in range(PICTURES_BESIDE, len(changes) - PICTURES_BESIDE):
        beside = _beside(place, PICTURES_BESIDE)
        usual = float(np.median(apart[kept[place - PICTURES_BESIDE] : kept[place + PICTURES_BESIDE + 1]]))
        if usual > 1.0 / LEAST_RATE or apart[kept[place + 1] - 1] > LONGEST_PAUSE:
            continue
        wait = min(float(waits[place]), LONGEST_PAUSE)
        expected = max(float(changes[beside].max()), LEAST_CHANGE) * max(1.0, wait / max(usual, 1e-3))
        if changes[place] >= PICTURE_TIMES * expected:
            found.append(float(times[place + 1]))
    return tuple(found)


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
    for place in range(BESIDE, len(steps) - BESIDE):
        which = int(steps[place].argmax())
        least = max(1.0, TIMES * float(steps[_beside(place, BESIDE), which].max()))
        if joined[place] and steps[place, which] >= least:
            found.append(float(signals.times[place + 1]))
    return found


def _beside(place: int, count: int) -> list[int]:
    """The `count` places before and after a place. A clip's ends are not judged, because cameras start unevenly."""
    return [*range(place - count, place), *range(place + 1, place + count + 1)]

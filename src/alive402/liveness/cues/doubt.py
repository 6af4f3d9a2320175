"""Tells from the frames that were decoded whether the cues of every frame need the others too.

Where frames were left out, a loop and a tremble of the light are seen at fewer instants. The limits here are wider than
those of the cues: where there is a doubt, the cues judge all frames. A loop beyond doubt needs no more of them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from alive402.liveness.cues.repeats import APART_SECONDS, dips, distances
from alive402.liveness.cues.repeats import NAME as REPEATS
from alive402.liveness.media import Clip
from alive402.liveness.report import Cue

REPEATED = 0.3
"""Share of repeated pictures from which there is a doubt. Bona fide clips end at .1; evidence begins at .4."""
LOOP, TURN = 0.8, 0.66
"""Ratio of the distance of two pictures a loop's length apart, or beside its turn, to that a little farther, from which
there is a doubt. With every second frame left out, bona fide clips end at .93 and .69; loops measure .1 to .37."""
CERTAIN_LOOP, CERTAIN_TURN = 0.4, 0.3
"""The same ratio below which the decoded frames alone prove a loop; `repeats` is certain at .5 and .4."""
BY_TIME = 0.55
"""The same ratio by the time of the frames instead of their number. It is noisier, but holds where frames were left out
unevenly."""
LEAST_PAIRS, BESIDE, NOISE = 12, 4, 0.8
"""Pairs of frames for a mean distance; frames beside a dip with which it is compared; and least sum of the two
distances there, in gray levels."""


def doubtful(clip: Clip, cues: Mapping[str, Cue]) -> bool:
    """Whether a clip with frames left out hints at a repeated, looped or trembling picture; `cues` are its cues."""
    if (cues["flicker"].score or 0.0) < 0:
        return True
    found = cues[REPEATS]
    if found.score is None or found.value is None:
        return False
    loop, turn = dips(clip)
    if loop < CERTAIN_LOOP or turn < CERTAIN_TURN:
        return False
    seen = found.score < 0 or found.value > REPEATED or loop < LOOP or turn < TURN
    return seen or min(dips_by_time(clip)) < BY_TIME


def dips_by_time(clip: Clip) -> tuple[float, float]:
    """The deepest dip in the distance of two pictures: by the time between them, and by the instant in their middle."""
    times = clip.times
    step = float(times[-1] - times[0]) / max(len(times) + len(clip.unseen) - 1, 1)
    first, second = np.triu_indices(len(times), 1)
    apart = times[second] - times[first] >= APART_SECONDS
    first, second = first[apart], second[apart]
    found = distances(clip.thumbs)[first, second]
    between, middle = times[second] - times[first], times[second] + times[first] - 2 * times[0]
    return _deepest(np.rint(between / step).astype(int), found), _deepest(np.rint(middle / step).astype(int), found)


def _deepest(places: npt.NDArray[np.int64], distance: npt.NDArray[np.float32]) -> float:
    """Least ratio of the mean distance at one place to that beside it; 1 where none is smaller."""
    if not len(places):
        return 1.0
    count = np.bincount(places)
    mean = np.where(count >= LEAST_PAIRS, np.bincount(places, distance) / np.maximum(count, 1), np.nan)
    ratios = 2 * mean[BESIDE:-BESIDE] / np.maximum(mean[: -2 * BESIDE] + mean[2 * BESIDE :], NOISE)
    return float(np.nanmin(ratios, initial=1.0)) if np.isfinite(ratios).any() else 1.0

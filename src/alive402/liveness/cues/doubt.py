"""Decides from the decoded frames whether those that were left out have to be decoded too.

Where frames were left out, a loop and a tremble of the light are seen at fewer instants. The limits here are wider than
those of the cues: where there is a doubt, the cues judge all frames. A loop beyond doubt needs no more of them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from alive402.liveness.cues.pairs import Doubles, Floats, compared, deepest, dips, mean_by, pairs_apart
from alive402.liveness.media import Clip
from alive402.liveness.report import Cue

REPEATED = 0.3
"""Share of repeated pictures from which there is a doubt: between bona fide clips and where the evidence begins."""
LOOP, TURN = 0.8, 0.66
"""Ratio of the distance of two pictures a loop's length apart, or beside its turn, to that a little farther, from which
there is a doubt. With every second frame left out, bona fide clips stay above both, and loops are far below."""
CERTAIN_LOOP, CERTAIN_TURN = 0.4, 0.3
"""The same ratio below which the decoded frames alone prove a loop: lower than where `repeats` is certain."""
BY_TIME = 0.55
"""The same ratio by the time of the frames instead of their number. It is noisier, but holds where frames were left out
unevenly."""
LEAST_PAIRS, BESIDE = 12, 4
"""Pairs of frames for a mean distance, and frames beside a dip with which it is compared."""


def doubtful(clip: Clip, cues: Mapping[str, Cue]) -> bool:
    """Whether a clip with frames left out hints at a repeated, looped or trembling picture; `cues` are its cues."""
    if (cues["flicker"].score or 0.0) < 0:
        return True
    found = cues["repeats"]
    if found.score is None or found.value is None:
        return False
    times, distance = clip.once(compared)
    loop, turn, _ = dips(distance, times)
    if loop < CERTAIN_LOOP or turn < CERTAIN_TURN:
        return False
    seen = found.score < 0 or found.value > REPEATED or loop < LOOP or turn < TURN
    return seen or _dip_by_time(clip, distance, times) < BY_TIME


def _dip_by_time(clip: Clip, distance: Floats, times: Doubles) -> float:
    """The deepest dip in the distance of two pictures, by the time between them or by the instant in their middle."""
    step = float(clip.times[-1] - clip.times[0]) / max(len(clip.times) + len(clip.unseen) - 1, 1)
    first, second = pairs_apart(times)
    found, instants = distance[first, second], (times - times[0]) / step
    return min(
        deepest(mean_by(np.rint(one).astype(np.int64), found, LEAST_PAIRS), BESIDE)
        for one in (instants[second] - instants[first], instants[second] + instants[first])
    )

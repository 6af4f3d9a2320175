"""Tests of the doubt with which frames that were left out are decoded: loops raise it, people who move do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from alive402.liveness import cues
from alive402.liveness.cues.doubt import doubtful
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from tests.liveness import scenes
from tests.liveness.cues.test_repeats import BOX, wandering


def filmed(places: Sequence[tuple[float, float]]) -> tuple[Clip, FaceTrack]:
    boxes = [scenes.shifted(BOX, x, y) for x, y in places]
    return scenes.film([scenes.face(scenes.room(), box) for box in boxes], boxes, noise=2.0)


def thinned(clip: Clip, kept: npt.NDArray[np.bool_]) -> Clip:
    """The clip as it is when only the `kept` frames were decoded."""
    return replace(clip, times=clip.times[kept], thumbs=clip.thumbs[kept], unseen=clip.times[~kept])


def is_doubtful(clip: Clip, track: FaceTrack) -> bool:
    return doubtful(clip, cues.measure(clip, track, cues.OF_EVERY_FRAME))


def patterns(count: int) -> list[npt.NDArray[np.bool_]]:
    """Every second frame, and unevenly: what is left of two groups of pictures."""
    place = np.arange(count)
    return [place % 2 == 0, (place % 2 == 0) | (place % 15 < 4), np.isin(place % 5, (0, 2, 3))]


@pytest.mark.parametrize("length", [25, 32])
@pytest.mark.parametrize("there_and_back", [False, True])
def test_loop_is_certain_or_doubtful_whatever_is_left_out(length: int, there_and_back: bool) -> None:
    path = wandering(length)
    clip, track = filmed(((path + path[-2:0:-1]) * 3 if there_and_back else path * 4)[:110])
    for part in (thinned(clip, kept) for kept in patterns(len(clip.times))):
        assert cues.repeats(part, track).score == -1 or is_doubtful(part, track)


def test_frozen_stream_is_certain_or_doubtful() -> None:
    clip, track = filmed([(0.0, 0.0)] * 60)
    part = thinned(clip, np.arange(60) % 2 == 0)
    assert cues.repeats(part, track).score == -1 or is_doubtful(part, track)


def test_person_who_moves_is_not_doubtful() -> None:
    clip, track = filmed(wandering(90))
    assert [is_doubtful(thinned(clip, kept), track) for kept in patterns(90)] == [False] * 3

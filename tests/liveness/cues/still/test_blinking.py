"""Tests of the measure of a blink: near 1 on stills however they move, above 1.45 where eyes close."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.liveness.cues.still.blinking import blink
from alive402.liveness.cues.still.following import follow
from tests.liveness import scenes
from tests.liveness.cues.still.test_stills import BOX, FRAMES, Image, moved, portrait, shake, tilt, zoom


def measured(frames: list[Image], noise: float) -> float:
    clip, track = scenes.film(frames, [BOX] * len(frames), noise=noise)
    followed = follow(clip, track)
    assert followed is not None
    return blink(clip, track, followed)


@pytest.mark.parametrize("place", [zoom, shake, tilt])
@pytest.mark.parametrize("noise", [1.0, 4.0])
def test_moved_still_does_not_blink(place: Callable[[float], npt.NDArray[np.float32]], noise: float) -> None:
    assert measured(moved(portrait(), place), noise) < 1.35


@settings(max_examples=8, deadline=None)
@given(st.integers(0, FRAMES - 8), st.sampled_from([1.0, 2.0, 4.0]))
def test_a_fifth_of_a_second_with_closed_eyes_is_found_wherever_it_is(begins: int, noise: float) -> None:
    middle = FRAMES // 2  # The reference, where the eyes are taken to be open.
    if abs(begins + 3 - middle) < 9:
        begins += 18
    awake, closed = portrait(), portrait(lids=1.0)
    frames = [closed if begins <= step < begins + 6 else awake for step in range(FRAMES)]
    assert measured(frames, noise) > 1.45


def test_clip_of_one_repeated_picture_gives_nothing_to_compare() -> None:
    clip, track = scenes.film([portrait()] * FRAMES, [BOX] * FRAMES, noise=0.0)
    followed = follow(clip, track)
    assert followed is not None
    assert blink(clip, track, followed) == 0

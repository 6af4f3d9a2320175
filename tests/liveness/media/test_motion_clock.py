"""Tests of the choice of motion frames: 8 a second, fewer in a long clip, a bounded number in any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.liveness.media.motion_clock import MOTION_FRAMES, MotionClock


@pytest.mark.parametrize(("rate", "chosen"), [(30, 48), (25, 48), (8, 48), (5, 30)])
def test_eight_frames_a_second_are_chosen(rate: int, chosen: int) -> None:
    clock = MotionClock(6.0)
    assert sum(clock.chooses(place / rate) for place in range(6 * rate)) == chosen


@given(st.floats(0.0, 1e6), st.integers(1, 60), st.integers(1, 4000))
def test_number_is_bounded_whatever_the_length(expected: float, rate: int, frames: int) -> None:
    clock = MotionClock(expected)
    chosen = [place / rate for place in range(frames) if clock.chooses(place / rate)]
    assert chosen[0] == 0.0
    assert len(chosen) <= 2 * MOTION_FRAMES
    assert all(np.diff(chosen) > 0.06)

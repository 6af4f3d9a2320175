"""Tests of the made-up person: each step gets its movement in time, by one seed always the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.demo.answers import Person, Pose, perform
from tests.liveness.challenge.people import challenge

RATE = 30
PEAKS = {
    "turn_left": ("yaw", 1),
    "turn_right": ("yaw", -1),
    "look_up": ("pitch", 1),
    "look_down": ("pitch", -1),
    "open_mouth": ("mouth", 1),
}
PROMPT = Person(reaction=(0.6, 0.05), rise=(0.5, 0.05), back=(0.4, 0.05))


@given(seed=st.integers(0, 2**32))
@settings(max_examples=30)
def test_each_step_is_made_in_its_window(seed: int) -> None:
    asked = challenge(seed)
    times = np.arange(round(asked.seconds * RATE)) / RATE
    poses = perform(asked, times, np.random.default_rng(seed), PROMPT)
    for step in asked.steps:
        axis, sign = PEAKS[step.kind]
        curve = sign * np.array([getattr(pose, axis) for pose in poses])
        inside = (times >= step.at) & (times < step.ends)
        usual = getattr(PROMPT, axis)[0]
        assert curve[inside].max() > 0.6 * usual
        assert step.at + 0.6 < times[inside][curve[inside].argmax()] < step.ends
    rest = [pose for time, pose in zip(times, poses, strict=True) if time < asked.lead]
    assert max(abs(pose.yaw) for pose in rest) < 8
    assert max(pose.mouth for pose in rest) == 0


def test_a_seed_gives_the_same_person() -> None:
    asked, times = challenge(1), np.arange(0, 15, 0.1)
    one, again, other = (perform(asked, times, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one == again
    assert one != other
    assert all(isinstance(pose, Pose) and 0 <= pose.lids <= 1 for pose in one)

"""Tests of `pulse`: the heart beat in the colour of a face."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alive402.liveness.cues.pulse import pulse
from tests.liveness.moving_scenes import heart_beat, held_device, still_person


@pytest.mark.parametrize("hertz", [1.1, 1.6])
def test_pulse_finds_a_heart_beat(hertz: float) -> None:
    cue = pulse(*still_person(heart_beat(hertz)))
    assert cue.score is not None
    assert cue.score > 0.2
    beats = int(cue.message.split("heart beat of ")[1].split()[0])
    assert abs(beats - 60 * hertz) < 6
    assert cue.attack_type is None


def test_pulse_finds_nothing_on_a_picture() -> None:
    score = pulse(*still_person()).score
    assert score is None or score == 0


def test_pulse_is_silent_on_a_moving_face() -> None:
    assert pulse(*held_device(40)).score is None


def test_pulse_is_silent_on_short_and_on_slow_video() -> None:
    clip, track = held_device(0)
    short = replace(clip, times=clip.times[:60], thumbs=clip.thumbs[:60])
    assert pulse(short, track).score is None
    assert pulse(replace(clip, times=clip.times * 3), track).score is None

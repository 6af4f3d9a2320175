"""Tests of the decision over several stretches: life in one stretch does not cover another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.liveness.decision.continuity import Judged, decide
from alive402.liveness.decision.fusion import Decision, fuse, packaged
from alive402.liveness.decision.segments import Division, Stretch, divide
from alive402.liveness.networks import Looks
from tests.liveness import scenes
from tests.liveness.decision.test_cuts import HERE, THERE

WHOLE, TRACK = scenes.film(HERE + THERE, [(150.0, 70.0, 260.0, 210.0)] * (len(HERE) + len(THERE)))
FIRST, SECOND = divide(WHOLE, [TRACK]).scenes
CUT = Division((2.0,), (FIRST, SECOND), ())
TAKE = Division((), (), ())
LIVE, ATTACK = 0.97, 0.03


def decision(score: float, looks: int = 8) -> Decision:
    live = np.full(looks, score, np.float32)
    return fuse(Looks(live, np.zeros_like(live), 1 - live), {})


def judged(stretch: Stretch, score: float, seconds: float = 2.0, looks: int = 8) -> Judged:
    part = replace(
        stretch, ends=stretch.begins + seconds - 1 / stretch.clip.video.fps, samples=stretch.samples[:1] * looks
    )
    return Judged(part, decision(score, looks))


def codes(one: Decision) -> list[str]:
    return [reason.code for reason in one.reasons]


def test_uncut_clip_is_judged_as_a_whole() -> None:
    whole = decision(LIVE)
    assert decide(TAKE, [], [], whole) is whole


@pytest.mark.parametrize("scores", [(LIVE, ATTACK), (ATTACK, LIVE)])
def test_attack_in_one_stretch_decides(scores: tuple[float, float]) -> None:
    found = decide(CUT, [judged(FIRST, scores[0]), judged(SECOND, scores[1])], [], decision(LIVE))
    assert found.verdict == "spoof"
    assert found.attack_type == "screen_replay"
    assert codes(found)[:2] == ["attack_stretch", "scene_changes"]
    assert found.live_confidence <= decision(ATTACK).live_confidence


def test_two_live_stretches_are_not_one_take() -> None:
    found = decide(CUT, [judged(FIRST, LIVE), judged(SECOND, LIVE)], [], decision(LIVE))
    assert found.verdict == "inconclusive"
    assert codes(found)[0] == "scene_changes"
    assert "too_close_to_call" not in codes(found)
    assert found.live_confidence <= packaged().threshold


def test_other_face_after_a_cut_is_reported() -> None:
    pale = replace(SECOND.samples[0], mid=np.full((128, 128, 3), (90, 110, 200), np.uint8))
    assert SECOND.track is not None
    other = replace(SECOND, track=replace(SECOND.track, samples=(pale,)))
    found = decide(CUT, [judged(FIRST, LIVE), Judged(other, decision(LIVE))], [], decision(LIVE))
    assert codes(found)[0] == "person_changes"


def test_short_stretch_needs_more_confidence() -> None:
    unsure = judged(SECOND, 0.2, seconds=0.6, looks=2)
    assert packaged().threshold / 2 < unsure.decision.live_confidence or unsure.decision.verdict == "spoof"
    assert decide(CUT, [judged(FIRST, LIVE), judged(SECOND, ATTACK, 0.6, 2)], [], decision(LIVE)).verdict == "spoof"


def test_cut_clip_without_stretches_is_inconclusive() -> None:
    assert decide(Division((0.3, 0.6), (), ()), [], [], decision(LIVE)).verdict == "inconclusive"


def test_other_face_without_a_cut_counts_if_surely_an_attack() -> None:
    whole = decision(LIVE)
    assert decide(TAKE, [], [judged(SECOND, ATTACK)], whole).verdict == "spoof"
    assert decide(TAKE, [], [judged(SECOND, LIVE)], whole) is whole


@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.floats(0.5, 3), st.integers(1, 12)), max_size=6), st.booleans())
def test_cut_clip_is_never_live(parts: list[tuple[float, float, int]], whole_live: bool) -> None:
    scenes_judged = [judged(SECOND, *part) for part in parts]
    found = decide(CUT, scenes_judged, [], decision(LIVE if whole_live else ATTACK))
    assert found.verdict != "live"
    least = min((one.decision.live_confidence for one in scenes_judged), default=1.0)
    assert found.live_confidence <= min(least, packaged().threshold) + 1e-9
    if any(part[0] < 0.05 for part in parts):
        assert found.verdict == "spoof"

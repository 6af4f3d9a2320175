"""Tests of drawing a challenge, and of reading one from a file."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.liveness import Challenge, ChallengeOptions
from alive402.liveness.challenge import KINDS, draw, drawn_bits

GOLDEN = [("open_mouth", 1.2), ("look_down", 4.33), ("look_up", 6.39), ("turn_right", 9.28), ("open_mouth", 11.3)]

seeds = st.binary(min_size=16, max_size=32)
options = st.builds(
    ChallengeOptions,
    steps=st.integers(3, 5),
    avoid=st.sampled_from([(), ("open_mouth",), ("look_up",)]),
    pace=st.sampled_from(["normal", "slow"]),
)


@given(seed=seeds, asked=options)
def test_drawn_steps_keep_the_rules(seed: bytes, asked: ChallengeOptions) -> None:
    steps = draw(seed, asked)
    assert steps == draw(seed, asked)
    assert len(steps) >= asked.steps
    assert steps[0].at == 1.2
    assert not {step.kind for step in steps} & set(asked.avoid)
    for one, other in pairwise(steps):
        assert one.kind != other.kind
        assert 0 <= round(other.at - one.ends, 6) <= 1.5
    drawn = Challenge.new("x", seed, asked)
    assert drawn.bits >= drawn_bits(ChallengeOptions(asked.steps))
    assert Challenge.from_dict(json.loads(json.dumps(drawn.to_dict()))) == drawn


def test_default_challenge_lasts_as_designed() -> None:
    drawn = [Challenge.new("x", seed.to_bytes(16, "big")) for seed in range(300)]
    assert all(len(one.steps) == 5 and 12.2 <= one.seconds <= 18.2 and one.bits == 10.3 for one in drawn)
    assert {step.kind for one in drawn for step in one.steps} == set(KINDS)


def test_a_seed_draws_the_same_steps_for_ever() -> None:
    drawn = [(step.kind, step.at) for step in draw(bytes(range(16)))]
    assert drawn == GOLDEN


def test_every_first_movement_is_equally_likely() -> None:
    first = [draw(seed.to_bytes(16, "big"))[0].kind for seed in range(2000)]
    assert all(330 < first.count(kind) < 470 for kind in KINDS)


def test_fewer_kinds_take_more_steps() -> None:
    assert ChallengeOptions(avoid=("open_mouth",)).drawn == 7
    assert ChallengeOptions(avoid=("open_mouth", "look_up")).drawn == 10
    with pytest.raises(ValueError, match="at most 10"):
        ChallengeOptions(6, avoid=("open_mouth", "look_up"))


@pytest.mark.parametrize(
    "wrong",
    [{"steps": 2}, {"steps": 9}, {"pace": "fast"}, {"avoid": ("blink",)}, {"avoid": KINDS}],
)
def test_wrong_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\."):
        ChallengeOptions(**wrong)


def test_short_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        draw(b"short")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "light"}, "kind move"),
        ({"challengeId": ""}, "challengeId"),
        ({"steps": []}, "steps"),
        ({"steps": [{"kind": "blink", "at": 2, "seconds": 2}]}, "A step"),
        ({"steps": [{"kind": "look_up", "at": float("nan"), "seconds": 2}]}, "at"),
        ({"steps": [{"kind": kind, "at": 3, "seconds": 2} for kind in ("look_up", "look_down")]}, "order"),
        ({"steps": [{"kind": "look_up", "at": 0.5, "seconds": 2}]}, "lead"),
        ({"capture": None}, "capture"),
        ({"capture": {"seconds": 3, "lead": 1.2}}, "end before"),
        ({"bits": "many"}, "bits"),
        ({"bits": 10.4}, "10.3"),
    ],
)
def test_what_is_no_challenge_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Challenge.from_dict(Challenge.new("x", bytes(16)).to_dict() | change)


members = st.sampled_from(["kind", "steps", "capture", "challengeId"])
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(), lambda one: st.lists(one) | st.dictionaries(members, one)
)


@given(json_values)
@settings(max_examples=40)
def test_any_json_is_read_or_refused(data: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        Challenge.from_dict(data)

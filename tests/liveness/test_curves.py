"""Tests of the curves in a report: rounded, measured from the rest, and small."""

from __future__ import annotations

import json

import numpy as np
import pytest

from alive402.liveness import FreshnessCurves
from alive402.liveness.challenge import Challenge, ChallengeOptions, Signals, verify
from tests.liveness.challenge.people import Person, answer, challenge


def test_the_curves_of_an_answer_peak_where_the_movements_were_found() -> None:
    asked = challenge(3)
    signals = answer(asked.steps, asked.seconds, np.random.default_rng(3))
    tilted = Signals(
        signals.times, signals.yaw + 25.0, signals.pitch - 9.0, signals.mouth + 0.05, signals.size, signals.centre
    )
    curves = verify(asked, tilted).to_dict()["curves"]
    assert set(curves) == {"times", "yaw", "pitch", "mouth"}
    assert len({len(curve) for curve in curves.values()}) == 1
    resting = [place for place, time in enumerate(curves["times"]) if time <= asked.lead]
    for name in ("yaw", "pitch", "mouth"):
        assert abs(float(np.median([curves[name][place] for place in resting]))) <= 0.05
    for step in verify(asked, tilted).to_dict()["steps"]:
        place = curves["times"].index(round(step["found_at"], 2))
        name = {"turn": "yaw", "look": "pitch", "open": "mouth"}[step["kind"].partition("_")[0]]
        assert abs(curves[name][place]) > step["threshold"]


@pytest.mark.parametrize("pace", ["normal", "slow"])
def test_the_curves_take_4_kilobytes_at_most(pace: str) -> None:
    options = ChallengeOptions(steps=8 if pace == "slow" else 5, pace=pace)  # type: ignore[arg-type]
    asked = Challenge.new("long", bytes(16), options)
    person = Person(fps=15.0, reaction=1.6)
    freshness = verify(asked, answer(asked.steps, 18.0, np.random.default_rng(0), person))
    curves = freshness.to_dict()["curves"]
    assert len(json.dumps(curves)) <= 4000
    assert (curves["times"][0], curves["times"][-1]) == (0.0, pytest.approx(18.0, abs=0.1))


def test_a_clip_without_a_mesh_has_empty_curves() -> None:
    nothing = np.zeros(0)
    empty = Signals(nothing, nothing, nothing, nothing, nothing, np.zeros((0, 2)))
    assert verify(challenge(1), empty).to_dict()["curves"] == {"times": [], "yaw": [], "pitch": [], "mouth": []}


def test_zeros_have_no_sign() -> None:
    assert "-0" not in json.dumps(FreshnessCurves((0.0,), (-0.01,), (-0.0,), (-0.0001,)).to_dict())

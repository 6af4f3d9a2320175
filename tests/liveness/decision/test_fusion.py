"""Tests of the fusion: monotone in the evidence, neutral without it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alive402.liveness import cues as all_cues
from alive402.liveness.decision.fusion import Calibration, Line, fuse, packaged
from alive402.liveness.networks import WEIGHTS, Looks
from alive402.liveness.report import Cue

NAMES = sorted(packaged().cues)
shares = st.floats(0.01, 0.99)
scores = st.floats(-1, 1)
# A busy machine proves nothing about the fusion.
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def looks(live: list[float], paper: float = 0.0) -> Looks:
    chosen = np.array(live, np.float32)
    return Looks(chosen, np.full_like(chosen, paper), 1 - chosen)


def cue(name: str, score: float | None) -> Cue:
    return Cue(name, score, 0.0, None, "", (0, 1), f"{name} says so", "print_or_still")


def cues(values: dict[str, float | None]) -> dict[str, Cue]:
    return {name: cue(name, score) for name, score in values.items()}


evidence = st.fixed_dictionaries({name: st.none() | scores for name in NAMES})


def test_conditions_shift_the_decision_by_their_weights() -> None:
    rule = replace(packaged(), appearance=Line(0.0, 1.0, 0.0, colourless=2.0, dark=-1.0))
    plain, filmed = looks([0.5]), {"colourless": np.ones(1, np.float32), "dark": np.zeros(1, np.float32)}
    assert fuse(plain, {}, rule).live_confidence == pytest.approx(0.5)
    assert fuse(replace(plain, **filmed), {}, rule).live_confidence == pytest.approx(1 / (1 + np.exp(-2.0)))
    night = replace(plain, colourless=np.zeros(1, np.float32), dark=np.ones(1, np.float32))
    assert fuse(night, {}, rule).live_confidence == pytest.approx(1 / (1 + np.exp(1.0)))


def test_score_of_a_face_that_fills_the_picture_counts_less() -> None:
    rule = replace(packaged(), appearance=Line(0.0, 1.0, 0.0, close=0.5, close_score=-0.4))
    sure = float(1 / (1 + np.exp(2.0)))  # Log odds of -2.
    near, far = (replace(looks([sure]), close=np.full(1, how, np.float32)) for how in (1.0, 0.0))
    for seen in (near, far):
        decision = fuse(seen, {}, rule)
        assert decision.frames == pytest.approx((decision.live_confidence,))
    assert fuse(far, {}, rule).live_confidence == pytest.approx(1 / (1 + np.exp(2.0)), abs=1e-5)
    assert fuse(near, {}, rule).live_confidence == pytest.approx(1 / (1 + np.exp(0.7)), abs=1e-5)


def test_face_alone_counts_by_its_weight_and_more_where_it_fills_the_picture() -> None:
    rule = replace(packaged(), appearance=Line(0.0, 1.0, 0.0, face=0.5, close_face=0.25))
    sure = np.array([1 / (1 + np.exp(2.0))], np.float32)  # Log odds of -2.
    for how, odds in ((0.0, -1.0), (1.0, -1.5)):
        decision = fuse(replace(looks([0.5]), face=sure, close=np.full(1, how, np.float32)), {}, rule)
        assert decision.live_confidence == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-5)
        assert decision.frames == pytest.approx((decision.live_confidence,))


@patiently
@given(st.lists(shares, min_size=1, max_size=16), evidence, st.sampled_from(NAMES), scores, scores)
def test_more_evidence_for_life_never_lowers_the_confidence(
    live: list[float], given_cues: dict[str, float | None], name: str, one: float, other: float
) -> None:
    low, high = sorted([one, other])
    seen = looks(live)
    before = fuse(seen, cues(given_cues | {name: low})).live_confidence
    assert fuse(seen, cues(given_cues | {name: high})).live_confidence >= before


@patiently
@given(st.lists(st.tuples(shares, shares, st.floats(0, 1)), min_size=2, max_size=16), evidence, st.data())
def test_livelier_frame_never_lowers_the_confidence(
    seen: list[tuple[float, float, float]], given_cues: dict[str, float | None], data: st.DataObject
) -> None:
    live, faces, close = (np.array(part, np.float32) for part in zip(*seen, strict=True))
    place, part = data.draw(st.integers(0, len(live) - 1)), data.draw(st.sampled_from(["live", "face"]))
    before = replace(looks(live.tolist()), face=faces, close=close)
    better = getattr(before, part).copy()
    better[place] = max(better[place], data.draw(shares))
    after = replace(before, **{part: better})
    assert fuse(after, cues(given_cues)).live_confidence >= fuse(before, cues(given_cues)).live_confidence - 1e-12


@patiently
@given(st.lists(shares, min_size=1, max_size=16), evidence, st.sampled_from(NAMES))
def test_missing_cue_is_neutral(live: list[float], given_cues: dict[str, float | None], name: str) -> None:
    with_silence = fuse(looks(live), cues(given_cues | {name: None}))
    with_nothing = fuse(looks(live), cues(given_cues | {name: 0.0}))
    assert with_silence.live_confidence == with_nothing.live_confidence


@patiently
@given(st.lists(shares, min_size=1, max_size=16), evidence)
def test_every_decision_is_complete(live: list[float], given_cues: dict[str, float | None]) -> None:
    decision = fuse(looks(live), cues(given_cues))
    assert 0 <= decision.live_confidence <= 1
    assert decision.reasons
    assert all(reason.code and reason.message for reason in decision.reasons)
    assert len(decision.frames) == len(live)
    assert (decision.attack_type is None) == (decision.verdict == "live")
    assert abs(sum(one.weight for one in decision.cues.values()) - 1) < 1e-6


def test_decision_near_the_threshold_is_inconclusive() -> None:
    rule = replace(packaged(), appearance=Line(intercept=0.0, mean=1.0, percentile=0.0))
    assert fuse(looks([0.5]), {}, rule).verdict == "inconclusive"
    assert fuse(looks([0.95]), {}, rule).verdict == "live"
    assert fuse(looks([0.05]), {}, rule).verdict == "spoof"


def test_looks_tell_paper_from_screen() -> None:
    flat = {"planar": cue("planar", -1.0)}
    assert fuse(looks([0.1], paper=1.0), flat).attack_type == "print_or_still"
    assert fuse(looks([0.1], paper=0.0), flat).attack_type == "screen_replay"


@pytest.fixture
def table() -> dict[str, dict[str, float]]:
    content: dict[str, dict[str, float]] = json.loads((WEIGHTS / "calibration.json").read_text())
    return content


def test_packaged_calibration_weighs_every_cue() -> None:
    assert set(all_cues.NAMES) <= set(packaged().cues)


@pytest.mark.parametrize("name", all_cues.NAMES)
def test_calibration_without_a_cue_weight_is_refused(
    name: str, table: dict[str, dict[str, float]], tmp_path: Path
) -> None:
    del table["cues"][name]
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(table))
    with pytest.raises(ValueError, match=f"no weight for the cue {name}\\b"):
        Calibration.read(path, all_cues.NAMES)
    # Where no cue is measured, as for single pictures, none needs a weight.
    assert name not in Calibration.read(path).cues


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
def test_negative_or_nan_weight_is_refused(weight: float, table: dict[str, dict[str, float]], tmp_path: Path) -> None:
    table["cues"]["planar"] = weight
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(table))
    with pytest.raises(ValueError, match="planar"):
        Calibration.read(path, all_cues.NAMES)


def test_evidence_without_a_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="no weight for the cue smell"):
        fuse(looks([0.5]), {"smell": cue("smell", -1.0)})
    rule = replace(packaged(), cues={**packaged().cues, "smell": 0.0})
    assert fuse(looks([0.5]), {"smell": cue("smell", -1.0)}, rule).cues["smell"].weight == 0


@given(threshold=st.floats(0.001, 0.999), confidence=st.floats(0, 1))
def test_every_verdict_is_possible_at_every_threshold(threshold: float, confidence: float) -> None:
    rule = packaged().at(threshold)
    assert rule.threshold == threshold
    assert 0 < rule.threshold - rule.margin < rule.threshold < rule.threshold + rule.margin < 1
    assert rule.margin <= packaged().margin


def test_operating_point_is_chosen_by_number_or_name() -> None:
    assert packaged().at(None) is packaged()
    assert packaged().at("balanced") == packaged()
    assert packaged().at(0.9).margin < packaged().margin
    for wrong in (0.0, 1.0, -1.0, float("nan"), "strict"):
        with pytest.raises(ValueError, match=r"0 and 1"):
            packaged().at(wrong)

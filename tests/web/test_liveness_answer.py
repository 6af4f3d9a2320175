"""Tests of a report as HTML: what decided comes first, in words, and no figure misleads."""

from __future__ import annotations

import re
from typing import Any

import pytest

from alive402.web import liveness_answer
from alive402.web.words import figure_words, reason_words, share_words


def cue(weight: float, score: float | None, value: float | None) -> dict[str, Any]:
    return {"score": score, "weight": weight, "value": value, "unit": "units", "normal": [0, 1], "message": "Said."}


def report(verdict: str, cues: dict[str, Any], **more: Any) -> dict[str, Any]:
    frames = [{"time": place / 2, "live_confidence": level} for place, level in enumerate((0.5, 0.9, 0.1))]
    return {
        "verdict": verdict, "live_confidence": 0.4, "threshold": 0.5, "attack_type": None,
        "reasons": [], "frames": frames, "cues": cues, **more,
    }  # fmt: skip


def words(verdict: str, cues: dict[str, Any], **more: Any) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", str(liveness_answer.shown(report(verdict, cues, **more)).body)))


def test_cues_without_a_say_show_no_share() -> None:
    cues = {"appearance": cue(1.0, 0.9, 0.95), "planar": cue(0.0, 0.0, 0.4), "pulse": cue(0.0, None, None)}
    said = words("live", cues)
    assert "0 %" not in said
    assert "100 %" not in said
    assert "decides alone" in said
    assert said.index("What decided") < said.index("Look of the picture") < said.index("nothing found that counts")
    assert said.index("nothing found that counts") < said.index("Flat motion") < said.index("Could not be measured")


@pytest.mark.parametrize(
    ("weight", "shown"), [(0.0, ""), (0.004, ""), (0.3, "30 % of the decision"), (0.999, "decides alone")]
)
def test_share_of_the_decision(weight: float, shown: str) -> None:
    assert share_words(weight) == shown


def test_value_outside_its_range_that_does_not_count_says_so() -> None:
    assert figure_words(0.28, (0, 0.25), 0.0) == "0.28; usually 0 to 0.25: a little outside, too little to count"
    assert figure_words(0.9, (0, 0.25), -1.0) == "0.9; usually 0 to 0.25"
    assert figure_words(0.1, (0, 0.25), 0.0) == "0.1; usually 0 to 0.25"
    assert figure_words(0, (0, 0), 0.0) == "0; usually 0"
    assert figure_words(None, (0, 1), None) == "not measured"


def test_undecided_answer_names_no_attack() -> None:
    reasons = [
        {"code": "too_close_to_call", "message": "Too close."},
        {"code": "appearance_attack", "message": "The picture looks re-filmed."},
        {"code": "pulse_live", "message": "A pulse is seen."},
    ]
    said = words("inconclusive", {"appearance": cue(1, -0.1, 0.4)}, attack_type="screen_replay", reasons=reasons)
    assert "re-filmed from a screen" not in said
    assert "if it is an attack" not in said
    assert reason_words("inconclusive", reasons) == [
        "Too close.",
        "Against it, but not enough to decide: The picture looks re-filmed.",
        "For life: A pulse is seen.",
    ]
    assert reason_words("spoof", reasons[1:2]) == ["The picture looks re-filmed."]


@pytest.mark.parametrize(
    ("verdict", "shown"), [("spoof", "1.00 s looks least alive"), ("live", "0.50 s looks most alive")]
)
def test_frame_beside_the_verdict_shows_it_best(verdict: str, shown: str) -> None:
    assert shown in words(verdict, {"appearance": cue(1, 0.5, 0.9)})


def test_frame_of_a_cue_over_time_makes_no_claim() -> None:
    assert "shows in the whole clip" in words("spoof", {"appearance": cue(0.2, 0.5, 0.9), "repeats": cue(0.8, -1, 1)})

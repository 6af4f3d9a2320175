"""Tests of the drawing of an answer to a challenge: marks lie on the drawing, statuses have shapes and words."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.liveness.challenge import KINDS, Challenge, ChallengeOptions, packaged, verify
from alive402.web import liveness_answer
from alive402.web.drawings import ShownFreshness, shown_freshness
from alive402.web.drawings.movements import _PANELS, _SIGNS, STEP_WORDS
from tests.liveness.challenge.people import Person, answer, challenge

USUAL = Person()
people = st.builds(Person, size=st.floats(0.2, 60.0), fps=st.floats(1.0, 60.0), delay=st.floats(-0.3, 0.4))


def judged(asked: Challenge, person: Person = USUAL, left_out: int | None = None) -> dict[str, Any]:
    steps = [step for place, step in enumerate(asked.steps) if place != left_out]
    return verify(asked, answer(steps, asked.seconds, np.random.default_rng(1), person)).to_dict()


def shown(freshness: dict[str, Any]) -> ShownFreshness:
    made = shown_freshness(freshness)
    assert made is not None
    return made


@given(seed=st.integers(0, 2**32), person=people, pace=st.sampled_from(["normal", "slow"]))
def test_marks_stay_on_the_drawing(seed: int, person: Person, pace: Any) -> None:
    asked = Challenge.new("drawn", seed.to_bytes(16, "big"), ChallengeOptions(pace=pace))
    made = shown(judged(asked, person))
    drawing, (width, height) = str(made.drawing), made.size
    assert "nan" not in drawing
    rects = re.findall(r'<rect[^>]* x="([-0-9.]+)" y="([-0-9.]+)" width="([-0-9.]+)" height="([-0-9.]+)"', drawing)
    assert len(rects) == 2 * len(asked.steps)
    for x, y, wide, high in (map(float, each) for each in rects):
        assert 0 <= x <= x + wide <= width
        assert 0 <= y <= y + high <= height
    for curve in re.findall(r'class="line" d="([^"]*)"', drawing):
        for x, y in re.findall(r"[ML]([-0-9.]+) ([-0-9.]+)", curve):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height


def test_each_panel_shows_the_movements_of_its_signal() -> None:
    drawn = {kind: (panel.signal, sign) for panel in _PANELS for kind, sign in panel.kinds.items()}
    assert drawn == {kind: (packaged().movements[kind].signal, packaged().movements[kind].sign) for kind in KINDS}


def test_every_status_has_a_shape_and_words_of_its_own() -> None:
    assert _SIGNS.keys() == STEP_WORDS.keys()
    assert len(set(_SIGNS.values())) == len(set(STEP_WORDS.values())) == 4


def test_an_answer_shows_each_movement_that_was_found() -> None:
    freshness = judged(challenge(5))
    made = shown(freshness)
    assert made.summary == "Answered: 5 of 5 movements"
    assert str(made.drawing).count('class="peak"') == 5
    first, step = made.movements[0], freshness["steps"][0]
    assert (first.number, first.asked, first.result) == (1, step["kind"].replace("_", " "), "made in its time")
    begins = step["at"] + freshness["delay"]
    assert first.window == f"from {begins:.1f} to {begins + 2:.1f} s"
    assert (first.found, f"at least {step['threshold']:g}" in first.size) == (f"at {step['found_at']:.1f} s", True)


def test_a_missed_movement_says_so_in_words() -> None:
    made = shown(judged(challenge(5), left_out=2))
    assert made.summary == "Not answered: 4 of 5 movements"
    assert (made.movements[2].result, made.movements[2].found) == ("not made", "")
    assert _SIGNS["missed"] in str(made.drawing)


def test_the_page_says_when_the_movements_were_shown() -> None:
    moments = {"begun_at": "2026-11-29T10:00:00.500000Z", "received_at": "2026-11-29T10:00:18.200000Z"}
    freshness = judged(challenge(5))
    said = shown({**freshness, **moments}).times
    assert (
        said
        == "The movements were shown on 2026-11-29 10:00:00 UTC, and the last byte of the clip came 18 seconds later."
    )
    assert shown(freshness).times == ""
    report = {"verdict": "live", "live_confidence": 0.9, "threshold": 0.5, "freshness": {**freshness, **moments}}
    assert said in str(liveness_answer.shown(report).body)


def test_the_curve_is_broken_where_the_face_was_not_seen() -> None:
    asked = challenge(5)
    whole = judged(asked)
    assert str(shown(whole).drawing).count("M") - str(shown(broken(whole)).drawing).count("M") == -3


def broken(freshness: dict[str, Any]) -> dict[str, Any]:
    curves = freshness["curves"]
    kept = [place for place, time in enumerate(curves["times"]) if not 4.0 < time < 6.0]
    return {**freshness, "curves": {name: [curve[place] for place in kept] for name, curve in curves.items()}}


def test_cuts_are_drawn() -> None:
    freshness = judged(challenge(5))
    assert (freshness["cuts"], "cut at" in str(shown(freshness).drawing)) == ([], False)
    drawing = str(shown({**freshness, "cuts": [4.2, 8.0, 99.0]}).drawing)
    assert re.findall(r"<title>cut at ([0-9.]+) s", drawing) == ["4.2", "8.0"]


def test_reports_without_curves_have_the_table_only() -> None:
    freshness = judged(challenge(5))
    del freshness["curves"]
    assert shown(freshness).drawing is None
    assert shown_freshness(None) is None
    empty = verify(challenge(5), replace_all(np.zeros(0))).to_dict()
    assert (shown(empty).drawing, shown(empty).movements[0].result) == (None, "the face was not seen")


def replace_all(nothing: np.ndarray) -> Any:
    whole = answer((), 2.0, np.random.default_rng(1))
    emptied = dict.fromkeys(("times", "yaw", "pitch", "mouth", "size"), nothing)
    return replace(whole, **emptied, centre=np.zeros((0, 2)))


@pytest.mark.parametrize(
    ("left_out", "said"), [(2, "the video does not answer its challenge"), (None, "too close to the threshold")]
)
def test_the_shown_answer_says_why_it_is_undecided(left_out: int | None, said: str) -> None:
    report = {"verdict": "inconclusive", "live_confidence": 0.5, "threshold": 0.5}
    body = str(liveness_answer.shown({**report, "freshness": judged(challenge(5), left_out=left_out)}).body)
    assert said in body
    assert '<svg class="movements"' in body
    assert 'role="img"' in body
    assert body.count('<th scope="row">') == 5
    assert "movements" not in str(liveness_answer.shown(report).body)

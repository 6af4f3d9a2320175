"""Tests of challenges on clips of people: the analysis around it, and movements of people who were asked nothing.

The second part needs `../shared/data/dev` or ALIVE402_REAL_CLIPS. `python -m benchmarks.challenge` measures every clip.
"""

from __future__ import annotations

from functools import cache

import pytest
from benchmarks.challenge import curves, own_challenge

from alive402.demo import Clips
from alive402.liveness import Analyzer, Challenge
from alive402.liveness.challenge import Signals, find_movements, verify
from alive402.liveness.report import Report
from tests.liveness.test_real_clips import FOLDER

ASKED = Challenge.new("of a test", bytes(16))
CHOSEN = ("live_s11_002.mp4", "live_s38_032.mp4")
FOUND = {
    "live_s11_002.mp4": ["turn_left", "turn_right", "look_up", "look_down"],
    "live_s38_032.mp4": ["turn_right", "turn_left", "turn_right", "turn_left", "look_up", "turn_right"],
}


@cache
def seen(name: str) -> Signals:
    return curves(FOLDER / name)


def check_alike(asked: Report, without: Report) -> None:
    """The rest of the report is the same but for the frames looked at: an answer is decoded and searched whole."""
    assert asked.freshness is not None
    others = [reason.code for reason in asked.reasons if reason != asked.freshness.reason]
    assert others == [reason.code for reason in without.reasons]
    assert {name: cue.score for name, cue in asked.cues.items()} == pytest.approx(
        {name: cue.score for name, cue in without.cues.items()}, abs=0.1
    )
    assert len(asked.frames) == len(without.frames)
    assert len(asked.faces) == len(without.faces)
    warned = [[warning.code for warning in report.quality.warnings] for report in (asked, without)]
    assert warned[0] == warned[1]
    assert (asked.video, asked.threshold) == (without.video, without.threshold)


def test_a_challenge_changes_nothing_but_the_verdict(analyzer: Analyzer, clips: Clips) -> None:
    without, asked = (
        analyzer.analyze(clips.bona_fide).report,
        analyzer.analyze(clips.bona_fide, None, None, ASKED).report,
    )
    assert "freshness" not in without.to_dict()
    assert without.verdict == "live"
    assert asked.verdict == "inconclusive"
    assert asked.live_confidence <= asked.threshold
    assert asked.freshness is not None
    assert asked.freshness.status != "answered"
    assert asked.reasons[0] == asked.freshness.reason
    check_alike(asked, without)


def test_a_live_clip_that_answers_is_live(analyzer: Analyzer) -> None:
    name = CHOSEN[0]
    if not (FOLDER / name).exists():
        pytest.skip("no real clips here (ALIVE402_REAL_CLIPS is not set)")
    report = analyzer.analyze(FOLDER / name, None, None, own_challenge(name, seen(name))).report
    assert report.freshness is not None
    assert (report.verdict, report.freshness.status) == ("live", "answered")
    assert report.reasons[-1].code == "challenge_answered"


def test_an_attack_stays_one(analyzer: Analyzer, clips: Clips) -> None:
    without, asked = analyzer.analyze(clips.attack).report, analyzer.analyze(clips.attack, None, None, ASKED).report
    assert asked.verdict == "spoof"
    assert asked.freshness is not None
    assert asked.reasons[-1] == asked.freshness.reason
    assert asked.attack_type == without.attack_type
    assert asked.live_confidence == pytest.approx(without.live_confidence, abs=0.1)
    check_alike(asked, without)


@pytest.mark.parametrize("name", CHOSEN)
def test_movements_of_real_people_are_found(name: str) -> None:
    if not (FOLDER / name).exists():
        pytest.skip("no real clips here (ALIVE402_REAL_CLIPS is not set)")
    signals = seen(name)
    assert [movement.kind for movement in find_movements(signals, 0.0)] == FOUND[name]
    own = own_challenge(name, signals)
    assert verify(own, signals).status == "answered"
    assert verify(own, signals.mirrored()).status == "unclear"
    others = [seen(other) for other in CHOSEN if other != name]
    assert all(verify(own, other).status != "answered" for other in others)

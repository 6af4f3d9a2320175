"""Tests of the whole engine on a rendered answer, and on wrong answers made of it.

`python -m benchmarks.answers` measures the same on a hundred challenges.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.answers import CRF, RATE, SIZE, drawn, later, reordered
from benchmarks.challenge import seen

from alive402.demo import Take, answer_frames, write_frames
from alive402.liveness import Analyzer, Challenge
from alive402.liveness.challenge import find_breaks, picture_jumps, verify
from alive402.liveness.report import Freshness
from tests.conftest import Image

ASKED = drawn(1)


@pytest.fixture(scope="module")
def frames() -> list[Image]:
    return list(answer_frames(ASKED, Take(SIZE, RATE, seed=1)))


@pytest.fixture(scope="module")
def film(frames: list[Image], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_frames(frames, tmp_path_factory.mktemp("answer") / "answer.mp4", RATE, CRF)


def checked(path: Path, *challenges: Challenge) -> list[Freshness]:
    """The film's answers to the challenges, without the passive judge."""
    signals, clip = seen(path)
    breaks = find_breaks(signals, picture_jumps(clip))
    return [verify(challenge, signals, breaks) for challenge in challenges]


def test_a_rendered_answer_is_answered(analyzer: Analyzer, film: Path) -> None:
    report = analyzer.analyze(film, challenge=ASKED).report
    assert report.freshness is not None
    assert (report.freshness.status, report.freshness.code) == ("answered", "challenge_answered")
    assert [step.status for step in report.freshness.steps] == ["done"] * 5


def test_the_answer_to_another_order_time_or_challenge_is_none(film: Path) -> None:
    rng = np.random.default_rng(1)
    early = replace(later(ASKED, -3.0), steps=later(ASKED, -3.0).steps[2:])
    wrong = checked(film, *(reordered(ASKED, rng) for _ in range(5)), early, *(drawn(seed) for seed in range(2, 9)))
    assert [one.status for one in wrong] == ["not_answered"] * len(wrong)


def test_a_mirrored_answer_and_one_that_ends_early_are_unclear(frames: list[Image], tmp_path: Path) -> None:
    (mirrored,) = checked(write_frames([one[:, ::-1] for one in frames], tmp_path / "m.mp4", RATE, CRF), ASKED)
    assert (mirrored.status, "mirrored" in mirrored.message) == ("unclear", True)
    (short,) = checked(write_frames(frames[: len(frames) // 2], tmp_path / "s.mp4", RATE, CRF), ASKED)
    assert (short.status, "ends before" in short.message) == ("unclear", True)


def test_an_answer_of_three_takes_is_cut(frames: list[Image], tmp_path: Path) -> None:
    """The camera stands elsewhere in the second and the third take; each begins while the face is at rest."""
    first, second = (round(ASKED.steps[place].at * RATE) for place in (2, 3))
    takes = frames[:first] + [np.roll(one, 12, 1) for one in frames[first:second]]
    takes += [np.roll(one, -10, 1) for one in frames[second:]]
    (spliced,) = checked(write_frames(takes, tmp_path / "t.mp4", RATE, CRF), ASKED)
    assert (spliced.status, spliced.code) == ("unclear", "clip_was_cut")

"""Tests of fitting the thresholds: made-up people who were asked, and others who were not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.liveness.challenge import (
    KINDS,
    Challenge,
    Limits,
    Movement,
    Signals,
    find_movements,
    fit_thresholds,
    packaged,
)
from alive402.liveness.challenge.fitting import FALSE_A_SECOND, SMALLEST
from tests.liveness.challenge.people import Person, answer, challenge

Answers = list[tuple[Challenge, Signals]]


def answers(count: int, least: float, most: float, seed: int = 0) -> Answers:
    """Answers of people whose movements have sizes between two, in thresholds."""
    rng = np.random.default_rng(seed)
    asked = [challenge(seed * 1000 + place) for place in range(count)]
    return [(one, answer(one.steps, one.seconds, rng, Person(size=float(rng.uniform(least, most))))) for one in asked]


def at_rest(seconds: float = 120.0) -> Signals:
    return answer((), seconds, np.random.default_rng(9))


def test_people_who_move_a_lot_raise_the_thresholds() -> None:
    found = fit_thresholds(answers(60, 2.5, 4.0), [at_rest()], 60)
    assert (found.limits.fitted, found.lacking) == (True, ())
    for each in found.movements:
        assert each.before * 2 < each.threshold < each.before * 4
        assert (each.asked >= 50, each.missed <= 0.02 * each.asked, each.missed_before) == (True, True, 0)
        assert each.false == 0


def test_people_who_move_little_lower_them_only_with_clips_of_others() -> None:
    asked = answers(60, 0.5, 0.9)
    lowered, kept = fit_thresholds(asked, [at_rest()], 60), fit_thresholds(asked, [], 60)
    for low, high in zip(lowered.movements, kept.movements, strict=True):
        assert low.before * 0.4 < low.threshold < low.before * 0.6
        assert (high.threshold, high.false) == (high.before, None)
        assert high.missed == high.missed_before >= 0.7 * high.asked
    assert not kept.limits.fitted
    assert kept.lacking == ("0 s of people who were asked nothing, at least 100 are needed",)


@given(seed=st.integers(0, 500), size=st.floats(0.3, 3.0), restless=st.floats(0.3, 2.0))
@settings(max_examples=15)
def test_people_who_were_asked_nothing_bound_the_thresholds(seed: int, size: float, restless: float) -> None:
    free = [signals for _, signals in answers(8, restless, 2 * restless, seed + 1)]
    found = fit_thresholds(answers(4, size, 1.5 * size, seed), free, 4)
    seconds = sum(signals.times[-1] for signals in free)
    for each in found.movements:
        assert each.threshold >= SMALLEST * each.before
        shown = sum(one.kind == each.kind for one in _found(free, found.limits))
        assert shown / seconds <= FALSE_A_SECOND
        assert each.false == pytest.approx(shown / seconds, abs=1e-4)


def _found(clips: list[Signals], limits: Limits) -> list[Movement]:
    return [movement for signals in clips for movement in find_movements(signals, 0.0, limits)]


def test_movements_that_were_not_made_count_as_missed() -> None:
    asked = challenge(1)
    still = answer((), asked.seconds, np.random.default_rng(1))
    found = fit_thresholds([(asked, still)], [], 1)
    assert sum(each.missed for each in found.movements) == sum(each.asked for each in found.movements) == 5
    assert [each.threshold for each in found.movements] == [each.before for each in found.movements]


def test_too_few_people_or_movements_are_not_a_fit() -> None:
    found = fit_thresholds(answers(3, 2.0, 3.0), [at_rest(20.0)], 2)
    assert not found.limits.fitted
    assert found.lacking[0] == "2 people, at least 30 are needed"
    assert found.lacking[-1] == "20 s of people who were asked nothing, at least 100 are needed"
    assert len(found.lacking) == 2 + len(KINDS)
    assert found.to_dict()["movements"].keys() == set(KINDS)


def test_fitted_thresholds_are_read_again(tmp_path: Path) -> None:
    limits = fit_thresholds(answers(3, 2.0, 3.0), [], 3).limits
    (tmp_path / "thresholds.json").write_text(json.dumps(limits.to_dict()))
    assert Limits.read(tmp_path / "thresholds.json") == limits
    assert "15 movements that 3 people were asked for in 3 clips" in limits.fitted_on
    assert packaged().to_dict() == json.loads(json.dumps(packaged().to_dict()))

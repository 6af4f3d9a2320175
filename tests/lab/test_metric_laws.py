"""Property tests of metrics: monotony, pair counting, independence of order, coverage of intervals."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.lab.metrics import Auc, BpcerAt, ErrorRates, Scored, equal_errors
from alive402.lab.rates import MeanRate, Rate

# few levels, so that ties are common; a None is a failure to acquire
LEVELS = st.one_of(st.none(), st.integers(0, 8).map(lambda level: level / 8))
PRESENTATIONS = st.lists(st.tuples(LEVELS, st.booleans(), st.sampled_from(["print", "replay", "mask"])), max_size=40)
RATES = st.integers(0, 200).flatmap(lambda trials: st.builds(Rate, st.integers(0, trials), st.just(trials)))
Presentations = list[tuple[float | None, bool, str]]


def table(presentations: Presentations) -> Scored:
    scores, bona_fide, species = zip(*presentations, strict=True) if presentations else ((), (), ())
    return Scored.of((math.nan if score is None else score for score in scores), bona_fide, species)


@given(PRESENTATIONS, st.floats(-0.5, 1.5), st.floats(0, 1))
def test_higher_threshold_never_accepts_more(presentations: Presentations, low: float, step: float) -> None:
    lower, higher = (ErrorRates.at(table(presentations), threshold) for threshold in (low, low + step))
    assert all(higher.apcer[name].errors <= lower.apcer[name].errors for name in lower.apcer)
    assert higher.accepted.errors <= lower.accepted.errors
    assert higher.bpcer.errors >= lower.bpcer.errors


@given(PRESENTATIONS)
def test_auc_is_the_share_of_pairs_won(presentations: Presentations) -> None:
    live = [score for score, bona_fide, _ in presentations if bona_fide and score is not None]
    attacks = [score for score, bona_fide, _ in presentations if not bona_fide and score is not None]
    area = Auc.of(table(presentations))
    if not live or not attacks:
        assert math.isnan(area.value)
        return
    won = sum((one > other) + 0.5 * (one == other) for one in live for other in attacks)
    assert area.value == pytest.approx(won / (len(live) * len(attacks)))
    assert 0 <= area.interval[0] <= area.value <= area.interval[1] <= 1


@given(PRESENTATIONS, st.randoms(use_true_random=False))
def test_order_does_not_matter(presentations: Presentations, chance: random.Random) -> None:
    mixed = presentations.copy()
    chance.shuffle(mixed)
    one, other = table(presentations), table(mixed)
    assert ErrorRates.at(one, 0.5) == ErrorRates.at(other, 0.5)
    assert one.non_response() == other.non_response()
    assert equal_errors(one) == equal_errors(other)
    assert repr(Auc.of(one)) == repr(Auc.of(other))
    assert repr(BpcerAt.of(one, 10)) == repr(BpcerAt.of(other, 10))


@given(PRESENTATIONS)
def test_every_presentation_is_counted_once(presentations: Presentations) -> None:
    scored = table(presentations)
    rates, missing = ErrorRates.at(scored, 0.5), scored.non_response()
    answered = rates.bpcer.trials + sum(rate.trials for rate in rates.apcer.values())
    silent = missing.bpnrr.errors + sum(rate.errors for rate in missing.apnrr.values())
    assert answered + silent == len(presentations)


@given(PRESENTATIONS, st.sampled_from([1, 2, 5, 10, 20, 100]))
def test_security_level_holds_for_every_species(presentations: Presentations, inverse: int) -> None:
    scored = table(presentations)
    at = BpcerAt.of(scored, inverse)
    if math.isnan(at.threshold):
        assert not any(len(scores) for scores in scored.attacks.values())
        return
    rates = ErrorRates.at(scored, at.threshold)
    assert all(rate.errors * inverse <= rate.trials for rate in rates.apcer.values())
    assert at.rate == rates.bpcer


@given(PRESENTATIONS)
def test_eer_threshold_has_the_closest_errors(presentations: Presentations) -> None:
    scored = table(presentations)
    met = equal_errors(scored)
    if met is None:
        return
    tried = [ErrorRates.at(scored, place / 16) for place in range(-1, 18)]
    gaps = [abs(rates.accepted.value - rates.bpcer.value) for rates in tried]
    assert abs(met.accepted.value - met.bpcer.value) <= min(gaps) + 1e-12


@given(RATES)
def test_interval_contains_its_estimate_and_narrows_with_confidence(rate: Rate) -> None:
    narrow, wide = rate.interval(0.9), rate.interval(0.99)
    assert wide[0] <= narrow[0]
    assert narrow[1] <= wide[1]
    if rate.trials:
        assert narrow[0] <= rate.value <= narrow[1]


@given(RATES.filter(lambda rate: 0 < rate.errors < rate.trials))
@settings(max_examples=50)
def test_interval_ends_leave_exact_tails(rate: Rate) -> None:
    """By definition (Clopper and Pearson), as many errors or more have a chance of 2.5 % at the lower end."""
    at_least = sum(_chance(count, rate.trials, rate.lower) for count in range(rate.errors, rate.trials + 1))
    at_most = sum(_chance(count, rate.trials, rate.upper) for count in range(rate.errors + 1))
    assert (at_least, at_most) == (pytest.approx(0.025, rel=1e-6), pytest.approx(0.025, rel=1e-6))


@given(st.lists(RATES, min_size=1, max_size=4), RATES)
def test_mean_lies_in_its_bounds(several: list[Rate], other: Rate) -> None:
    mean = MeanRate.worst([rate for rate in several if rate.trials], other)
    if not math.isnan(mean.value):
        assert mean.interval[0] - 1e-12 <= mean.value <= mean.interval[1] + 1e-12


def _chance(count: int, trials: int, share: float) -> float:
    return math.comb(trials, count) * share**count * (1 - share) ** (trials - count)

"""Tests of every metric against an example worked out by hand, with the arithmetic in comments."""

from __future__ import annotations

import math

import numpy as np
import pytest

from alive402.lab.metrics import Auc, BpcerAt, ErrorRates, Scored, curve, equal_errors
from alive402.lab.rates import MeanRate, Rate, shown

NAN = math.nan
LIVE = [0.9, 0.8, 0.7, 0.4, NAN]
PRINT = [0.6, 0.3, 0.2, 0.1]
REPLAY = [0.5, 0.75, NAN, NAN]


@pytest.fixture
def scored() -> Scored:
    """Five bona fide (one without an answer), four prints, four replays (two without an answer)."""
    species = [""] * 5 + ["print"] * 4 + ["replay"] * 4
    return Scored.of(LIVE + PRINT + REPLAY, [True] * 5 + [False] * 8, species)


def test_error_rates_at_a_threshold(scored: Scored) -> None:
    rates = ErrorRates.at(scored, 0.5)
    # bona fide below .5: only .4, of the four that have a score
    assert rates.bpcer == Rate(1, 4)
    # prints at or above .5: .6 of four; replays: .5 (the threshold itself counts as accepted) and .75 of two
    assert rates.apcer == {"print": Rate(1, 4), "replay": Rate(2, 2)}
    assert rates.worst == ("replay", Rate(2, 2))
    # (1 + 1/4) / 2
    assert rates.acer.value == 0.625
    # all attacks together: .6, .5, .75 of six; (3/6 + 1/4) / 2
    assert rates.accepted == Rate(3, 6)
    assert rates.hter.value == 0.375


def test_non_responses_are_counted_apart(scored: Scored) -> None:
    missing = scored.non_response()
    assert missing.bpnrr == Rate(1, 5)
    assert missing.apnrr == {"print": Rate(0, 4), "replay": Rate(2, 4)}


def test_species_without_answers_is_never_the_worst() -> None:
    rates = ErrorRates.at(Scored.of([0.9, 0.6, NAN], [True, False, False], ["", "print", "mask"]), 0.5)
    assert rates.apcer["mask"] == Rate(0, 0)
    assert rates.worst == ("print", Rate(1, 1))
    assert ErrorRates.at(Scored.of([0.9], [True], [""]), 0.5).worst is None


def test_auc_counts_pairs(scored: Scored) -> None:
    # of 4 x 6 pairs: .9 and .8 beat all 6; .7 beats .6 .3 .2 .1 .5 (5); .4 beats .3 .2 .1 (3): 6 + 6 + 5 + 3 = 20
    assert Auc.of(scored).value == pytest.approx(20 / 24)
    # a tie counts half: (.5 against .5) + (.9 against .5) = 1.5 of 2
    assert Auc.of(Scored.of([0.5, 0.9, 0.5], [True, True, False], ["", "", "print"])).value == 0.75


def test_auc_interval_is_valid_where_a_normal_one_collapses() -> None:
    perfect = Auc.of(Scored.of([0.9] * 10 + [0.1] * 10, [True] * 10 + [False] * 10, [""] * 10 + ["print"] * 10))
    assert perfect.value == 1
    assert 0.7 < perfect.interval[0] < 1
    assert perfect.interval[1] == 1


def test_eer_is_where_the_errors_meet() -> None:
    # between .5 and .6: bona fide .5 refused (1/4), attack .6 accepted (1/4)
    table = Scored.of([0.9, 0.8, 0.7, 0.5, 0.6, 0.4, 0.3, 0.1], [True] * 4 + [False] * 4, [""] * 4 + ["print"] * 4)
    met = equal_errors(table)
    assert met is not None
    assert (met.threshold, met.bpcer, met.accepted) == (pytest.approx(0.55), Rate(1, 4), Rate(1, 4))
    assert met.hter.value == 0.25


def test_hter_takes_its_threshold_from_another_set() -> None:
    dev = Scored.of([0.9, 0.7, 0.5, 0.3], [True, True, False, False], ["", "", "print", "print"])
    met = equal_errors(dev)
    assert met is not None
    assert met.threshold == pytest.approx(0.6)
    # at .6, of the test set: bona fide .55 refused (1/2), attack .8 accepted (1/4): (1/2 + 1/4) / 2
    test = Scored.of([0.95, 0.55, 0.8, 0.2, 0.1, 0.3], [True] * 2 + [False] * 4, [""] * 2 + ["mask"] * 4)
    assert ErrorRates.at(test, met.threshold).hter.value == 0.375


def test_bpcer_at_a_security_level_uses_the_worst_species() -> None:
    # twenty prints .01 .. .20 and ten replays .31 .. .40; bona fide .05 .. .95 in steps of .10
    prints, replays = [place / 100 for place in range(1, 21)], [0.30 + place / 100 for place in range(1, 11)]
    live = [0.05 + place / 10 for place in range(10)]
    table = Scored.of(live + prints + replays, [True] * 10 + [False] * 30, [""] * 10 + ["print"] * 20 + ["replay"] * 10)
    # 1 of 10 replays may pass: the threshold is the highest, .40; bona fide .05 .15 .25 .35 are below it
    assert BpcerAt.of(table, 10) == BpcerAt(10, pytest.approx(0.40), Rate(4, 10))
    # 5 %: not even one of ten may pass, so the threshold is just above .40; the same four are refused
    assert BpcerAt.of(table, 20).rate == Rate(4, 10)
    assert BpcerAt.of(table, 20).threshold > 0.40
    assert ErrorRates.at(table, BpcerAt.of(table, 20).threshold).accepted.errors == 0


def test_bpcer_without_attacks_is_no_trial() -> None:
    assert BpcerAt.of(Scored.of([0.9], [True], [""]), 20).rate == Rate(0, 0)


@pytest.mark.parametrize(
    ("rate", "low", "high"),
    [
        # none of n: the upper end p solves (1 - p)^n = .025; for n = 1 that is .975
        (Rate(0, 1), 0.0, 0.975),
        (Rate(0, 10), 0.0, 1 - 0.025**0.1),
        # all of n: the mirror image, p^n = .025
        (Rate(10, 10), 0.025**0.1, 1.0),
        # 1 of 2: 1 - (1 - p)^2 = .025 below, 1 - p^2 = .025 above
        (Rate(1, 2), 1 - math.sqrt(0.975), math.sqrt(0.975)),
        # 2 of 38, as published tables of Clopper and Pearson have it
        (Rate(2, 38), 0.0064, 0.1775),
        (Rate(0, 0), 0.0, 1.0),
    ],
)
def test_exact_intervals(rate: Rate, low: float, high: float) -> None:
    assert (rate.lower, rate.upper) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_mean_rate_is_bounded_at_a_stricter_level() -> None:
    one, other = Rate(0, 10), Rate(0, 20)
    # two rates share the 5 %: each end is that of a 97.5 % interval, tail .0125
    expected = ((1 - 0.0125 ** (1 / 10)) + (1 - 0.0125 ** (1 / 20))) / 2
    assert MeanRate.of(one, other).interval == (0.0, pytest.approx(expected))
    # three rates: tail .05 / 3 / 2
    third = 0.05 / 3 / 2
    expected = ((1 - third ** (1 / 10)) + (1 - third ** (1 / 20))) / 2
    assert MeanRate.worst([one, Rate(0, 40)], other).interval == (0.0, pytest.approx(expected))


def test_curve_holds_the_errors_at_many_thresholds(scored: Scored) -> None:
    thresholds = np.array([0.0, 0.45, 0.5, 0.76, 1.0])
    accepted, refused = curve(scored.live, scored.pooled, thresholds)
    for place, threshold in enumerate(thresholds):
        rates = ErrorRates.at(scored, float(threshold))
        assert (accepted[place], refused[place]) == (pytest.approx(rates.accepted.value), rates.bpcer.value)


def test_shares_are_printed_without_leading_zero() -> None:
    assert [shown(value) for value in (0.0, 0.0263, 0.9996, NAN)] == [".000", ".026", "1.000", "none"]
    assert str(Rate(0, 0)) == "no trial"


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        Scored.of([0.1], [True, False], ["", "print"])

"""Tests of the metrics against bob.pad.base 6.0.1, on a made-up score file."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from alive402.lab.metrics import Auc, BpcerAt, ErrorRates, Scored, equal_errors
from alive402.lab.scores import read, scored

LIVE = (
    "0.7 0.85 0.7 nan 0.56 0.71 0.97 0.83 0.96 0.8 0.83 0.79 0.42 0.92 0.85 0.85 0.41 0.4 0.57 0.66 0.81 0.74 0.85 0.62"
)
PRINT = "0.41 0.43 0.22 0.69 0.46 0.59 nan 0.2 0.28 0.33 0.48 0.4 0.26 0.16 0.25 0.59 0.19 0.4 0.44 0.05 0.36 0.61"
REPLAY = "0.05 0.39 0.43 0.29 nan 0.44 0.16 0.62 0.58 0.64 0.74 0.52"


@pytest.fixture
def table(tmp_path: Path) -> Scored:
    """The score file with the columns that bob reads."""
    kinds = (("True", "", LIVE), ("False", "print", PRINT), ("False", "replay", REPLAY))
    rows = [f"p,f,{truth},{kind},{score}" for truth, kind, scores in kinds for score in scores.split()]
    path = tmp_path / "scores-eval.csv"
    path.write_text("\n".join(["claimed_id,test_label,is_bonafide,attack_type,score", *rows]) + "\n")
    return scored(read(path))


def test_error_rates_equal_bobs(table: Scored) -> None:
    rates = ErrorRates.at(table, 0.5)
    assert {name: rate.value for name, rate in rates.apcer.items()} == {
        "print": pytest.approx(0.19047619047619047),
        "replay": pytest.approx(0.45454545454545453),
    }
    assert rates.bpcer.value == pytest.approx(0.13043478260869565)
    assert rates.acer.value == pytest.approx(0.2924901185770751)


def test_failure_to_acquire_equals_bobs(table: Scored) -> None:
    missing = table.non_response()
    rates = [missing.bpnrr, *missing.apnrr.values()]
    assert sum(rate.errors for rate in rates) / sum(rate.trials for rate in rates) == pytest.approx(0.05172413793103448)


@pytest.mark.parametrize(
    ("inverse", "threshold", "bpcer"),
    [(10, 0.74, 0.43478260869565216), (20, math.nextafter(0.74, 1), 0.4782608695652174)],
)
def test_bpcer_at_a_security_level_equals_bobs(table: Scored, inverse: int, threshold: float, bpcer: float) -> None:
    at = BpcerAt.of(table, inverse)
    assert (at.threshold, at.rate.value) == (threshold, pytest.approx(bpcer))


def test_equal_error_rate_equals_bobs(table: Scored) -> None:
    met = equal_errors(table)
    assert met is not None
    assert met.threshold == pytest.approx(0.585)
    assert met.hter.value == pytest.approx(0.21807065217391303)


def test_auc_equals_bobs(table: Scored) -> None:
    assert Auc.of(table).value == pytest.approx(0.9014945652173914)

"""Tests of the fit: non-negative weights, left-out sources, and lower weights of altered looks."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from training.fusion_fit import Table, auc, fit, left_out


def table(seed: int, shift: float = 2.0) -> Table:
    rng = np.random.default_rng(seed)
    labels = np.array([1.0, 0.0] * 12)
    odds = shift * (2 * labels - 1) + rng.normal(0, 1, 24)
    features = np.stack([odds, odds - 0.5, -1.0 * (labels == 0) * (rng.random(24) < 0.5)], axis=1)
    sources = np.array([f"s{number // 4}" for number in range(24)])
    return Table(features, labels, sources, np.full(24, "print"), ["mean", "percentile", "planar"])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_no_weight_is_negative(seed: int) -> None:
    _, weights = fit(table(seed))
    assert (weights >= 0).all()


def test_left_out_scores_rank_separable_clips() -> None:
    one = table(1)
    assert auc(left_out(one), one.labels) > 0.97


def test_rows_without_weight_change_nothing() -> None:
    one = table(2)
    doubled = Table(
        np.concatenate([one.features, one.features + 3]),
        np.tile(one.labels, 2),
        np.tile(one.sources, 2),
        np.tile(one.species, 2),
        one.names,
        np.concatenate([np.ones(24), np.full(24, 1e-9)]),
    )
    assert np.allclose(fit(one)[1], fit(doubled)[1], atol=1e-3)


def test_auc_counts_ties_half() -> None:
    assert auc(np.array([1.0, 0.0, 0.5, 0.5]), np.array([1.0, 0.0, 1.0, 0.0])) == 0.875

"""Tests of alterations: they keep the shape of a look, change it, and give one result per seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training.alterations import MEASURED, Look, altered, usual_faces


def look(seed: int) -> Look:
    rng = np.random.default_rng(seed)
    small = rng.integers(30, 220, (2, 9, 9, 3)).astype(np.uint8)
    mid, wide = (np.repeat(np.repeat(one, 15, 0), 15, 1)[:128, :128] for one in small)
    return Look((mid, wide), usual_faces(1)[0])


@pytest.mark.parametrize("name", MEASURED)
def test_each_alteration_changes_both_views_and_is_seeded(name: str) -> None:
    before = look(1)
    once, again = (MEASURED[name](np.random.default_rng(5), before) for _ in range(2))
    for view, same, was in zip(once.views, again.views, before.views, strict=True):
        assert view.shape == was.shape
        assert view.dtype == np.uint8
        assert np.array_equal(view, same)
        assert not np.array_equal(view, was)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_alterations_give_complete_views(seed: int) -> None:
    result = altered(np.random.default_rng(seed), look(seed % 7))
    assert all(view.shape == (128, 128, 3) and view.dtype == np.uint8 for view in result.views)


def test_faces_are_centred() -> None:
    (mid, wide) = usual_faces(1)[0]
    assert mid[2] - mid[0] == pytest.approx(1 / 2.7)
    assert wide[2] - wide[0] == pytest.approx(1 / 4.0)

"""Tests of the alterations on which networks are only measured."""

from __future__ import annotations

import numpy as np
import pytest
from training.alterations import Look, usual_faces
from training.harder import HARDER


@pytest.mark.parametrize("name", HARDER)
def test_alteration_changes_both_views_and_depends_only_on_its_generator(name: str) -> None:
    rng = np.random.default_rng(3)
    before = Look(tuple(rng.integers(0, 256, (2, 128, 128, 3), np.uint8)), usual_faces(1)[0])
    once, again = (HARDER[name](np.random.default_rng(5), before) for _ in range(2))
    for view, changed, same in zip(before.views, once.views, again.views, strict=True):
        assert changed.shape == view.shape
        assert changed.dtype == np.uint8
        assert np.array_equal(changed, same)
        assert not np.array_equal(changed, view)


def test_close_crop_ends_around_the_face() -> None:
    mid, wide = np.zeros((2, 128, 128, 3), np.uint8)
    mid[40:88, 40:88] = 200  # the face
    look = HARDER["close"](np.random.default_rng(1), Look((mid, wide), usual_faces(1)[0]))
    assert np.array_equal(*look.views)
    assert float((look.views[0] > 100).mean()) > 1.5 * float((mid > 100).mean())

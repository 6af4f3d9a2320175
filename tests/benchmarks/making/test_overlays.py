"""Tests of drawn play buttons: one result per seed, only their own pixels change, shown half a second or more."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.making.footage import Footage
from benchmarks.making.overlays import STYLES, play_button


@pytest.mark.parametrize("style", sorted(STYLES))
def test_button_is_drawn_over_the_middle_only(style: str) -> None:
    plain = np.random.default_rng(1).integers(60, 180, (96, 128, 3), np.uint8)
    footage = Footage.of([plain] * 60)
    for seed in range(4):
        made, again = (play_button(footage, style, np.random.default_rng(seed)) for _ in range(2))
        assert all(np.array_equal(one, other) for one, other in zip(made.frames, again.frames, strict=True))
        changed = np.stack([(one != plain).any(axis=2) for one in made.frames])
        assert changed[:, 48, 64].sum() >= 15
        assert not changed[:, :, :40].any()
        assert not changed[:, :30].any()


def test_filmed_screen_is_seen_at_an_angle() -> None:
    white = Footage.of([np.full((96, 128, 3), 255, np.uint8)] * 4)
    seen = play_button(white, "dark_disc", np.random.default_rng(0), perspective=True).frames[0]
    assert not np.array_equal(seen, white.frames[0])
    assert (seen[[0, 0, -1, -1], [0, -1, 0, -1]] == 0).any()

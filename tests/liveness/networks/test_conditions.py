"""Tests of the conditions of filming: colour and light of a look, and the room around the face."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.liveness.networks import MID_VIEW, conditions
from alive402.liveness.networks.conditions import Image

FACE = 1 / MID_VIEW
SKIN = np.array([110, 140, 190], np.uint8)


def filled(colour: np.ndarray | int, side: int = 128) -> Image:
    view = np.zeros((side, side, 3), np.uint8)
    view[:] = colour
    return view


@given(st.integers(0, 255))
def test_gray_view_has_no_colour(level: int) -> None:
    assert conditions.colourless([filled(level)]).tolist() == [1.0]


def test_skin_has_colour() -> None:
    assert conditions.colourless([filled(SKIN), filled(128)]).tolist() == [0.0, 1.0]


@given(st.integers(0, 254))
def test_darker_face_is_never_rated_lighter(level: int) -> None:
    darker, lighter = conditions.dark([filled(level), filled(level + 1)], FACE).tolist()
    assert darker >= lighter


def test_only_the_face_counts_as_dark() -> None:
    lit = filled(10)
    lit[44:84, 44:84] = 150
    assert conditions.dark([lit], FACE).tolist() == [0.0]
    assert conditions.dark([filled(10)], FACE).tolist() == [1.0]
    assert conditions.dark([filled(45)], FACE) == pytest.approx([0.5])


@given(st.floats(0.1, 4.0), st.floats(0.0, 1.0))
def test_less_room_is_never_rated_farther(reach: float, more: float) -> None:
    nearer, farther = conditions.close([reach, reach + more]).tolist()
    assert nearer >= farther


def test_face_that_fills_the_picture_is_close() -> None:
    assert conditions.close([1.2, 1.9, 4.0]).tolist() == [1.0, 0.0, 0.0]

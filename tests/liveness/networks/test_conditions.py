"""Tests of the conditions of filming: colour and light of a look, and the room around the face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.liveness.networks import AppearanceNetwork, conditions
from alive402.liveness.networks.conditions import Image

FACE = np.array([0.32, 0.32, 0.68, 0.68], np.float32)
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
    darker, lighter = conditions.dark(conditions.brightness([filled(level), filled(level + 1)], [FACE, FACE])).tolist()
    assert darker >= lighter


def test_only_the_face_counts_as_dark() -> None:
    lit = filled(10)
    lit[40:88, 40:88] = 150
    assert conditions.dark(conditions.brightness([lit], [FACE])).tolist() == [0.0]
    assert conditions.dark(conditions.brightness([filled(10)], [FACE])).tolist() == [1.0]
    assert conditions.dark(conditions.brightness([filled(45)], [FACE])) == pytest.approx([0.5])


@given(st.floats(-0.5, 1.2), st.floats(-0.5, 1.2), st.floats(0, 1))
def test_face_anywhere_in_the_view_has_its_own_light(left: float, top: float, size: float) -> None:
    face = np.array([left, top, left + size, top + size], np.float32)
    view = filled(150)
    assert conditions.dark(conditions.brightness([view], [face])).tolist() == [0.0]
    low, high = np.clip(np.array([face[:2], face[2:]]) * 128, 0, 128).round().astype(int)
    view[low[1] : high[1], low[0] : high[0]] = 10
    assert conditions.dark(conditions.brightness([view], [face])).tolist() == [float((high > low).all())]


@given(st.integers(1, 255), st.integers(0, 255))
def test_dark_face_is_brought_to_eighty_or_four_times_as_bright(level: int, around: int) -> None:
    view = filled(around)
    view[40:88, 40:88] = level
    (bright,) = conditions.brightness([view], [FACE]).tolist()
    seen = conditions.exposed(view, bright)
    assert conditions.brightness([seen], [FACE])[0] == pytest.approx(max(level, min(80, 4 * level)), abs=0.6)
    if level >= 80:
        assert seen is view


def test_network_says_the_same_of_a_face_in_half_the_light() -> None:
    rng = np.random.default_rng(4)
    view = cv2.resize(rng.integers(40, 230, (9, 9, 3), np.uint8), (160, 160), interpolation=cv2.INTER_CUBIC)
    light = (view * 0.5).astype(np.uint8)
    seen = AppearanceNetwork(1).look_at([light, light // 2], [light, light // 2], [4.0, 4.0])
    assert seen.live[0] == pytest.approx(seen.live[1], abs=0.02)
    assert seen.dark[0] < seen.dark[1]


@given(st.floats(0.1, 4.0), st.floats(0.0, 1.0))
def test_less_room_is_never_rated_farther(reach: float, more: float) -> None:
    nearer, farther = conditions.close([reach, reach + more]).tolist()
    assert nearer >= farther


def test_face_that_fills_the_picture_is_close() -> None:
    assert conditions.close([1.2, 1.9, 4.0]).tolist() == [1.0, 0.0, 0.0]

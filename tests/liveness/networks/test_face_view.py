"""Tests of the view of the face alone: the face stays, its surroundings do not matter."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.liveness.networks.face_view import KEPT, SHOWN, Floats, Image, face_alone, in_the_middle

MIDDLE = np.array([0.35, 0.35, 0.65, 0.65], np.float32)


def noise(seed: int, side: int = 128) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)


def around(face: Floats, times: float, side: int) -> tuple[slice, slice]:
    centre, half = (face[:2] + face[2:]) / 2 * side, (face[2:] - face[:2]) / 2 * times * side
    (left, top), (right, bottom) = (centre - half).round().astype(int), (centre + half).round().astype(int)
    return slice(top, bottom), slice(left, right)


def test_surroundings_do_not_matter() -> None:
    view, other = noise(1), noise(2)
    kept = around(MIDDLE, KEPT, 128)
    other[kept] = view[kept]
    assert not np.array_equal(view, other)
    assert np.array_equal(face_alone(view, MIDDLE, 80), face_alone(other, MIDDLE, 80))


def test_face_has_its_scale_and_what_is_around_it_is_soft() -> None:
    view = np.full((128, 128, 3), 60, np.uint8)
    view[around(MIDDLE, 1.0, 128)] = 200
    alone = face_alone(view, MIDDLE, 80)
    assert abs(float((alone[40, :, 0] > 130).mean()) - 1 / SHOWN) < 0.04
    noisy = face_alone(noise(3), MIDDLE, 80).astype(float)
    inside = noisy[around(in_the_middle([4.0], SHOWN)[0], 1.0, 80)]
    border, face = (np.abs(np.diff(part, axis=1)).mean() for part in (noisy[:8], inside))
    assert border < 0.3 * face


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-0.4, 1.2),
    st.floats(-0.4, 1.2),
    st.floats(0.0, 1.3),
    st.integers(40, 160),
    st.sampled_from([32, 80, 128]),
)
def test_every_place_of_the_face_gives_a_view(left: float, top: float, size: float, height: int, side: int) -> None:
    view = np.full((height, 128, 3), 90, np.uint8)
    alone = face_alone(view, np.array([left, top, left + size, top + size], np.float32), side)
    assert alone.shape == (side, side, 3)
    assert (alone == 90).all()


def test_picture_without_room_holds_a_larger_face() -> None:
    far, near = in_the_middle([4.0, 1.25], 2.5)
    assert far.tolist() == np.array([0.3, 0.3, 0.7, 0.7], np.float32).tolist()
    assert np.allclose(near, [0.1, 0.1, 0.9, 0.9])

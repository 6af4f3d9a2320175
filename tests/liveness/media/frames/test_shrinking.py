"""Tests of shrinking by areas: the result is the mean of what it covers, at every size."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.liveness.media import shrink
from tests.conftest import Image

sides = st.integers(1, 96)


def textured(seed: int, width: int, height: int, channels: int) -> Image:
    shape = (height, width, 3) if channels == 3 else (height, width)
    noise = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8)


@settings(max_examples=80, deadline=None)
@given(sides, sides, st.floats(1, 7), st.floats(1, 7), st.sampled_from([1, 3]))
def test_shrinks_to_the_size_and_keeps_the_level(
    width: int, height: int, across: float, down: float, channels: int
) -> None:
    picture = np.full((int(height * down), int(width * across), 3)[: 2 + (channels == 3)], 77, np.uint8)
    small = shrink(picture, width, height)
    assert small.shape[:2] == (height, width)
    assert small.ndim == picture.ndim
    assert (small == 77).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 999), st.integers(24, 96), st.floats(1, 6), st.sampled_from([1, 3]))
def test_agrees_with_the_mean_of_the_covered_area(seed: int, width: int, times: float, channels: int) -> None:
    picture = textured(seed, round(width * times), round(width * times * 0.75), channels)
    height = max(1, round(picture.shape[0] / times))
    exact = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    apart = shrink(picture, width, height).astype(float) - exact
    assert abs(apart).mean() < 3
    assert abs(apart.mean()) < 1


def test_large_picture_loses_no_detail_that_the_result_can_show() -> None:
    stripes = np.zeros((1080, 1920), np.uint8)
    stripes[:, ::12], stripes[:, 1::12], stripes[:, 2::12] = 240, 240, 240
    small = shrink(stripes, 640, 360).astype(float)
    assert abs(small.mean() - stripes.mean()) < 1.5
    assert small.std() > 80

"""Tests of telling faces apart by colour and proportions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from alive402.liveness.decision.persons import LENGTHS, colour_distance, differ, shape_distance
from alive402.liveness.faces import FaceTrack
from tests.liveness import scenes

BOX = (150.0, 70.0, 260.0, 210.0)


def track(shape: npt.NDArray[np.float64], seed: int = 0, scale: float = 1.0, roll: float = 0.0) -> FaceTrack:
    """A face with this (468, 2) mesh, enlarged and rolled, with a little noise."""
    frames = [scenes.face(scenes.room(), BOX)] * 30
    seen = scenes.film(frames, [BOX] * 30)[1]
    cos, sin = np.cos(roll), np.sin(roll)
    turned = shape @ np.array([[cos, sin], [-sin, cos]]) * scale + 100
    noise = np.random.default_rng(seed).normal(0, 0.3, (len(seen.times), 468, 2))
    return replace(seen, landmarks=(turned + noise).astype(np.float32))


def mesh(seed: int) -> npt.NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(0, 80, (468, 2))


def test_scaled_and_rolled_face_is_the_same() -> None:
    shape = mesh(1)
    assert shape_distance(track(shape), track(shape, 1, 1.7, 0.5)) < 1
    assert not differ(track(shape), track(shape, 1, 1.7, 0.5))


def test_other_proportions_are_another_face() -> None:
    shape = mesh(1)
    longer = shape.copy()
    longer[[point for pair in LENGTHS[:4] for point in pair], 1] *= 2.5
    assert differ(track(shape), track(longer))


def test_shape_without_a_mesh_is_silent() -> None:
    bare = replace(track(mesh(1)), landmarks=np.full((8, 468, 2), np.nan, np.float32))
    assert shape_distance(bare, track(mesh(2))) == 0


def test_colour_is_compared_by_the_middle_of_the_face() -> None:
    (first, *_) = track(mesh(1)).samples
    red = replace(first, mid=np.full((128, 128, 3), (60, 60, 220), np.uint8))
    assert colour_distance((first,), (first, first)) == 0
    assert colour_distance((first,), (red,)) > 30
    assert colour_distance((), (red,)) == 0

"""Tests of the attack makers: frame count, even size, one result per seed, and a visible face."""

from __future__ import annotations

from itertools import islice

import numpy as np
import numpy.typing as npt
import pytest
from benchmarks.making.attacks import ATTACKS, CLIP_ATTACKS

from alive402.demo import Clips
from alive402.liveness import VideoFile
from benchmarks.making import places

Image = npt.NDArray[np.uint8]

SECONDS, RATE = 0.5, 10.0
NAMES = [*ATTACKS, *CLIP_ATTACKS]


@pytest.fixture(scope="module")
def person(clips: Clips) -> list[Image]:
    with VideoFile(clips.bona_fide) as file:
        return [frame.small(320).copy() for frame in islice(file, 20)]


def made(name: str, person: list[Image], seed: int) -> list[Image]:
    rng = np.random.default_rng(seed)
    if name in ATTACKS:
        return list(ATTACKS[name](person[0], SECONDS, RATE, rng))
    return list(CLIP_ATTACKS[name](person[0], person, SECONDS, RATE, rng))


@pytest.mark.parametrize("name", NAMES)
def test_maker_yields_frames_of_one_even_size_that_show_a_face(name: str, person: list[Image]) -> None:
    frames = made(name, person, 1)
    assert len(frames) == 5
    assert {frame.shape for frame in frames} == {frames[0].shape}
    assert all(side % 2 == 0 for side in frames[0].shape[:2])
    assert all(frame.dtype == np.uint8 for frame in frames)
    assert places.find(frames[2]).width > 20


@pytest.mark.parametrize("name", NAMES)
def test_maker_is_seeded_and_moves(name: str, person: list[Image]) -> None:
    first, again = made(name, person, 2), made(name, person, 2)
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert not np.array_equal(first[0], first[-1])


def test_no_face_is_an_error() -> None:
    with pytest.raises(ValueError, match="no face"):
        places.find(np.full((120, 160, 3), 90, np.uint8))

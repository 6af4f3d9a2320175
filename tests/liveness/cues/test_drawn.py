"""Tests of `drawn`: faces without shading or in few colours score; camera pictures do not."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from alive402.liveness.cues.drawn import drawn
from alive402.liveness.report import Cue
from tests.liveness import scenes

Image = npt.NDArray[np.uint8]

BOX: scenes.Box = (150, 60, 330, 290)


def judged(picture: Image, noise: float) -> Cue:
    clip, track = scenes.film([picture] * 30, [BOX] * 30, noise=noise)
    mid = np.asarray(cv2.resize(picture[20:330, 85:395], (128, 128), interpolation=cv2.INTER_AREA), np.uint8)
    return drawn(clip, replace(track, samples=tuple(replace(one, mid=mid) for one in track.samples)))


def shaded() -> Image:
    """A face whose skin has soft shadows and pores everywhere."""
    picture = scenes.face(scenes.room(), BOX).astype(np.float32)
    rng = np.random.default_rng(5)
    soft = cv2.resize(rng.normal(0, 14, (12, 16)).astype(np.float32), (480, 360), interpolation=cv2.INTER_CUBIC)
    fine = cv2.GaussianBlur(rng.normal(0, 6, (360, 480)).astype(np.float32), (0, 0), 1.0)
    return np.asarray(np.clip(picture + (soft + fine)[..., None], 0, 255), np.uint8)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_flat_drawing_is_drawn(noise: float) -> None:
    cue = judged(scenes.face(scenes.room(), BOX), noise)
    assert cue.score == -1
    assert cue.attack_type == "injected_or_edited"
    assert "cartoon" in cue.message


@pytest.mark.parametrize("noise", [0.0, 2.0, 6.0])
def test_shaded_face_is_not_drawn(noise: float) -> None:
    assert judged(shaded(), noise).score == 0


@pytest.mark.parametrize("levels", [10, 16, 24])
def test_picture_in_few_colours_is_drawn(levels: int) -> None:
    few = np.asarray(np.round(shaded() / 255.0 * levels) / levels * 255, np.uint8)
    cue = judged(few, 1.0)
    assert cue.score is not None
    assert cue.score <= -0.5


def test_blurred_and_dark_faces_are_not_drawn() -> None:
    assert judged(np.asarray(cv2.GaussianBlur(shaded(), (0, 0), 2.5), np.uint8), 1.0).score == 0
    assert judged(np.asarray(shaded() * 0.3, np.uint8), 1.0).score == 0


def test_small_or_missing_looks_are_silent() -> None:
    clip, track = scenes.film([shaded()] * 30, [BOX] * 30)
    assert drawn(clip, replace(track, samples=())).score is None
    tiny = tuple(replace(one, texture=np.zeros((3, 3), np.uint8)) for one in track.samples)
    assert drawn(clip, replace(track, samples=tiny)).score is None


def test_black_looks_score_nothing() -> None:
    assert judged(np.zeros((360, 480, 3), np.uint8), 0.0).score == 0

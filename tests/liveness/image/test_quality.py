"""Tests of the quality gate of a single picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alive402.liveness.errors import Blurred, FaceTooSmall, NoFace, Occluded, TooBright, TooDark, UnusableVideo
from alive402.liveness.image.quality import assess
from tests.liveness import scenes

GOOD = scenes.sample(scenes.room(), np.float32([200, 120, 280, 220]))


def box(*sides: float) -> dict[str, object]:
    return {"box": np.float32(sides)}


def test_good_picture_has_no_warning() -> None:
    assert assess(GOOD, 1).warnings == ()
    assert assess(GOOD, 1).face_width == 80


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"score": 0.5}, NoFace),
        (box(-60, 120, 20, 220), Occluded),
        (box(200, 120, 230, 160), FaceTooSmall),
        ({"luminance": 10.0}, TooDark),
        ({"luminance": 230.0}, TooBright),
        ({"sharpness": 2.0}, Blurred),
    ],
)
def test_unusable_picture_has_an_error_that_names_no_video(
    change: dict[str, object], error: type[UnusableVideo]
) -> None:
    with pytest.raises(error) as raised:
        assess(replace(GOOD, **change), 1)  # type: ignore[arg-type]
    assert "video" not in raised.value.message


@pytest.mark.parametrize(
    ("change", "faces", "code"),
    [
        (box(200, 120, 250, 180), 1, "face_too_small"),
        ({"reach": 1.3}, 1, "face_too_close"),
        ({"luminance": 30.0}, 1, "too_dark"),
        ({"luminance": 210.0}, 1, "too_bright"),
        ({"sharpness": 4.0}, 1, "blurred"),
        (box(-20, 120, 60, 220), 1, "face_occluded"),
        ({"score": 0.65}, 1, "face_occluded"),
        ({}, 2, "several_faces"),
    ],
)
def test_poor_picture_has_a_warning(change: dict[str, object], faces: int, code: str) -> None:
    quality = assess(replace(GOOD, **change), faces)  # type: ignore[arg-type]
    assert [warning.code for warning in quality.warnings] == [code]


def test_picture_without_a_face_is_refused() -> None:
    with pytest.raises(NoFace):
        assess(None, 0)


@pytest.mark.parametrize(("level", "error"), [(10, TooDark), (120, NoFace), (250, TooBright)])
def test_picture_without_a_face_is_refused_for_its_light_where_that_is_the_cause(
    level: int, error: type[UnusableVideo]
) -> None:
    with pytest.raises(error) as raised:
        assess(None, 0, np.full((90, 120, 3), level, np.uint8))
    assert "video" not in raised.value.message


def test_dark_face_without_contrast_is_dark_and_not_blurred() -> None:
    with pytest.raises(TooDark):
        assess(replace(GOOD, luminance=20.0, sharpness=2.0), 1)


@pytest.mark.parametrize("border", [0, 255])
def test_border_around_a_small_picture_is_not_its_light(border: int) -> None:
    pixels = np.full((200, 200, 3), border, np.uint8)
    pixels[90:110, 90:110] = np.arange(20, dtype=np.uint8)[:, None, None] * 10 + 20
    with pytest.raises(NoFace):
        assess(None, 0, pixels)

"""Tests of leaning faces: the angle comes from the landmarks, and the view shows the face upright."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.liveness.faces import upright
from alive402.liveness.faces.detector import Detection

UPRIGHT = np.array([[-20, -12], [20, -12], [0, 5], [0, 28], [-43, -8], [43, -8]], np.float32)
"""Right eye, left eye, nose, mouth, right ear, left ear of a face 100 px wide, about its middle."""


def leaning(degrees: float, middle: tuple[float, float] = (200, 150)) -> npt.NDArray[np.float32]:
    """The points of a face that leans clockwise."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.asarray(UPRIGHT @ np.array([[cos, sin], [-sin, cos]]) + middle, np.float32)


def found(degrees: float, score: float) -> Detection:
    return Detection(np.array([150, 100, 250, 200], np.float32), score, leaning(degrees))


@given(degrees=st.floats(-179, 179))
def test_lean_is_read_from_the_landmarks(degrees: float) -> None:
    leans = upright.lean(leaning(degrees))
    assert leans is not None
    assert abs(upright.between(leans, degrees)) < 0.1


def test_profile_or_misplaced_landmark_has_no_lean() -> None:
    profile = leaning(0)
    profile[:2] = profile[:2].mean(axis=0) + np.array([[-2, 1], [2, -1]], np.float32)
    assert upright.lean(profile) is None
    misplaced = leaning(0)
    misplaced[0] += (0, 40)
    assert upright.lean(misplaced) is None
    assert upright.lean(np.full((6, 2), np.nan, np.float32)) is None
    assert upright.lean(np.zeros((6, 2), np.float32)) is None


def test_sure_face_needs_score_and_landmarks() -> None:
    assert upright.sure(found(20, 0.9))
    assert not upright.sure(found(20, 0.8))
    assert not upright.sure(found(80, 0.95))
    assert upright.sure(found(90, 0.95), turn=90)
    assert upright.sure(found(-170, 0.95), turn=180)


@settings(max_examples=20, deadline=None)
@given(degrees=st.floats(-60, 60), x=st.floats(80, 560), y=st.floats(80, 400))
def test_view_is_upright_without_black_corners(degrees: float, x: float, y: float) -> None:
    image = np.full((480, 640, 3), 90, np.uint8)
    points = leaning(degrees, (x, y))
    for point, ink in zip(points[[0, 1, 3]], [(255, 0, 0), (0, 255, 0), (0, 0, 255)], strict=True):
        cv2.circle(image, (round(float(point[0])), round(float(point[1]))), 5, ink, -1)
    box = np.array([x - 50, y - 50, x + 50, y + 50], np.float32)
    view = upright.crop_upright(image, box, 2.7, degrees, 128).astype(int)
    assert view.max(axis=2).min() >= 80
    right, left, mouth = (
        np.argwhere(view[..., channel] - view[..., (channel + 1) % 3] > 60).mean(axis=0) for channel in range(3)
    )
    assert abs(right[0] - left[0]) < 2.5
    assert right[1] < mouth[1] < left[1]
    assert mouth[0] > right[0]  # rows, then columns


@pytest.mark.parametrize("degrees", [-30, 20, 45])
def test_turned_view_equals_the_upright_picture(degrees: int) -> None:
    rng = np.random.default_rng(1)
    picture = cv2.GaussianBlur(rng.integers(0, 255, (480, 640, 3), np.uint8), (0, 0), 6)
    picture = cv2.normalize(picture, None, 0, 255, cv2.NORM_MINMAX)
    box = np.array([280, 200, 360, 280], np.float32)
    turn = cv2.getRotationMatrix2D((320, 240), -degrees, 1.0)
    leaning_picture = cv2.warpAffine(picture, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    plain = upright.crop_upright(picture, box, 2.7, 0.0, 128).astype(int)
    again = upright.crop_upright(leaning_picture, box, 2.7, float(degrees), 128).astype(int)
    assert np.abs(plain - again).mean() < 4


@settings(max_examples=40, deadline=None)
@given(degrees=st.floats(-60, 60), x=st.floats(60, 580), y=st.floats(60, 420), half=st.floats(40, 200))
def test_face_is_where_the_view_says(degrees: float, x: float, y: float, half: float) -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    cv2.circle(image, (round(x), round(y)), 6, (255, 255, 255), -1)
    box = np.array([x - half, y - half, x + half, y + half], np.float32)
    view = upright.crop_upright(image, box, 2.7, degrees, 128)
    face = upright.face_in_view(image, box, 2.7, degrees) * 128
    row, column = np.argwhere(view[..., 0] > 100).mean(axis=0) + 0.5
    assert np.abs((face[:2] + face[2:]) / 2 - [column, row]).max() < 2
    times = min(2.7, 479 / (2 * half), 639 / (2 * half))
    assert face[2] - face[0] == pytest.approx(128 / times, rel=1e-3)

"""Tests of reading head pose, mouth and place from a mesh: a rigid head of known pose, seen by a distant camera."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.liveness.challenge import Signals, read
from alive402.liveness.challenge.signals import (
    LEFT_EYE,
    LEFT_SIDE,
    LOWER_LIP,
    NOSE_TIP,
    RIGHT_EYE,
    RIGHT_SIDE,
    UPPER_LIP,
)
from alive402.liveness.faces import FaceTrack

# x to the picture's right, y down, z towards the camera, in half-widths of the face
HEAD = {
    RIGHT_EYE: (-0.58, -0.30, 0.65),
    LEFT_EYE: (0.58, -0.30, 0.65),
    RIGHT_SIDE: (-1.0, 0.0, 0.0),
    LEFT_SIDE: (1.0, 0.0, 0.0),
    NOSE_TIP: (0.0, 0.1, 1.29),
    UPPER_LIP: (0.0, 0.4, 1.0),
    LOWER_LIP: (0.0, 0.4, 1.0),
}


def seen(yaw: float, pitch: float, roll: float = 0.0, mouth: float = 0.0, width: float = 60.0) -> Signals:
    """One frame; `yaw` degrees to the person's left, `pitch` up, `roll` in the picture, `mouth` in eye distances."""
    left, up, turn = np.radians([yaw, pitch, roll])
    points = np.array(list(HEAD.values()))
    points[list(HEAD).index(LOWER_LIP), 1] += mouth * 1.16
    about_x = np.array([[1, 0, 0], [0, np.cos(up), -np.sin(up)], [0, np.sin(up), np.cos(up)]])
    about_y = np.array([[np.cos(left), 0, np.sin(left)], [0, 1, 0], [-np.sin(left), 0, np.cos(left)]])
    about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    shown = (points @ about_x.T @ about_y.T @ about_z.T)[:, :2] * width + 200
    marks = np.full((2, 468, 2), 100.0, np.float32)
    marks[0, list(HEAD)] = shown
    marks[1] = np.nan
    return read(
        FaceTrack(
            indices=np.arange(2),
            times=np.array([0.5, 0.625]),
            boxes=np.zeros((2, 4), np.float32),
            scores=np.ones(2, np.float32),
            landmarks=marks,
            turn=0,
            samples=(),
        )
    )


@given(yaw=st.floats(-40, 40), roll=st.floats(-170, 170), width=st.floats(15, 400))
def test_yaw_is_that_of_the_head(yaw: float, roll: float, width: float) -> None:
    signals = seen(yaw, 0.0, roll, width=width)
    assert signals.times.tolist() == [0.5]
    assert signals.yaw[0] == pytest.approx(yaw, abs=0.5)
    assert signals.size[0] == pytest.approx(np.log(width), abs=0.02)


@given(pitch=st.floats(-25, 25), yaw=st.floats(-15, 15), roll=st.floats(-30, 30))
def test_pitch_is_relative_to_rest(pitch: float, yaw: float, roll: float) -> None:
    assert seen(yaw, pitch, roll).pitch[0] - seen(yaw, 0.0, roll).pitch[0] == pytest.approx(pitch, abs=3.0)


@given(mouth=st.floats(0, 0.5), yaw=st.floats(-30, 30))
def test_mouth_is_in_distances_of_the_eyes(mouth: float, yaw: float) -> None:
    assert seen(yaw, 0.0, mouth=mouth).mouth[0] == pytest.approx(mouth, abs=0.02)


def test_a_mirrored_picture_turns_the_other_way() -> None:
    signals = seen(20.0, 10.0)
    assert signals.mirrored().yaw[0] == -signals.yaw[0]
    assert signals.mirrored().pitch[0] == signals.pitch[0]

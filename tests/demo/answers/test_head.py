"""Tests of the head that moves: the engine's own mesh reads the pose that was drawn, and the rest stands still."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
from benchmarks.making.places import find

from alive402.demo.answers import Head, Pose
from alive402.liveness import NoFace
from alive402.liveness.challenge import Signals, read
from alive402.liveness.faces import FaceTrack
from tests.conftest import Image

FRAME, SIZE = 73, (320, 262)
POSES = {
    "turn_left": (Pose(yaw=30), "yaw", 30.0, 5.0),
    "turn_right": (Pose(yaw=-30), "yaw", -30.0, 5.0),
    "look_up": (Pose(pitch=25), "pitch", 25.0, 6.0),
    # The mesh takes the ears along when a face looks down, so the engine reads less than was drawn.
    "look_down": (Pose(pitch=-25), "pitch", -19.0, 5.0),
    "open_mouth": (Pose(mouth=0.3), "mouth", 0.27, 0.08),
}


def signals(*pictures: Image) -> Signals:
    marks = np.stack([find(picture).marks for picture in pictures])
    count = len(pictures)
    boxes, scores = np.zeros((count, 4), np.float32), np.ones(count, np.float32)
    return read(FaceTrack(np.arange(count), np.arange(count) / 8, boxes, scores, marks, 0, ()))


@pytest.fixture(scope="module")
def head(person: list[Image]) -> Head:
    return made(cv2.resize(person[FRAME], SIZE, interpolation=cv2.INTER_CUBIC).tobytes())


@cache
def made(picture: bytes) -> Head:
    return Head.of(np.frombuffer(picture, np.uint8).reshape(SIZE[1], SIZE[0], 3))


@pytest.mark.parametrize("kind", POSES)
def test_the_engine_reads_the_pose_that_was_drawn(head: Head, kind: str) -> None:
    pose, name, expected, within = POSES[kind]
    seen = signals(head.drawn(Pose()), head.drawn(pose))
    moved = {each: float(np.diff(getattr(seen, each))[0]) for each in ("yaw", "pitch", "mouth")}
    assert moved[name] == pytest.approx(expected, abs=within)
    if name != "yaw":
        assert abs(moved["yaw"]) < 6
    if name != "mouth":
        assert abs(moved["mouth"]) < 0.06


def test_a_head_at_rest_is_its_picture_and_the_rest_stands_still(head: Head) -> None:
    still = head.drawn(Pose()).astype(int) - head.picture
    assert np.abs(still).mean() < 0.5
    moved = np.abs(head.drawn(Pose(yaw=35, mouth=0.3, lids=1.0)).astype(int) - head.picture).max(axis=2)
    assert (moved > 30).mean() > 0.05
    edges = np.concatenate([moved[:, :20].ravel(), moved[:, -60:].ravel()])
    assert edges.max() == 0


def test_lids_close(head: Head) -> None:
    eyes = [cv2.absdiff(head.drawn(Pose(lids=lids)), head.picture).max() for lids in (0.0, 1.0)]
    assert eyes[0] < 40 < eyes[1]


def test_a_picture_without_a_face_is_refused() -> None:
    with pytest.raises(NoFace):
        Head.of(np.full((120, 160, 3), 90, np.uint8))

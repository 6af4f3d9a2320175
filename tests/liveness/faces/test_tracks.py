"""Tests of tracks of faces: upright in their views however they were filmed, and searched where they may be lost."""

from __future__ import annotations

import csv
import os
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av
import numpy as np
import numpy.typing as npt
import pytest

from alive402.demo import Clips
from alive402.liveness.faces.detector import Detection, FaceDetector
from alive402.liveness.faces.finder import FaceFinder
from alive402.liveness.faces.tracks import FaceFollower, FaceTrack
from alive402.liveness.media import Frame, Shown, VideoFile

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("ALIVE402_REAL_CLIPS") or ROOT.parent / "shared" / "data" / "dev")
MANIFEST = FOLDER / "manifest.csv"
Image = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder(1)


@pytest.fixture(scope="module")
def filmed() -> list[Image]:
    """Twelve frames of a person, eight a second."""
    if not MANIFEST.exists():
        pytest.skip("no real clips here (ALIVE402_REAL_CLIPS is not set)")
    file = next(row["file"] for row in csv.DictReader(MANIFEST.open()) if row["label"] == "live")
    with VideoFile(FOLDER / file) as video:
        seen: list[Image] = []
        for frame in video:
            if len(seen) < 12 and frame.time >= len(seen) / 8:
                seen.append(frame.bgr())
    return seen


@pytest.fixture(scope="module")
def talking(clips: Clips) -> list[Image]:
    """Twelve frames of the demonstration clip, eight a second."""
    with VideoFile(clips.bona_fide) as video:
        return [frame.bgr() for frame in video][: 12 * 4 : 4]


@dataclass
class Counted:
    """A detector, and how often it was asked."""

    detector: FaceDetector
    asked: int = 0

    def find(self, image: Image, least_score: float) -> list[Detection]:
        self.asked += 1
        return self.detector.find(image, least_score)


def searches(finder: FaceFinder, frames: list[Image], every: bool = False) -> tuple[FaceTrack, int]:
    """The track of the largest face, and how often the detector of near faces was asked."""
    counted = Counted(finder.short)
    watched = copy(finder)
    watched.short = cast(FaceDetector, counted)
    track = follow(watched, frames, every).tracks()[0]
    return track, counted.asked


def follow(finder: FaceFinder, frames: list[Image], every: bool = False) -> FaceFollower:
    follower = FaceFollower(finder, len(frames) / 8, every)
    for place, pixels in enumerate(frames):
        height, width = pixels.shape[:2]
        source = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="bgr24")
        follower.follow(Frame(source, place, place / 8, Shown((width, height), (width, height)), {}))
    return follower


def test_calm_face_is_searched_in_every_second_frame(finder: FaceFinder, talking: list[Image]) -> None:
    track, asked = searches(finder, talking)
    whole, always = searches(finder, talking, every=True)
    assert asked <= always - 3
    assert track.indices.tolist() == whole.indices.tolist() == list(range(12))
    assert np.abs(track.boxes - whole.boxes).max() < 0.08 * np.sqrt(whole.area)


@pytest.mark.parametrize("place", [5, 6])
def test_face_is_not_assumed_where_it_is_covered(finder: FaceFinder, talking: list[Image], place: int) -> None:
    frames = [frame.copy() for frame in talking]
    track, _ = searches(finder, frames)
    left, top, right, bottom = track.boxes[place].astype(int)
    frames[place][top:bottom, left:right] = 90
    assert place not in searches(finder, frames)[0].indices


def test_face_that_moves_far_is_searched_in_every_frame(finder: FaceFinder, talking: list[Image]) -> None:
    far = [np.roll(frame, 8 * place, axis=1) for place, frame in enumerate(talking[:8])]
    track, asked = searches(finder, far)
    whole, always = searches(finder, far, every=True)
    assert asked >= always
    assert np.abs(track.boxes - whole.boxes).max() < 0.02 * np.sqrt(whole.area)


def test_last_frame_is_searched_when_none_follows(finder: FaceFinder, talking: list[Image]) -> None:
    track, _ = searches(finder, talking[:2])
    whole, _ = searches(finder, talking[:2], every=True)
    assert np.array_equal(track.boxes, whole.boxes)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_clip_gives_upright_views(finder: FaceFinder, filmed: list[Image], turn: int) -> None:
    plain = follow(finder, filmed).tracks()[0]
    track = follow(finder, [np.rot90(frame, -turn // 90) for frame in filmed]).tracks()[0]
    assert track.turn == turn
    assert np.isfinite(track.meshes()[0]).all()
    apart = [
        np.abs(one.mid.astype(int) - other.mid.astype(int)).mean()
        for one, other in zip(plain.samples, track.samples, strict=False)
        if one.time == other.time
    ]
    assert np.median(apart) < 12


def test_views_exclude_bars_and_boxes_stay_in_the_frame(finder: FaceFinder, filmed: list[Image]) -> None:
    plain = follow(finder, filmed)
    barred = follow(finder, [np.pad(frame, ((0, 0), (200, 200), (0, 0))) for frame in filmed])
    before, after = plain.tracks()[0].samples[0], barred.tracks()[0].samples[0]
    assert plain.inner() is None
    inner = barred.inner()
    assert inner is not None
    assert abs(inner.left - 200) <= 4
    assert np.abs(after.box - before.box - [200, 0, 200, 0]).max() < 0.1 * filmed[0].shape[1]
    assert (after.wide.max(axis=2) < 3).mean() <= (before.wide.max(axis=2) < 3).mean() + 0.01


def test_reach_is_the_room_around_the_face(finder: FaceFinder, filmed: list[Image]) -> None:
    plain = follow(finder, filmed).tracks()[0].samples[0]
    height, width = filmed[0].shape[:2]
    left, top, right, bottom = plain.box
    assert plain.reach == pytest.approx(min(4.0, (width - 1) / (right - left), (height - 1) / (bottom - top)))
    middle, half = (plain.box[:2] + plain.box[2:]) / 2, 0.7 * (plain.box[2:] - plain.box[:2])
    (x1, y1), (x2, y2) = np.maximum(middle - half, 0).astype(int), (middle + half).astype(int)
    near = follow(finder, [frame[y1:y2, x1:x2] for frame in filmed]).tracks()[0].samples[0]
    assert near.reach < min(plain.reach, 1.9)

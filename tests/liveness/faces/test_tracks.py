"""Tests of tracks of real faces: filmed sideways, upside down or between bars, a face is upright in its views."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from alive402.liveness.faces.tracks import FaceFinder, FaceFollower
from alive402.liveness.media import Frame, Shown, VideoFile

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("ALIVE402_REAL_CLIPS") or ROOT.parent / "shared" / "data" / "dev")
MANIFEST = FOLDER / "manifest.csv"
Image = npt.NDArray[np.uint8]

pytestmark = pytest.mark.skipif(not MANIFEST.exists(), reason="no real clips here (ALIVE402_REAL_CLIPS is not set)")


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder(1)


@pytest.fixture(scope="module")
def filmed() -> list[Image]:
    """Twelve frames of a person, eight a second."""
    file = next(row["file"] for row in csv.DictReader(MANIFEST.open()) if row["label"] == "live")
    with VideoFile(FOLDER / file) as video:
        seen: list[Image] = []
        for frame in video:
            if len(seen) < 12 and frame.time >= len(seen) / 8:
                seen.append(frame.bgr())
    return seen


def follow(finder: FaceFinder, frames: list[Image]) -> FaceFollower:
    follower = FaceFollower(finder, len(frames) / 8)
    for place, pixels in enumerate(frames):
        height, width = pixels.shape[:2]
        source = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="bgr24")
        follower.follow(Frame(source, place, place / 8, Shown((width, height), (width, height)), {}))
    return follower


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

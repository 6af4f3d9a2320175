"""Tests of reading a clip with frames left out: the same looks, and every frame again where there is a doubt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alive402.demo import Clips
from alive402.liveness import Analyzer, VideoFile
from alive402.liveness.faces import FaceFinder
from alive402.liveness.looking import look, with_every_frame
from alive402.liveness.media import Limits
from benchmarks.making import footage
from tests.conftest import Image

USUAL = footage.Encoding(options={"preset": "veryfast", "crf": "22"})


@pytest.fixture(scope="module")
def pictures(clips: Clips) -> list[Image]:
    with VideoFile(clips.bona_fide) as file:
        return [frame.bgr() for frame in file][:60]


def filmed(pictures: list[Image], path: Path) -> Path:
    footage.write([(place / 30, picture) for place, picture in enumerate(pictures)], path, USUAL)
    return path


def test_looks_are_nearly_those_of_a_full_decode(pictures: list[Image], tmp_path: Path) -> None:
    path, finder, limits = filmed(pictures, tmp_path / "clip.mp4"), FaceFinder(1), Limits()

    def opened(every: bool) -> VideoFile:
        return VideoFile(path, limits, every)

    part, tracks = look(opened, finder, limits, lambda stage, share: None, every=False)
    whole, full_tracks = look(opened, finder, limits, lambda stage, share: None, every=True)
    assert len(part.unseen) >= 15
    assert part.video == whole.video
    assert abs(len(part.motion) - len(whole.motion)) <= 1
    seen = [np.interp(part.motion_times, full_tracks[0].times, side) for side in full_tracks[0].boxes.T]
    assert np.abs(tracks[0].boxes - np.stack(seen, axis=1)).max() < 0.1 * np.sqrt(tracks[0].area)
    assert len(tracks[0].samples) == len(full_tracks[0].samples)
    chosen = [one.time for one in tracks[0].samples], [one.time for one in full_tracks[0].samples]
    assert np.abs(np.subtract(*chosen)).max() < 0.3
    again = with_every_frame(opened, limits, part)
    assert np.array_equal(again.times, whole.times)
    assert np.array_equal(again.thumbs, whole.thumbs)
    assert len(again.unseen) == 0


def test_loop_is_caught_with_frames_left_out(analyzer: Analyzer, pictures: list[Image], tmp_path: Path) -> None:
    path = filmed((pictures[:25] * 4)[:90], tmp_path / "loop.mp4")
    with VideoFile(path, every=False) as file:
        assert len(list(file)) < 75
    report = analyzer.analyze(path).report
    assert report.cues["repeats"].score == -1
    assert report.verdict == "spoof"

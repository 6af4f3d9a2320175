"""Tests of spliced files: life in one part of a file does not cover another part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.making.splices import FPS, Part, frames_of, splice, write

from alive402.demo import Clips
from alive402.liveness import Analyzer
from alive402.liveness.faces.scene_changes import SceneChanges
from alive402.liveness.media import VideoFile


@pytest.mark.parametrize("first", ["life", "attack"])
@pytest.mark.parametrize("fade", [0.0, 0.6])
def test_splice_with_a_replay_is_not_live(
    analyzer: Analyzer, clips: Clips, tmp_path: Path, first: str, fade: float
) -> None:
    parts = [Part(clips.bona_fide, 0.5, 2.2), Part(clips.attack, 0.5, 2.2)]
    begins = splice(parts if first == "life" else parts[::-1], tmp_path / "spliced.mp4", fade)
    analysis = analyzer.analyze(tmp_path / "spliced.mp4")
    report = analysis.report
    assert report.verdict == "spoof"
    codes = [reason.code for reason in report.reasons]
    assert codes[0] == "attack_stretch"
    assert {"scene_changes", "person_changes"} & set(codes)
    assert f"{begins[0]:.1f}" in report.reasons[1].message or fade
    times = [frame.time for frame in report.frames]
    assert times == sorted(times)
    assert len(times) == len(analysis.samples) == len(analysis.looks.live)


def test_cut_to_another_place_is_inconclusive(analyzer: Analyzer, clips: Clips, tmp_path: Path) -> None:
    """The other place is the mirrored clip of the same live person."""
    whole = Part(clips.bona_fide, 0.0, 2.0)
    mirrored = tmp_path / "mirrored.mp4"
    frames = frames_of(whole)
    write(frames + [np.ascontiguousarray(one[:, ::-1]) for one in frames], mirrored)
    report = analyzer.analyze(mirrored).report
    assert report.verdict == "inconclusive"
    assert report.reasons[0].code == "scene_changes"
    assert report.live_confidence <= report.threshold


def test_short_stretch_has_its_own_looks(analyzer: Analyzer, clips: Clips, tmp_path: Path) -> None:
    """Sixteen looks spread over many seconds would leave none for half a second without the scene change."""
    live = Part(clips.bona_fide, 0.0, 5.0)
    parts = [live, live, Part(clips.attack, 1.0, 0.64), live, live]
    begins = splice(parts, tmp_path / "long.mp4")
    report = analyzer.analyze(tmp_path / "long.mp4").report
    inside = [frame for frame in report.frames if begins[1] <= frame.time < begins[2]]
    assert len(inside) >= 2
    assert report.verdict == "spoof"


def test_splice_has_the_length_of_its_parts(clips: Clips, tmp_path: Path) -> None:
    begins = splice([Part(clips.bona_fide, 0, 1), Part(clips.attack, 0, 1)], tmp_path / "two.mp4", 0.4, bars=True)
    assert begins == [pytest.approx(0.6)]
    with VideoFile(tmp_path / "two.mp4") as file:
        assert sum(1 for _ in file) == pytest.approx(1.6 * FPS, abs=1)
    with pytest.raises(ValueError, match="no frame"):
        splice([Part(clips.bona_fide, 99, 1)], tmp_path / "none.mp4")


def test_scene_change_is_noticed_while_streaming(clips: Clips, tmp_path: Path) -> None:
    (begins,) = splice([Part(clips.bona_fide, 0, 1), Part(clips.attack, 1, 1)], tmp_path / "two.mp4")
    changes, noticed = SceneChanges(), []
    with VideoFile(tmp_path / "two.mp4") as file:
        for frame in file:
            if changes.at(frame):
                noticed.append(frame.time)
            assert changes.lately(frame.time) == (begins - 1e-3 <= frame.time <= begins + 0.5 + 1e-3)
    assert noticed == [pytest.approx(begins, abs=1 / FPS)]

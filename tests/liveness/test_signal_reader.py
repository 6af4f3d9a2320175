"""Tests of reading the curves of a clip: those that a challenge is checked on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alive402.demo import Clips
from alive402.liveness import Analyzer, Challenge, NoFace, UnsupportedVideo, read_signals
from tests.conftest import write_video


def test_the_curves_are_those_of_an_analysis(clips: Clips, analyzer: Analyzer) -> None:
    signals = read_signals(clips.bona_fide)
    freshness = analyzer.analyze(clips.bona_fide, challenge=Challenge.new("asked", bytes(16))).report.freshness
    assert freshness is not None
    assert freshness.curves is not None
    assert freshness.curves.times == tuple(signals.times.tolist())
    assert np.diff(freshness.curves.yaw).tolist() == pytest.approx(np.diff(signals.yaw).tolist())


def test_what_has_no_face_or_is_no_video_says_so(tmp_path: Path) -> None:
    (tmp_path / "words.mp4").write_text("no video\n" * 100)
    with pytest.raises(UnsupportedVideo):
        read_signals(tmp_path / "words.mp4")
    with pytest.raises(NoFace):
        read_signals(write_video(tmp_path / "wall.mp4", [np.full((120, 160, 3), 128, np.uint8)] * 20))

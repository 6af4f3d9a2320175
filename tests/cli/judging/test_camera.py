"""Tests of filming with a camera: a clip stands in for the device."""

from __future__ import annotations

import pytest

from alive402.cli.judging import InputRefused, filmed
from alive402.demo import Clips
from alive402.liveness import Analyzer


def test_camera_films_some_seconds_after_it_has_settled(clips: Clips, analyzer: Analyzer) -> None:
    frames = list(filmed(str(clips.bona_fide), seconds=1.5, kind=None))
    assert 1.0 <= frames[0][0] < 1.1
    assert 2.4 < frames[-1][0] <= 2.5
    assert analyzer.analyze_frames(frames).report.verdict == "live"


def test_absent_camera_says_so() -> None:
    with pytest.raises(InputRefused, match="There is no camera at /dev/no-camera"):
        filmed("/dev/no-camera")


def test_file_that_is_no_camera_says_so(clips: Clips) -> None:
    with pytest.raises(InputRefused, match="cannot be opened"):
        filmed(str(clips.bona_fide))

"""Tests of drawing a report on what was judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from alive402 import Analyzer, Challenge, analyze, analyze_image
from alive402.demo import Clips
from alive402.liveness.challenge import Step
from tests.conftest import Image

GREEN, RED = np.array([80, 176, 0]), np.array([70, 70, 240])


def has(picture: Image, colour: np.ndarray) -> bool:
    """Whether the picture has at least a hundred px of about this colour."""
    return int((np.abs(picture.astype(int) - colour).max(axis=-1) < 40).sum()) >= 100


def test_video_shows_face_and_timeline_at_the_pace_of_the_source(
    clips: Clips, analyzer: Analyzer, tmp_path: Path
) -> None:
    report = analyze(clips.bona_fide.read_bytes(), threshold=0.9999, analyzer=analyzer)
    out = report.annotate(tmp_path / "out.mp4")
    with av.open(str(out)) as file:
        frames = list(file.decode(video=0))
    assert len(frames) == round(report.video.seconds * report.video.fps)
    assert float(frames[-1].time or 0) == pytest.approx(report.video.seconds - 1 / report.video.fps, abs=0.02)
    picture = frames[40].to_ndarray(format="bgr24")
    assert picture.shape[1] == 640, "a small source is enlarged"
    assert has(picture[:-64], RED)
    assert has(picture[-64:], RED)


def test_picture_shows_the_decisive_frame_of_frames_in_memory(
    person: list[Image], analyzer: Analyzer, tmp_path: Path
) -> None:
    report = analyze(person[:45], fps=30, order="bgr", analyzer=analyzer)
    picture = cv2.imread(str(report.annotate(str(tmp_path / "out.png"))))
    assert picture is not None
    assert has(np.asarray(picture, np.uint8), GREEN)


def test_the_step_that_is_due_is_drawn(person: list[Image], analyzer: Analyzer, tmp_path: Path) -> None:
    asked = Challenge("drawn", (Step("turn_left", 0.0, 5.0),), 0.0, 5.0, 0.0)
    report = analyze(person[:45], fps=30, order="bgr", analyzer=analyzer, challenge=asked)
    drawn = [
        cv2.imread(str(one.annotate(tmp_path / f"{place}.png")))
        for place, one in enumerate((report, replace(report, freshness=None)))
    ]
    changed = np.abs(np.asarray(drawn[0], int) - np.asarray(drawn[1], int)).max(axis=(1, 2))
    assert set(np.flatnonzero(changed)) & set(range(30)), "the step stands in the picture"
    assert set(np.flatnonzero(changed[-64:])), "the status stands in the strip"
    assert not changed[40:-64].any()


def test_single_picture_is_drawn(person: list[Image], analyzer: Analyzer, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "face.png"), person[60])
    report = analyze_image(tmp_path / "face.png", analyzer=analyzer)
    drawn = cv2.imread(str(report.annotate(tmp_path / "out.jpg")))
    assert drawn is not None
    assert has(np.asarray(drawn, np.uint8), GREEN)
    with pytest.raises(ValueError, match="names no form"):
        report.annotate(tmp_path / "out.mp4")


def test_what_cannot_be_drawn_says_why(clips: Clips, analyzer: Analyzer, tmp_path: Path) -> None:
    report = analyze(clips.bona_fide, analyzer=analyzer)
    for name in ("out", "out.gif", "out.txt"):
        with pytest.raises(ValueError, match=r"End it in one of \.mp4"):
            report.annotate(tmp_path / name)
    with pytest.raises(ValueError, match="not at hand"):
        replace(report, annotator=None).annotate(tmp_path / "out.mp4")
    assert report == replace(report, annotator=None)

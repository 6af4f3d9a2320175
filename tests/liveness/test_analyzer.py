"""Tests of the analyzer on rendered and spoiled versions of one real clip."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from alive402 import analyze
from alive402.demo import Clips
from alive402.liveness import Analyzer
from alive402.liveness.errors import (
    Blurred,
    FaceTooSmall,
    NoFace,
    Occluded,
    TooBright,
    TooDark,
    UnusableVideo,
    VideoTooShort,
)
from alive402.liveness.report import Report
from tests.conftest import Image, write_video

KEYS = {
    "verdict": str,
    "live_confidence": float,
    "threshold": float,
    "reasons": list,
    "faces": list,
    "frames": list,
    "cues": dict,
    "quality": dict,
    "video": dict,
    "engine": dict,
    "timing": dict,
}


def judge(analyzer: Analyzer, path: Path) -> Report:
    return analyzer.analyze(path).report


def larger(frames: list[Image], width: int = 528, height: int = 432) -> list[Image]:
    return [cv2.resize(frame, (width, height), interpolation=cv2.INTER_CUBIC) for frame in frames]


def test_person_filmed_from_life_is_live(clips: Clips) -> None:
    report = analyze(clips.bona_fide)
    assert report.verdict == "live"
    assert report.attack_type is None


def test_phone_replay_is_a_spoof(analyzer: Analyzer, clips: Clips) -> None:
    report = judge(analyzer, clips.attack)
    assert report.verdict == "spoof"
    assert report.attack_type == "screen_replay"
    assert report.reasons


def test_report_is_stable_json(analyzer: Analyzer, clips: Clips) -> None:
    report = judge(analyzer, clips.bona_fide)
    said = json.loads(json.dumps(report.to_dict()))
    assert set(said) == {*KEYS, "attack_type"}
    assert all(isinstance(said[key], kind) for key, kind in KEYS.items())
    assert set(said["video"]) == {"sha256", "seconds", "fps", "width", "height", "codec", "rotation"}
    assert set(said["engine"]) == {"version", "weights_sha256"}
    assert all(set(face) == {"rect", "face_confidence", "frames"} for face in said["faces"])
    assert all({"time", "rect", "face_confidence", "live_confidence"} == set(frame) for frame in said["frames"])
    assert all({"score", "weight", "value", "unit", "message"} <= set(cue) for cue in said["cues"].values())
    assert 12 <= len(said["frames"]) <= 16
    assert [frame["time"] for frame in said["frames"]] == sorted(frame["time"] for frame in said["frames"])


def test_elements_have_alibabas_fields_only(analyzer: Analyzer, clips: Clips) -> None:
    said = judge(analyzer, clips.bona_fide).to_alibaba()
    assert set(said) == {"Elements"}
    (element,) = said["Elements"]
    assert set(element) == {"LiveConfidence", "FaceConfidence", "Rect"}
    x1, y1, x2, y2 = element["Rect"]
    assert 0 <= x1 < x2 <= 176
    assert 0 <= y1 < y2 <= 144
    assert all(isinstance(side, int) for side in element["Rect"])


def test_same_file_gives_the_same_report(analyzer: Analyzer, clips: Clips) -> None:
    first, second = judge(analyzer, clips.attack).to_dict(), judge(analyzer, clips.attack).to_dict()
    first.pop("timing"), second.pop("timing")
    assert first == second


def test_progress_runs_from_start_to_end(analyzer: Analyzer, clips: Clips) -> None:
    seen: list[tuple[str, float]] = []
    analyzer.analyze(clips.bona_fide, lambda stage, share: seen.append((stage, share)))
    shares = [share for _, share in seen]
    assert shares == sorted(shares)
    assert seen[-1] == ("done", 1.0)
    assert len(seen) > 10


def test_loop_is_reported(analyzer: Analyzer, person: list[Image], tmp_path: Path) -> None:
    path = write_video(tmp_path / "loop.mp4", larger(person[:30] * 4))
    report = judge(analyzer, path)
    assert (report.verdict, report.attack_type) == ("spoof", "injected_or_edited")
    assert report.cues["repeats"].score == -1


def test_loop_with_noise_is_reported(analyzer: Analyzer, person: list[Image], tmp_path: Path) -> None:
    rng = np.random.default_rng(402)
    noisy = [
        np.clip(frame + rng.normal(0, 3, frame.shape), 0, 255).astype(np.uint8) for frame in larger(person[:24] * 4)
    ]
    report = analyzer.analyze(write_video(tmp_path / "loop.mp4", noisy)).report
    assert (report.verdict, report.attack_type) == ("spoof", "injected_or_edited")
    assert report.cues["repeats"].score == -1.0


def test_frozen_stream_is_reported(analyzer: Analyzer, person: list[Image], tmp_path: Path) -> None:
    path = write_video(tmp_path / "frozen.mp4", larger(person[:1] * 90))
    report = judge(analyzer, path)
    assert (report.verdict, report.attack_type) == ("spoof", "injected_or_edited")


def test_moved_still_is_reported_as_flat(analyzer: Analyzer, person: list[Image], tmp_path: Path) -> None:
    report = judge(analyzer, write_video(tmp_path / "still.mp4", moved_still(person[0])))
    assert report.verdict == "spoof"
    assert report.cues["planar"].score is not None
    assert report.cues["planar"].score < -0.5


def moved_still(picture: Image, count: int = 100) -> list[Image]:
    """A photograph held before the camera: turned, tilted and shifted, but always one plane."""
    still = cv2.resize(picture, (704, 576), interpolation=cv2.INTER_CUBIC)
    corners = np.array([[0, 0], [704, 0], [704, 576], [0, 576]], np.float32)
    noise, frames = np.random.default_rng(7), []
    for index in range(count):
        a, b = 2 * np.pi * index / 47, 2 * np.pi * index / 31
        lean = np.array([[18, 10], [-18, 24], [14, -12], [-20, 8]], np.float32) * np.float32(np.sin(a))
        shift = np.array([30 * np.sin(b), 22 * np.cos(a)], np.float32)
        plane = cv2.getPerspectiveTransform(corners, corners + lean + shift)
        seen = cv2.warpPerspective(still, plane, (704, 576), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        frames.append(np.clip(seen + noise.normal(0, 2, seen.shape), 0, 255).astype(np.uint8))
    return frames


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_sideways_face_is_found(analyzer: Analyzer, person: list[Image], tmp_path: Path, turned: int) -> None:
    frames = [np.rot90(frame, turned // 90) for frame in larger(person[:60])]
    report = judge(analyzer, write_video(tmp_path / "turned.mp4", frames))
    assert len(report.frames) >= 8
    assert report.faces[0].frames >= 14


def test_several_faces_are_reported_and_the_largest_is_judged(
    analyzer: Analyzer, person: list[Image], tmp_path: Path
) -> None:
    frames = []
    for frame in person[:60]:
        room = np.full((480, 960, 3), 120, np.uint8)
        room[24:456, 20:548] = cv2.resize(frame, (528, 432), interpolation=cv2.INTER_CUBIC)
        room[140:356, 600:864] = cv2.resize(frame, (264, 216), interpolation=cv2.INTER_CUBIC)
        frames.append(room)
    report = judge(analyzer, write_video(tmp_path / "two.mp4", frames))
    assert len(report.faces) == 2
    widths = [face.rect[2] - face.rect[0] for face in report.faces]
    assert widths[0] > 1.5 * widths[1]
    assert all(frame.rect[2] < 560 for frame in report.frames)
    assert "several_faces" in [warning.code for warning in report.quality.warnings]


def test_low_frame_rate_has_a_warning(analyzer: Analyzer, person: list[Image], tmp_path: Path) -> None:
    report = judge(analyzer, write_video(tmp_path / "slow.mp4", larger(person[::10]), rate=3))
    assert "low_frame_rate" in [warning.code for warning in report.quality.warnings]


def _noise(frames: list[Image]) -> list[Image]:
    rng = np.random.default_rng(3)
    return [cv2.resize(rng.integers(0, 255, (24, 32, 3), np.uint8), (320, 240)) for _ in frames]


def _small(frames: list[Image]) -> list[Image]:
    room = np.full((480, 640, 3), 120, np.uint8)
    shown = []
    for frame in frames:
        view = room.copy()
        view[200:272, 280:368] = cv2.resize(frame, (88, 72), interpolation=cv2.INTER_AREA)
        shown.append(view)
    return shown


def _cut_off(frames: list[Image]) -> list[Image]:
    return [frame[:, 246:] for frame in larger(frames[:30] + frames[29::-1])]


SPOILED = {
    "no face": (NoFace, "no_face", _noise),
    "too short": (VideoTooShort, "video_too_short", lambda frames: larger(frames[:12])),
    "too small": (FaceTooSmall, "face_too_small", _small),
    "too dark": (TooDark, "too_dark", lambda frames: [(frame * 0.09).astype(np.uint8) for frame in larger(frames)]),
    "too bright": (
        TooBright,
        "too_bright",
        lambda frames: [(215 + frame * 0.16).astype(np.uint8) for frame in larger(frames)],
    ),
    "blurred": (Blurred, "blurred", lambda frames: [cv2.GaussianBlur(frame, (0, 0), 11) for frame in larger(frames)]),
    "occluded": (Occluded, "face_occluded", _cut_off),
}


@pytest.mark.parametrize("what", SPOILED)
def test_unusable_video_has_an_error(analyzer: Analyzer, person: list[Image], tmp_path: Path, what: str) -> None:
    kind, code, spoil = SPOILED[what]
    path = write_video(tmp_path / "clip.mp4", spoil(person[:75]), crf="14")
    with pytest.raises(UnusableVideo) as refused:
        judge(analyzer, path)
    assert (type(refused.value), refused.value.code) == (kind, code)
    assert 400 <= refused.value.status < 500
    assert refused.value.message

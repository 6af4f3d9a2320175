"""Tests of what the library judges: every kind of source gives the same answer, and wrong ones say what to do."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import alive402
from alive402 import Analyzer, Report, UnusableVideo, analyze, analyze_image
from alive402.demo import Clips, serve_files
from alive402.intake.errors import ForbiddenAddress, InvalidUrl
from alive402.liveness import VideoTooLarge
from tests.conftest import Image

CLIP = np.zeros((9, 80, 80, 3), np.uint8)


@pytest.fixture(scope="module")
def judged(clips: Clips, analyzer: Analyzer) -> Report:
    return analyze(clips.bona_fide, analyzer=analyzer)


def same(one: Report, other: Report) -> bool:
    first, second = one.to_dict(), other.to_dict()
    return {**first, "timing": None} == {**second, "timing": None}


def test_path_bytes_and_file_object_get_the_same_answer(judged: Report, clips: Clips, analyzer: Analyzer) -> None:
    content = clips.bona_fide.read_bytes()
    assert judged.verdict == "live"
    assert same(analyze(memoryview(content), analyzer=analyzer), judged)
    with clips.bona_fide.open("rb") as file:
        assert same(analyze(file, analyzer=analyzer), judged)


def test_url_is_fetched(judged: Report, clips: Clips, analyzer: Analyzer) -> None:
    with serve_files(clips.bona_fide.parent) as base:
        url = f"{base}/{clips.bona_fide.name}"
        assert same(analyze(url, allow_private_hosts=True, analyzer=analyzer), judged)
        with pytest.raises((ForbiddenAddress, InvalidUrl)):
            analyze(url, analyzer=analyzer)


def test_frames_get_the_same_answer_in_either_order(person: list[Image], analyzer: Analyzer) -> None:
    bgr = np.stack(person[:45])
    first = analyze(bgr, fps=30, order="bgr", analyzer=analyzer)
    second = analyze([frame[..., ::-1] for frame in bgr], times=np.arange(45) / 30, order="rgb", analyzer=analyzer)
    assert first.verdict == second.verdict == "live"
    assert first.live_confidence == pytest.approx(second.live_confidence, abs=0.02)


def test_picture_is_judged_from_bytes_and_from_an_array(person: list[Image], analyzer: Analyzer) -> None:
    png = cv2.imencode(".png", person[60])[1].tobytes()
    from_file = analyze_image(io.BytesIO(png), analyzer=analyzer)
    for array, order in ((person[60], "bgr"), (person[60][..., ::-1], "rgb")):
        report = analyze_image(array, order=order, analyzer=analyzer)  # type: ignore[arg-type]
        assert report.live_confidence == pytest.approx(from_file.live_confidence)


def test_threshold_moves_the_verdict(judged: Report, clips: Clips, analyzer: Analyzer) -> None:
    stricter = analyze(clips.bona_fide, threshold=0.9999, analyzer=analyzer)
    assert (judged.verdict, stricter.verdict, stricter.threshold) == ("live", "spoof", 0.9999)
    assert stricter.live_confidence == judged.live_confidence


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"source": CLIP, "fps": 30}, TypeError, "order='rgb'"),
        ({"source": CLIP, "order": "rgb"}, TypeError, "times="),
        ({"source": CLIP, "order": "rgb", "fps": 30, "times": [0]}, TypeError, "times="),
        ({"source": CLIP, "order": "rgb", "times": [0, 1]}, ValueError, "9 frames"),
        ({"source": CLIP, "order": "rgb", "times": [0] * 9}, ValueError, "rising"),
        ({"source": CLIP, "order": "rgb", "times": [float("nan")] * 9}, ValueError, "rising"),
        ({"source": CLIP / 255, "order": "rgb", "fps": 30}, ValueError, "uint8"),
        ({"source": CLIP[..., 0], "order": "rgb", "fps": 30}, ValueError, "height, width, 3"),
        ({"source": [*CLIP[:8], CLIP[0] / 255], "order": "rgb", "fps": 30}, UnusableVideo, "Frame 8 .* uint8"),
        ({"source": [], "order": "rgb", "fps": 30}, UnusableVideo, "no frame"),
        ({"source": 7}, TypeError, "int cannot be judged"),
        ({"source": None}, TypeError, "NoneType cannot be judged"),
        ({"source": io.StringIO("text")}, TypeError, "open it in binary"),
        ({"source": b"x", "fps": 30}, TypeError, "fps="),
        ({"source": b"x", "threshold": 2}, ValueError, "between 0 and 1"),
        ({"source": b"x", "threshold": "strict"}, ValueError, "balanced"),
        ({"source": b""}, UnusableVideo, "not a video"),
        ({"source": b"words"}, UnusableVideo, "not a video"),
        ({"source": b"0" * 30_000_001}, VideoTooLarge, "30 MB"),
        ({"source": Path("nowhere.mp4")}, FileNotFoundError, "nowhere"),
    ],
)
def test_wrong_source_says_what_to_do(
    given: dict[str, Any], error: type[Exception], said: str, analyzer: Analyzer
) -> None:
    with pytest.raises(error, match=f"(?i){said}"):
        analyze(**given, analyzer=analyzer)


def test_public_names_are_listed_and_typed() -> None:
    assert set(alive402.__all__) <= set(dir(alive402))
    assert {"analyze", "analyze_many", "to_pandas"} <= set(alive402.__all__)
    assert (Path(alive402.__file__).parent / "py.typed").is_file()

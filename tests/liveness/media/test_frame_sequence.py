"""Tests of judging frames from memory: as a file's frames, within the limits of a video."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
import pytest

from alive402.liveness import Analyzer, Limits, UndecodableVideo, VideoTooLarge
from alive402.liveness.media import FrameSequence
from tests.conftest import Image


def timed(pictures: list[Image], rate: float = 30.0, start: float = 0.0) -> Iterator[tuple[float, av.VideoFrame]]:
    for place, picture in enumerate(pictures):
        yield start + place / rate, av.VideoFrame.from_ndarray(picture, format="bgr24")


def test_frames_from_memory_are_judged(analyzer: Analyzer, person: list[Image]) -> None:
    report = analyzer.analyze_frames(timed(person[:45], start=100.0)).report
    assert report.verdict == "live"
    video = report.video
    assert (video.width, video.height, video.codec, video.rotation) == (176, 144, "frames", 0)
    assert video.seconds == pytest.approx(1.5)
    assert report.frames[0].time < 0.5


def test_sha256_depends_on_pixels_and_times(person: list[Image]) -> None:
    def digest(rate: float, first: int) -> str:
        with FrameSequence(timed(person[first : first + 2], rate)) as frames:
            list(frames)
            return frames.video().sha256

    assert digest(30, 0) == digest(30, 0)
    assert len({digest(30, 0), digest(25, 0), digest(30, 1)}) == 3


SMALL = [np.zeros((60, 80, 3), np.uint8)]
LARGE = [np.zeros((100, 80, 3), np.uint8)] * 3


@pytest.mark.parametrize(
    ("frames", "limits", "error"),
    [
        ([], Limits(), UndecodableVideo),
        (list(timed(SMALL)), Limits(), UndecodableVideo),
        (list(timed(LARGE)), Limits(max_pixels=7_999), VideoTooLarge),
        (list(timed(LARGE)), Limits(max_frames=2), VideoTooLarge),
        (list(timed(LARGE, rate=0.02)), Limits(), VideoTooLarge),
        (list(timed(LARGE))[::-1], Limits(), UndecodableVideo),
    ],
)
def test_frames_beyond_the_limits_are_refused(
    frames: list[tuple[float, av.VideoFrame]], limits: Limits, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"\w"), FrameSequence(frames, limits) as source:
        list(source)

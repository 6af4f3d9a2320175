"""Tests of leaving frames out: what is decoded equals a full decode, and every other frame's time is known."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from alive402.liveness.errors import VideoTooLarge
from alive402.liveness.media.container import Limits, VideoFile
from alive402.liveness.media.motion_clock import MotionClock
from tests.conftest import Image

SIDE = (128, 96)
H264 = {"preset": "veryfast", "bf": "3", "threads": "1"}
HEVC = {"preset": "ultrafast", "x265-params": "bframes=3:b-adapt=0:log-level=none:pools=1:frame-threads=1"}


def drifting(count: int) -> list[Image]:
    rng = np.random.default_rng(3)
    x, y = np.meshgrid(np.arange(SIDE[0]), np.arange(SIDE[1]))
    waves = [127 + 90 * np.sin((x + 2 * place) / 9) * np.cos((y - place) / 7) for place in range(count)]
    return [np.clip(wave[..., None] + rng.normal(0, 3, (*wave.shape, 3)), 0, 255).astype(np.uint8) for wave in waves]


def encoded(path: Path, pictures: Sequence[Image], codec: str, options: dict[str, str], rate: float = 30.0) -> Path:
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=round(rate), options=options)
        stream.width, stream.height, stream.pix_fmt = *SIDE, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for place, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = round(1000 * place / rate), Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def trimmed(source: Path, target: Path, seconds: float) -> Path:
    """The packets of a file without a new encoding, with an edit list that hides the first pictures."""
    options = {"avoid_negative_ts": "disabled"}
    with av.open(str(source)) as whole, av.open(str(target), "w", options=options) as file:
        stream = file.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.dts is not None and packet.pts is not None:
                shift = round(seconds / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, stream
                file.mux(packet)
    return target


def read(path: Path, every: bool) -> tuple[dict[float, Image], npt.NDArray[np.float64], VideoFile]:
    with VideoFile(path, every=every) as file:
        frames = {round(frame.time, 6): frame.bgr() for frame in file}
        return frames, file.unseen, file


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("clip.mp4", "libx264", H264),
        ("clip.ts", "libx264", H264),
        ("clip.mkv", "libx264", H264),
        ("clip.mp4", "libx264", {**H264, "x264-params": "b-pyramid=none:b-adapt=0:slices=3"}),
        ("clip.mp4", "libx265", HEVC),
    ],
)
def test_left_out_frames_change_nothing_else(tmp_path: Path, name: str, codec: str, options: dict[str, str]) -> None:
    check_left_out(encoded(tmp_path / name, drifting(60), codec, options))


@pytest.mark.parametrize("seconds", [0.25, 0.37, 0.5])
def test_hidden_first_frames_change_nothing_else(tmp_path: Path, seconds: float) -> None:
    path = encoded(tmp_path / "whole.mp4", drifting(75), "libx264", {**H264, "g": "45"})
    check_left_out(trimmed(path, tmp_path / "clip.mp4", seconds))


def check_left_out(path: Path) -> None:
    every, none, whole = read(path, every=True)
    some, unseen, part = read(path, every=False)
    assert len(none) == 0
    assert len(unseen) >= len(every) // 5
    assert sorted([*some, *np.round(unseen, 6).tolist()]) == pytest.approx(sorted(every), abs=2e-6)
    assert part.video() == whole.video()
    assert float(np.diff(sorted(some)).max()) <= 0.1 + 1e-6
    clock = MotionClock(part.expected_seconds)
    moving = list(filter(clock.chooses, sorted(some)))
    assert len(moving) == pytest.approx(8 * part.video().seconds, abs=2)
    assert float(np.diff(moving).max()) <= 0.2
    assert all(np.array_equal(picture, every[time]) for time, picture in some.items())


@pytest.mark.parametrize(
    ("name", "codec", "options", "rate"),
    [
        ("slow.mp4", "libx264", H264, 15.0),  # every second one left out would leave 7.5 a second
        ("none.mp4", "libx264", {**H264, "bf": "0"}, 30.0),
        ("other.webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "threads": "1"}, 30.0),
        ("interlaced.mp4", "libx264", {**H264, "x264-params": "interlaced=1"}, 30.0),
        ("layers_unknown.ts", "libx265", HEVC, 30.0),
    ],
)
def test_no_frame_is_left_out_in_vain(
    tmp_path: Path, name: str, codec: str, options: dict[str, str], rate: float
) -> None:
    path = encoded(tmp_path / name, drifting(40), codec, options, rate)
    some, unseen, _ = read(path, every=False)
    assert len(unseen) == 0
    assert len(some) == 40


def test_no_frame_is_left_out_where_the_clock_runs_back(tmp_path: Path) -> None:
    once = encoded(tmp_path / "once.ts", drifting(60), "libx264", H264)
    twice = tmp_path / "twice.ts"
    twice.write_bytes(2 * once.read_bytes())
    assert len(read(twice, every=False)[1]) == len(read(once, every=False)[1]) > 10


def test_another_picture_in_between_is_decoded(tmp_path: Path) -> None:
    pictures = drifting(60)
    hidden = range(21, 60, 8)
    for place in hidden:
        pictures[place] = np.random.default_rng(place).integers(0, 255, pictures[place].shape, np.uint8)
    options = {**H264, "x264-params": "scenecut=0:b-adapt=0:b-pyramid=none:bframes=1:keyint=300"}
    some, unseen, _ = read(encoded(tmp_path / "hidden.mp4", pictures, "libx264", options), every=False)
    assert len(unseen) > 10
    assert {round(place / 30, 3) for place in hidden} <= {round(time, 3) for time in some}


def test_left_out_frames_count_against_the_limit(tmp_path: Path) -> None:
    path = encoded(tmp_path / "clip.mp4", drifting(60), "libx264", H264)
    with pytest.raises(VideoTooLarge), VideoFile(path, Limits(max_frames=50), every=False) as file:
        list(file)

"""Tests of reading untrusted video files: refusals, limits, recovery, orientation."""

from __future__ import annotations

import gc
import os
import struct
from pathlib import Path

import av
import numpy as np
import pytest

from alive402.liveness.errors import UndecodableVideo, UnsupportedVideo, VideoTooLarge
from alive402.liveness.media.container import Limits, VideoFile
from tests.conftest import Image, write_video

# rows of the ISO/IEC 14496-12 track matrix (16.16, 16.16, 2.30) that turn the picture clockwise
MATRICES = {
    90: (0, 1, 0, -1, 0, 0, 0, 0, 1),
    180: (-1, 0, 0, 0, -1, 0, 0, 0, 1),
    270: (0, -1, 0, 1, 0, 0, 0, 0, 1),
}


def gradient(count: int, width: int = 128, height: int = 96) -> list[Image]:
    """A picture brighter to the right and downwards, drifting a little."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return [
        np.repeat(((x + y + index) * 255 // (width + height + count)).astype(np.uint8)[..., None], 3, axis=2)
        for index in range(count)
    ]


def count(path: Path, limits: Limits = Limits()) -> int:  # noqa: B008
    with VideoFile(path, limits) as file:
        return sum(1 for _ in file)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.avi"])
@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile '{target}'\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n",
        "just words, no video\n" * 50,
        "",
    ],
)
def test_playlist_opens_no_other_file(tmp_path: Path, name: str, text: str) -> None:
    target = write_video(tmp_path / "private.mp4", gradient(10))
    (tmp_path / name).write_text(text.format(target=target))
    with pytest.raises(UnsupportedVideo):
        count(tmp_path / name)


def test_non_file_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path("/dev/zero")):
        with pytest.raises(UnsupportedVideo):
            count(path)


def test_sound_without_video_is_refused(tmp_path: Path) -> None:
    import av

    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=16000, layout="mono")
        for start in range(0, 16000, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16000, start
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    with pytest.raises(UnsupportedVideo):
        count(path)


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(max_bytes=100), "bytes"),
        (Limits(max_pixels=100 * 90), "pixels"),
        (Limits(max_seconds=0.5), "seconds"),
        (Limits(max_frames=20), "max_frames"),
        (Limits(max_streams=0), "streams"),
    ],
)
def test_limits_are_enforced(tmp_path: Path, limits: Limits, why: str) -> None:
    path = write_video(tmp_path / "clip.mp4", gradient(60))
    with pytest.raises(VideoTooLarge) as refused:
        count(path, limits)
    assert refused.value.code == "video_too_large"
    assert set(refused.value.details) & {why, "width"}


def test_too_few_pixels_are_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", gradient(10, 48, 48))
    with pytest.raises(UndecodableVideo):
        count(path)


def test_damaged_file_yields_its_whole_frames(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", gradient(90, 320, 240))
    content = bytearray(path.read_bytes())
    start = content.find(b"mdat")
    for at in range(start + len(content) // 3, start + len(content) // 3 + 40):
        content[at] ^= 0xA5
    path.write_bytes(bytes(content))
    assert count(path) >= 60


def test_truncated_avi_yields_its_beginning(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.avi", gradient(60, 320, 240), codec="mpeg4")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert 10 <= count(path) < 60


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_picture_is_turned_upright(tmp_path: Path, turned: int) -> None:
    upright = gradient(12, 160, 96)
    stored = [np.ascontiguousarray(np.rot90(frame, turned // 90)) for frame in upright]  # counter-clockwise
    path = write_video(tmp_path / "clip.mp4", stored)
    _write_matrix(path, MATRICES[turned])  # asks the player to turn it clockwise, back to upright
    with VideoFile(path) as file:
        first = next(iter(file)).bgr()
    assert first.shape == upright[0].shape
    assert np.abs(first.astype(int) - upright[0]).mean() < 6
    assert file.video().rotation in (90, 180, 270)
    assert (file.video().width, file.video().height) == (160, 96)


def test_times_come_from_the_file(tmp_path: Path) -> None:
    import av

    path, pts = tmp_path / "clip.mkv", [0, 40, 80, 500, 540, 2000]
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25, options={"preset": "ultrafast", "tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.codec_context.time_base = __import__("fractions").Fraction(1, 1000)
        for at, picture in zip(pts, gradient(len(pts)), strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = at, stream.codec_context.time_base
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    with VideoFile(path) as opened:
        times = [frame.time for frame in opened]
    assert times == pytest.approx([at / 1000 for at in pts], abs=0.002)


def _write_matrix(path: Path, rows: tuple[int, ...]) -> None:
    """Put a transformation into the track header of an MP4."""
    content = bytearray(path.read_bytes())
    at = content.find(b"tkhd") + 4
    version = content[at]
    at += 4 + (32 if version else 20) + 16
    values = [value << (30 if index % 3 == 2 else 16) for index, value in enumerate(rows)]
    content[at : at + 36] = struct.pack(">9i", *values)
    path.write_bytes(bytes(content))


def test_frames_are_freed_without_garbage_collection(tmp_path: Path) -> None:
    """A frame in a reference cycle stays until the collector runs: 60 frames of 4K are 700 MB."""
    path = write_video(tmp_path / "clip.mp4", gradient(60))

    def alive() -> int:
        return sum(isinstance(one, av.VideoFrame) for one in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = alive()
        with VideoFile(path) as file:
            shapes = {frame.small(64).shape for frame in file}
            more = alive() - before
    finally:
        gc.enable()
    assert len(shapes) == 1
    assert more <= 8

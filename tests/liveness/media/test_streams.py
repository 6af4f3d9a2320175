"""Tests of choosing the video track that players show, and of its length."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import cv2
import pytest
from av.stream import Disposition

from alive402.liveness.errors import UnsupportedVideo, VideoTooLarge
from alive402.liveness.media.container import Limits, VideoFile
from tests.liveness.media.films import (
    BLUE,
    GREEN,
    OFF,
    ON,
    RED,
    Track,
    colour_of,
    element,
    film,
    flat,
    shown,
    with_box,
    with_element,
)

CONTAINERS = ["mp4", "mov", "mkv", "webm"]


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize(("first", "second", "expected"), [(ON, OFF, RED), (OFF, ON, GREEN)])
@pytest.mark.parametrize("size", [(128, 96), (256, 192), (96, 72)])
def test_default_track_is_judged(
    tmp_path: Path, kind: str, first: Disposition, second: Disposition, expected: object, size: tuple[int, int]
) -> None:
    tracks = [Track(RED, disposition=first), Track(GREEN, size, second, noise=30)]
    assert colour_of(film(tmp_path / f"two.{kind}", tracks)) == expected


@pytest.mark.parametrize("kind", CONTAINERS)
def test_first_track_is_judged_without_a_default(tmp_path: Path, kind: str) -> None:
    assert colour_of(film(tmp_path / f"two.{kind}", [Track(RED), Track(GREEN)])) == RED


@pytest.mark.parametrize("kind", ["mkv", "webm"])
def test_first_of_two_default_tracks_is_judged(tmp_path: Path, kind: str) -> None:
    assert colour_of(film(tmp_path / f"two.{kind}", [Track(RED, disposition=ON), Track(GREEN, disposition=ON)])) == RED


@pytest.mark.parametrize(
    ("kind", "tracks"),
    [
        # ffplay shows the second, of more bits; ffmpeg and browsers the first
        ("mp4", [Track(RED, disposition=ON), Track(GREEN, disposition=ON, noise=60)]),
        # ffmpeg shows the second, which is larger; ffplay and browsers the first
        ("mkv", [Track(RED), Track(GREEN, (256, 192))]),
        # ffmpeg shows the track that is switched off, because it is larger by more than the flag is worth
        ("mp4", [Track(RED, disposition=ON, frames=2), Track(GREEN, (2816, 2048), OFF, frames=2)]),
    ],
)
def test_file_that_players_show_differently_is_refused(tmp_path: Path, kind: str, tracks: list[Track]) -> None:
    with pytest.raises(UnsupportedVideo) as refused:
        shown(film(tmp_path / f"two.{kind}", tracks))
    assert refused.value.code == "unsupported_video"
    assert refused.value.details["video_tracks"] == 2


def test_disabled_matroska_track_is_ambiguous(tmp_path: Path) -> None:
    path = film(tmp_path / "two.mkv", [Track(RED, disposition=ON), Track(GREEN)])
    with_element(path, [0x18538067, 0x1654AE6B, 0xAE], element(0xB9, b"\0"))
    with pytest.raises(UnsupportedVideo):
        shown(path)


def test_small_track_is_no_thumbnail_of_a_disabled_one(tmp_path: Path) -> None:
    path = film(tmp_path / "two.mkv", [Track(RED, (96, 72)), Track(GREEN, (640, 480))])
    with_element(path, [0x18538067, 0x1654AE6B, 0xAE], element(0xB9, b"\0"), nth=1)
    with pytest.raises(UnsupportedVideo):
        shown(path)


@pytest.mark.parametrize("kind", CONTAINERS)
def test_thumbnail_track_is_skipped(tmp_path: Path, kind: str) -> None:
    tracks = [Track(RED, (96, 72), ON, noise=90), Track(GREEN, (640, 480), ON)]
    assert colour_of(film(tmp_path / f"two.{kind}", tracks)) == GREEN


def test_chapter_pictures_are_skipped(tmp_path: Path) -> None:
    path = film(tmp_path / "chapters.mp4", [Track(RED), Track(GREEN, (256, 192), ON)])
    chapters = struct.pack(">I4sI4sI", 20, b"tref", 12, b"chap", 2)
    assert colour_of(with_box(path, [b"moov", b"trak"], chapters)) == RED


@pytest.mark.parametrize("with_video", [True, False])
def test_cover_art_is_skipped(tmp_path: Path, with_video: bool) -> None:
    path = tmp_path / "cover.mp4"
    cover = cv2.imencode(".jpg", flat(BLUE, (1280, 960)))[1].tobytes()
    with av.open(str(path), "w") as file:
        picture = file.add_stream("mjpeg", rate=1)
        picture.width, picture.height, picture.pix_fmt = 1280, 960, "yuvj420p"
        picture.disposition = Disposition.attached_pic
        sound = file.add_stream("aac", rate=16000, layout="mono")
        video = file.add_stream("libx264", rate=25) if with_video else None
        if video is not None:
            video.width, video.height, video.pix_fmt = 128, 96, "yuv420p"
        packet = av.Packet(cover)
        packet.stream, packet.pts, packet.dts = picture, 0, 0
        file.start_encoding()
        file.mux(packet)
        if video is not None:
            for _ in range(25):
                file.mux(video.encode(av.VideoFrame.from_ndarray(flat(RED, (128, 96)), format="bgr24")))
            file.mux(video.encode(None))
        file.mux(sound.encode(None))
    if with_video:
        assert colour_of(path) == RED
    else:
        with pytest.raises(UnsupportedVideo):
            shown(path)


@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv", "webm", "flv", "ts", "avi"])
@pytest.mark.parametrize("noted", [True, False])
def test_length_comes_from_the_video_track(tmp_path: Path, kind: str, noted: bool) -> None:
    path = film(tmp_path / f"long.{kind}", [Track(RED, frames=100)], sound_seconds=70)
    if not noted:
        path.write_bytes(path.read_bytes().replace(b"DURATION", b"DURATIOX"))
    with VideoFile(path) as file:
        assert file.expected_seconds == pytest.approx(4.0, abs=0.15)
        assert sum(1 for _ in file) == 100
    assert file.video().seconds == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize("noted", [b"00:00:00", None])
def test_long_video_is_refused_for_any_declared_length(tmp_path: Path, noted: bytes | None) -> None:
    path = film(tmp_path / "long.mkv", [Track(RED, frames=100)], sound_seconds=1)
    content = path.read_bytes()
    changed = content.replace(b"DURATION", b"DURATIOX") if noted is None else content.replace(b"00:00:04", b"00:00:01")
    assert changed != content
    path.write_bytes(changed)
    with pytest.raises(VideoTooLarge) as refused, VideoFile(path, Limits(max_seconds=3.0)) as file:
        for _ in file:
            pass
    assert "seconds" in refused.value.details

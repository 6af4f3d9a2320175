"""Tests of every form of the display matrix; a file name turns no picture."""

from __future__ import annotations

import struct
from itertools import product
from pathlib import Path

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext

from alive402.liveness.media.container import VideoFile
from alive402.liveness.media.frames import UPRIGHT, Orientation
from tests.conftest import Image, write_video
from tests.liveness.media.films import alike, element, quarters, shown, with_element, write_matrix

STRAIGHT = [(a, 0, 0, d) for a, d in product((1, -1), repeat=2)]
ACROSS = [(0, b, c, 0) for b, c in product((1, -1), repeat=2)]
FORMS = STRAIGHT + ACROSS
"""a, b, c, d of the eight right-angled matrices."""


def stored_for(upright: Image, form: tuple[int, int, int, int]) -> Image:
    """The picture to store so that the matrix shows `upright`: point by point, as the standard defines it."""
    a, b, c, d = form
    height, width = upright.shape[:2] if a else upright.shape[1::-1]
    p, q = np.meshgrid(np.arange(width), np.arange(height))
    x, y = a * p + c * q, b * p + d * q
    return upright[y - y.min(), x - x.min()]


def rows(form: tuple[int, int, int, int]) -> tuple[int, ...]:
    return form[0], form[1], 0, form[2], form[3], 0, 0, 0, 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["mp4", "mov"])
def test_track_matrix_applies_in_all_eight_forms(tmp_path: Path, form: tuple[int, int, int, int], kind: str) -> None:
    upright = quarters(160, 96)
    path = write_video(tmp_path / f"clip.{kind}", [stored_for(upright, form)] * 6)
    with VideoFile(write_matrix(path, rows(form))) as file:
        frame = next(iter(file))
        assert frame.size == (160, 96)
        assert alike(frame.bgr(), upright)
        assert alike(frame.small(80), quarters(80, 48))
    video = file.video()
    assert (video.width, video.height) == (160, 96)
    assert (video.rotation in (90, 270)) == (form[0] == 0)


@pytest.mark.parametrize("form", FORMS)
def test_rotation_applies_before_the_mirror(form: tuple[int, int, int, int]) -> None:
    orientation = Orientation.of_matrix(np.array(rows(form), np.int32))
    picture = quarters(12, 8)
    turned = np.rot90(picture, orientation.degrees // 90)
    assert np.array_equal(orientation.apply(picture), turned[:, ::-1] if orientation.mirrored else turned)
    assert orientation.size(12, 8) == turned.shape[1::-1]


def test_turns_are_counter_clockwise() -> None:
    for turns in range(-4, 8):
        picture = quarters(12, 8)
        assert np.array_equal(Orientation.of_turns(turns).apply(picture), np.rot90(picture, turns))
        assert not Orientation.of_turns(turns).mirrored


@pytest.mark.parametrize(
    ("matrix", "degrees"),
    [
        ((0.98, 0.17, 0, -0.17, 0.98, 0, 0, 0, 1), 0),
        ((0.17, 0.98, 0, -0.98, 0.17, 0, 0, 0, 1), 270),
        ((0, 0, 0, 0, 0, 0, 0, 0, 0), 0),
        ((2, 0, 0, 0, 2, 0, 0, 0, 1), 0),
    ],
)
def test_other_matrices_count_as_the_nearest_form(tmp_path: Path, matrix: tuple[float, ...], degrees: int) -> None:
    path = write_matrix(write_video(tmp_path / "clip.mp4", [quarters(128, 96)] * 6), matrix)
    with VideoFile(path) as file:
        frame = next(iter(file))
    assert file.video().rotation == degrees
    assert frame.size == ((96, 128) if degrees else (128, 96))


def test_extreme_matrices_are_harmless() -> None:
    least, most = -(2**31), 2**31 - 1
    for values in product((least, 0, most), repeat=4):
        matrix = np.array((values[0], values[1], 0, values[2], values[3], 0, 0, 0, 0), np.int32)
        assert Orientation.of_matrix(matrix).apply(quarters(4, 2)).shape in ((2, 4, 3), (4, 2, 3))


def test_matroska_projection_turns_and_its_name_does_not(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mkv", [quarters(128, 96)] * 6)
    track = [0x18538067, 0x1654AE6B, 0xAE]
    assert alike(shown(with_element(path, track, element(0x536E, b"htc_video_rotA-090")))[0], quarters(128, 96))
    rolled = element(0x7671, b"\0") + element(0x7675, struct.pack(">f", -90.0))
    picture = shown(with_element(path, [*track, 0xE0], element(0x7670, rolled)))[0]
    # the projection's roll is counter-clockwise; -90 turns the picture clockwise
    assert alike(picture, np.rot90(quarters(128, 96), 3))


def turned_by_the_codec(source: Path, path: Path) -> Path:
    """The same film, H.264 itself asking for a quarter turn."""
    with av.open(str(source)) as plain, av.open(str(path), "w") as file:
        stream = file.add_stream_from_template(plain.streams.video[0])
        turn = BitStreamFilterContext("h264_metadata=display_orientation=insert:rotate=90", plain.streams.video[0])
        for packet in plain.demux(video=0):
            for turned in turn.filter(packet) if packet.size else []:
                turned.stream = stream
                file.mux(turned)
    return path


def test_rotation_change_applies_from_its_frame(tmp_path: Path) -> None:
    plain = write_video(tmp_path / "plain.ts", [quarters(128, 96)] * 12)
    turned = turned_by_the_codec(plain, tmp_path / "turned.ts")
    assert all(alike(picture, np.rot90(quarters(128, 96))) for picture in shown(turned))
    path = tmp_path / "both.ts"
    path.write_bytes(plain.read_bytes() + turned.read_bytes() + plain.read_bytes())
    pictures = shown(path)
    assert {picture.shape for picture in pictures} == {(96, 128, 3)}
    assert [alike(picture, quarters(128, 96)) for picture in pictures] == [True] * 12 + [False] * 12 + [True] * 12
    for picture in pictures[12:24]:  # 96 x 128, shown 72 x 96 in the window, black beside it
        assert alike(picture[:, 28:100], np.rot90(quarters(96, 72)))
        assert picture[:, :26].mean() < 12
        assert picture[:, 102:].mean() < 12


def test_upright_pictures_are_not_copied() -> None:
    picture = quarters(8, 8)
    assert UPRIGHT.apply(picture) is picture

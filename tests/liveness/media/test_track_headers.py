"""Tests of crops in track headers; a damaged or endless header is read within limits and ignored."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.liveness.errors import UndecodableVideo
from alive402.liveness.media.container import VideoFile
from alive402.liveness.media.frames import WHOLE, Crop
from alive402.liveness.media.track_headers import MAX_PARTS, TrackHeader, clean_aperture, track_headers
from tests.conftest import write_video
from tests.liveness.media.films import (
    GREEN,
    ON,
    RED,
    Track,
    alike,
    colour_of,
    element,
    film,
    quarters,
    shown,
    with_box,
    with_element,
    write_matrix,
)

MP4, MKV = "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"
ENTRY = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"]
VIDEO = [0x18538067, 0x1654AE6B, 0xAE, 0xE0]


def clap(*values: int) -> bytes:
    return struct.pack(">I4s8i", 40, b"clap", *values)


def crop_elements(left: int, top: int, right: int, bottom: int) -> bytes:
    edges = ((0x54CC, left), (0x54BB, top), (0x54DD, right), (0x54AA, bottom))
    return b"".join(element(identity, bytes([value])) for identity, value in edges)


def test_clean_aperture_applies(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", [quarters(160, 128)] * 6)
    # 96 x 80 around a centre that lies 20 px right and 10 px up of the middle: columns 52 to 148, rows 14 to 94
    with_box(path, ENTRY, clap(96, 1, 80, 1, 20, 1, -10, 1))
    with VideoFile(path) as file:
        frame = next(iter(file))
    assert frame.size == (96, 80)
    assert alike(frame.bgr(), quarters(160, 128)[14:94, 52:148])
    assert frame.small(48).shape == (40, 48, 3)
    assert (file.video().width, file.video().height) == (96, 80)


def test_crop_applies_before_rotation(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", [quarters(160, 128)] * 6)
    write_matrix(with_box(path, ENTRY, clap(96, 1, 128, 1, -32, 1, 0, 1)), (0, 1, 0, -1, 0, 0, 0, 0, 1))
    assert alike(shown(path)[0], quarters(160, 128)[:, :96].swapaxes(0, 1)[:, ::-1])


def test_matroska_crop_applies(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mkv", [quarters(160, 128)] * 6)
    picture = shown(with_element(path, VIDEO, crop_elements(10, 20, 30, 40)))[0]
    assert alike(picture, quarters(160, 128)[20:88, 10:130])


@pytest.mark.parametrize("nth", [0, 1])
def test_each_track_has_its_own_crop(tmp_path: Path, nth: int) -> None:
    tracks = [Track(RED, (128, 96)), Track(GREEN, (128, 96), ON)]
    boxed = with_box(film(tmp_path / "two.mp4", tracks), ENTRY, clap(96, 1, 80, 1, 0, 1, 0, 1), nth)
    nested = with_element(film(tmp_path / "two.mkv", tracks), VIDEO, crop_elements(16, 8, 16, 8), nth)
    for path in (boxed, nested):
        assert colour_of(path) == GREEN
        assert shown(path)[0].shape == ((80, 96, 3) if nth else (96, 128, 3))


@pytest.mark.parametrize(
    ("values", "crop"),
    [
        ((160, 1, 128, 1, 0, 1, 0, 1), WHOLE),
        ((150, 1, 120, 1, 0, 1, 0, 1), Crop(5, 4, 5, 4)),
        ((320, 2, 256, 4, 0, 1, 32, 1), Crop(0, 64, 0, 0)),
        ((151, 1, 128, 1, 0, 1, 0, 1), Crop(4, 0, 5, 0)),
        ((161, 1, 128, 1, 0, 1, 0, 1), WHOLE),
        ((100, 1, 100, 1, 40, 1, 0, 1), WHOLE),
        ((100, 0, 100, 1, 0, 1, 0, 1), WHOLE),
        ((-100, 1, 100, 1, 0, 1, 0, 1), WHOLE),
        ((0, 1, 0, 1, 0, 1, 0, 1), WHOLE),
        ((1, 1, 1, 2, 0, 1, 1, 1), WHOLE),
    ],
)
def test_invalid_clean_aperture_is_ignored(values: tuple[int, ...], crop: Crop) -> None:
    assert clean_aperture(values, 160, 128) == crop


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=8, max_size=8), st.integers(0, 9000), st.integers(0, 9000))
def test_crop_leaves_pixels(values: list[int], width: int, height: int) -> None:
    crop = clean_aperture(tuple(values), width, height)
    assert min(crop.left, crop.top, crop.right, crop.bottom) >= 0
    assert crop == WHOLE or min(crop.size(width, height)) >= 1


def test_crop_of_everything_is_ignored(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", [quarters(128, 96)] * 3)
    with_box(path, ENTRY, clap(0, 1, 0, 1, 0, 1, 0, 1))
    assert shown(path)[0].shape == (96, 128, 3)


def test_crop_to_too_few_pixels_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", [quarters(128, 96)] * 3)
    with_box(path, ENTRY, clap(62, 1, 62, 1, 0, 1, 0, 1))
    with pytest.raises(UndecodableVideo):
        shown(path)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_header_is_harmless(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    kind = data.draw(st.sampled_from([MP4, MKV]))
    path = write_video(folder / ("clip.mkv" if kind == MKV else "clip.mp4"), [quarters(128, 96)] * 2)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    assert all(isinstance(header, TrackHeader) for header in track_headers(path, kind))


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (MP4, struct.pack(">I4s", 8, b"free") * (2 * MAX_PARTS)),
        (MP4, struct.pack(">I4s", 8 + 8 * 2 * MAX_PARTS, b"moov") + struct.pack(">I4s", 8, b"trak") * (2 * MAX_PARTS)),
        (MP4, struct.pack(">I4sQ", 1, b"moov", 3)),
        (MKV, element(0x18538067, element(0xEC, b"") * (2 * MAX_PARTS))),
        (MKV, element(0x18538067, element(0x1654AE6B, element(0xAE, element(0x83, bytes(99)))))),
        (MKV, b"\x18\x53\x80\x67\xff" * 1000),
        (MKV, bytes(1000)),
        ("avi", b"RIFF"),
    ],
)
def test_endless_headers_are_abandoned(tmp_path: Path, kind: str, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert track_headers(tmp_path / "file", kind) == ()

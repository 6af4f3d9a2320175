"""Tests of shrinking planes: the colours are those that FFmpeg shows, for every matrix and range."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.liveness.media import VideoFile
from alive402.liveness.media.frames import brightness, shrunk
from tests.conftest import Image, write_video
from tests.liveness.media.films import quarters, write_matrix

BT_709, UNSTATED, BT_601, SMPTE_170M, BT_2020 = 1, 2, 5, 6, 9
UNKNOWN, LIMITED, FULL = 0, 1, 2


def colourful(width: int, height: int, seed: int = 0) -> Image:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return np.asarray(cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 8), None, 20, 235, cv2.NORM_MINMAX), np.uint8)


def planar(picture: Image, matrix: int = UNSTATED, levels: int = UNKNOWN, kind: str = "yuv420p") -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format=kind)
    frame.colorspace, frame.color_range = matrix, levels
    return frame


def only(made: list[Image] | None) -> Image:
    assert made is not None
    (picture,) = made
    return picture


@pytest.mark.parametrize("levels", [UNKNOWN, LIMITED, FULL])
@pytest.mark.parametrize("matrix", [BT_709, UNSTATED, BT_601, SMPTE_170M])
@pytest.mark.parametrize("kind", ["yuv420p", "yuvj420p", "nv12"])
def test_colours_are_those_of_ffmpeg(matrix: int, levels: int, kind: str) -> None:
    frame = planar(colourful(320, 240), matrix, levels, kind)
    small = only(shrunk(frame, (80, 60)))
    expected = frame.reformat(width=80, height=60, format="bgr24", interpolation="AREA").to_ndarray()
    assert abs(small.astype(float) - expected).mean() < 3.5
    assert abs(small.mean(axis=(0, 1)) - expected.mean(axis=(0, 1))).max() < 3


@settings(max_examples=60, deadline=None)
@given(st.integers(64, 330), st.integers(64, 330), st.floats(2, 5), st.integers(0, 99))
def test_every_size_is_shrunk_by_areas(width: int, height: int, times: float, seed: int) -> None:
    picture = colourful(width, height, seed)
    size = int(width / times), int(height / times)
    small = only(shrunk(planar(picture), size))
    expected = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    assert abs(small.astype(float) - expected).mean() < 4


@settings(max_examples=40, deadline=None)
@given(st.integers(64, 700), st.integers(64, 700), st.floats(2, 9), st.floats(2, 9))
def test_sizes_made_together_are_those_made_alone(width: int, height: int, one: float, other: float) -> None:
    frame = planar(colourful(width, height))
    sizes = [(int(width / times), int(height / times)) for times in sorted((one, other))]
    together = shrunk(frame, *sizes)
    assert together is not None
    for size, picture in zip(sizes, together, strict=True):
        assert np.array_equal(only(shrunk(frame, size)), picture)


@pytest.mark.parametrize("kind", ["yuv444p", "nv16", "p010le", "yuv420p10le", "bgr24", "gray"])
def test_other_planes_are_left_to_ffmpeg(kind: str) -> None:
    assert shrunk(planar(colourful(128, 96), kind=kind), (32, 24)) is None


@settings(max_examples=40, deadline=None)
@given(st.integers(64, 331), st.integers(64, 331), st.floats(2, 4))
def test_frame_of_a_graphics_card_gives_the_same_pixels(width: int, height: int, times: float) -> None:
    frame = planar(colourful(width, height))
    interleaved = frame.reformat(format="nv12")
    size = int(width / times), int(height / times)
    assert np.array_equal(only(shrunk(frame, size)), only(shrunk(interleaved, size)))
    part = 3, 8, width - 5, height - 2
    levels, same = brightness(frame, *part), brightness(interleaved, *part)
    assert levels is not None
    assert same is not None
    assert np.array_equal(levels, same)


def test_other_matrix_and_small_reduction_are_left_to_ffmpeg() -> None:
    assert shrunk(planar(colourful(128, 96), BT_2020), (32, 24)) is None
    assert shrunk(planar(colourful(128, 96)), (65, 48)) is None
    assert shrunk(planar(colourful(128, 96)), (64, 48)) is not None


def test_small_frame_is_turned_as_the_whole_one(tmp_path: Path) -> None:
    path = write_matrix(write_video(tmp_path / "clip.mp4", [quarters(256, 160)] * 3), (0, 1, 0, -1, 0, 0, 0, 0, 1))
    with VideoFile(path) as file:
        frame = next(iter(file))
        small, whole = frame.small(64), frame.bgr()
    assert whole.shape[:2] == (256, 160)
    assert small.shape[:2] == (64, 40)
    assert abs(small.astype(float) - cv2.resize(whole, (40, 64), interpolation=cv2.INTER_AREA)).mean() < 6


@pytest.mark.parametrize(
    "form", [(1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0), (-1, 0, 0, 1), (0, 1, 1, 0)]
)
def test_part_is_cut_from_the_frame_as_it_is_shown(tmp_path: Path, form: tuple[int, int, int, int]) -> None:
    picture = colourful(192, 128)
    a, b, c, d = form
    path = write_matrix(write_video(tmp_path / "clip.mp4", [picture] * 3), (a, b, 0, c, d, 0, 0, 0, 1))
    with VideoFile(path) as file:
        frame = next(iter(file))
        width, height = frame.size
        part = frame.gray(21, 34, width - 10, height - 7)
        whole = frame.bgr()
    expected = cv2.cvtColor(whole[34 : height - 7, 21 : width - 10], cv2.COLOR_BGR2GRAY)
    assert part.shape == expected.shape
    assert abs(part.astype(float) - expected).mean() < 1.5


@pytest.mark.parametrize(
    ("kind", "levels"),
    [("yuv420p", LIMITED), ("yuv420p", FULL), ("nv12", LIMITED), ("nv12", FULL), ("yuvj420p", FULL)],
)
def test_brightness_is_that_of_a_gray_picture(kind: str, levels: int) -> None:
    picture = cv2.cvtColor(cv2.cvtColor(colourful(96, 64), cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    picture[0, :2] = [[0], [255]]
    frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
    stored = frame.reformat(format=kind, dst_color_range="JPEG" if levels == FULL else "MPEG")
    stored.color_range = levels
    part = brightness(stored, 0, 0, 96, 64)
    assert part is not None
    assert abs(part.astype(int) - picture[..., 0]).max() <= 1


@settings(max_examples=40, deadline=None)
@given(st.integers(65, 131), st.integers(65, 131), st.data())
def test_every_part_of_every_size_can_be_cut(width: int, height: int, data: st.DataObject) -> None:
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    right, bottom = data.draw(st.integers(left + 1, width)), data.draw(st.integers(top + 1, height))
    picture = colourful(width, height)
    part = brightness(planar(picture), left, top, right, bottom)
    assert part is not None
    expected = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[top:bottom, left:right]
    assert part.shape == expected.shape
    assert abs(part.astype(float) - expected).mean() < 3

"""Tests of the shown frame: square pixels, nothing cut off, and one canvas for frames of changing size."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alive402.liveness.errors import UndecodableVideo
from alive402.liveness.media.container import VideoFile
from alive402.liveness.media.frames import MAX_RATIO, fitted, square
from tests.conftest import Image, write_video
from tests.liveness.media.films import alike, moving, quarters, shown, write_matrix

ASPECTS = [Fraction(4, 3), Fraction(2), Fraction(1, 2), Fraction(16, 15)]
sides = st.integers(64, 4096)


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv", "ts", "avi"])
def test_pixels_become_square(tmp_path: Path, aspect: Fraction, kind: str) -> None:
    width, height = square(160, 96, aspect, 10**7)
    with VideoFile(moving(tmp_path / f"clip.{kind}", [quarters(160, 96)] * 6, aspect)) as file:
        frame = next(iter(file))
    assert frame.size == (width, height)
    assert alike(frame.bgr(), quarters(width, height), 16)
    small = frame.small(64)
    assert max(small.shape) == 64
    assert small.shape[1] / small.shape[0] == pytest.approx(width / height, rel=0.03)
    assert (file.video().width, file.video().height) == (width, height)


def test_pixels_become_square_before_the_picture_is_turned(tmp_path: Path) -> None:
    path = moving(tmp_path / "clip.mp4", [quarters(160, 96)] * 6, Fraction(2))
    pictures = shown(write_matrix(path, (0, 1, 0, -1, 0, 0, 0, 0, 1)))
    assert alike(pictures[0], np.rot90(quarters(320, 96), 3), 16)


@pytest.mark.parametrize("by_matrix", [True, False])
def test_track_header_stretch_applies(tmp_path: Path, by_matrix: bool) -> None:
    path = write_video(tmp_path / "clip.mp4", [quarters(128, 96)] * 4)
    if by_matrix:
        write_matrix(path, (2, 0, 0, 0, 1, 0, 0, 0, 1))
    else:  # the track is 256 px wide, says its header; the pictures have 128
        content = bytearray(path.read_bytes())
        at = content.find(b"tkhd") + 80
        assert content[at : at + 4] == (128 << 16).to_bytes(4, "big")
        content[at : at + 4] = (256 << 16).to_bytes(4, "big")
        path.write_bytes(bytes(content))
    assert alike(shown(path)[0], quarters(256, 96), 16)


def test_pixel_aspect_change_applies_from_its_frame(tmp_path: Path) -> None:
    square_ones = moving(tmp_path / "one.ts", [quarters(160, 96)] * 6, Fraction(1))
    wide_ones = moving(tmp_path / "two.ts", [quarters(160, 96)] * 6, Fraction(2))
    path = tmp_path / "both.ts"
    path.write_bytes(square_ones.read_bytes() + wide_ones.read_bytes())
    pictures = shown(path)
    assert alike(pictures[0], quarters(160, 96))
    assert alike(pictures[-1][24:72], quarters(160, 48), 16)
    assert pictures[-1][:22].mean() < 12


@pytest.mark.parametrize(
    ("later", "inside"),
    [
        ((320, 192), (slice(0, 96), slice(0, 160))),  # another size of the same shape fills the canvas
        ((96, 160), (slice(0, 96), slice(51, 109))),  # upright in a wide window
        ((240, 96), (slice(16, 80), slice(0, 160))),  # wider than the window
        ((128, 128), (slice(0, 96), slice(32, 128))),
    ],
)
def test_frames_of_another_size_keep_their_shape(
    tmp_path: Path, later: tuple[int, int], inside: tuple[slice, slice]
) -> None:
    path = moving(tmp_path / "clip.ts", [quarters(160, 96)] * 8 + [quarters(*later)] * 8)
    with VideoFile(path) as file:
        frames = [(frame.size, frame.bgr(), frame.small(80)) for frame in file]
    assert len(frames) == 16
    assert {size for size, _, _ in frames} == {(160, 96)}
    assert {small.shape for _, _, small in frames} == {(48, 80, 3)}
    assert (file.video().width, file.video().height) == (160, 96)
    last = frames[-1][1]
    shape = last[inside].shape
    assert alike(last[inside], quarters(shape[1], shape[0]), 16)
    outside = np.ones((96, 160), bool)
    outside[inside] = False
    outside = cv2.erode(outside.astype(np.uint8), np.ones((5, 5)), borderValue=1).astype(bool)
    assert not outside.any() or last[outside].mean() < 12


def test_extreme_aspect_ratio_is_refused(tmp_path: Path) -> None:
    path = moving(tmp_path / "clip.mp4", [quarters(160, 96)] * 6, Fraction(MAX_RATIO))
    with pytest.raises(UndecodableVideo):
        shown(path)


@given(sides, sides, st.fractions(Fraction(1, 10_000), 10_000, max_denominator=10_000))
def test_square_pixels_stay_below_the_limit(width: int, height: int, aspect: Fraction) -> None:
    most = 4096 * 2304
    wide, high = square(width, height, aspect, most)
    assert wide >= 1
    assert high >= 1
    assert wide * high <= max(most, width * height) + wide + high
    if min(wide, high) > 200:
        assert wide / high == pytest.approx(width / height * float(aspect), rel=0.015)


@given(sides, sides, sides, sides)
@example(67, 86, 64, 79)
def test_fitted_picture_keeps_its_shape(width: int, height: int, wide: int, high: int) -> None:
    fit = fitted((width, height), (wide, high))
    assert fit[0] <= wide
    assert fit[1] <= high
    assert fit[0] == wide or fit[1] == high
    # At most two px of the canvas are not filled, and a size is rounded to px.
    assert abs(fit[0] * height - fit[1] * width) <= 2.5 * max(width, height)


def test_only_requested_frames_are_converted(tmp_path: Path) -> None:
    with VideoFile(moving(tmp_path / "clip.mp4", [quarters(160, 96)] * 3)) as file:
        frame = next(iter(file))
        first: Image = frame.bgr()
        assert frame.bgr() is first
        assert frame.small(64) is frame.small(64)

"""Tests of the looks that are kept: views of a large frame show what those of a small one show."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest

from alive402.liveness.faces import Sample, SampleKeeper
from alive402.liveness.faces.detector import Detection
from alive402.liveness.media import MOTION_SIDE, FrameSequence
from tests.conftest import Image

BOX = np.array([250, 150, 420, 330], np.float32)


def pattern() -> Image:
    noise = np.random.default_rng(5).integers(0, 256, (480, 640, 3), np.uint8)
    return np.asarray(cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 4), None, 30, 220, cv2.NORM_MINMAX), np.uint8)


def grainy(picture: Image, times: float) -> Image:
    """The picture from a sensor of more pixels, each with noise of its own."""
    large = cv2.resize(picture, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(6).normal(0, 12, large.shape)
    return np.clip(large + grain, 0, 255).astype(np.uint8)


def kept(picture: Image, box: np.ndarray) -> Sample:
    """The one look at a face at `box`, px of the picture."""
    frame = next(iter(FrameSequence([(0.0, av.VideoFrame.from_ndarray(picture, format="bgr24"))])))
    small = frame.small(MOTION_SIDE)
    scale = max(small.shape) / max(picture.shape)
    points = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.5, 0.8], [0.1, 0.45], [0.9, 0.45]], np.float32)
    face = Detection(box * np.float32(scale), 0.9, points)
    keeper = SampleKeeper(1.0, 0)
    keeper.offer(frame, small, face, scale)
    (sample,) = keeper.samples()
    return sample


@pytest.mark.parametrize("times", [2, 3, 4])
def test_views_of_a_large_frame_have_no_more_noise(times: int) -> None:
    plain = kept(pattern(), BOX)
    large = kept(grainy(pattern(), times), BOX * times)
    assert np.allclose(large.face, plain.face, atol=0.01)
    assert large.reach == pytest.approx(plain.reach, rel=0.02)
    assert large.box == pytest.approx(BOX * times)
    for one, other in ((large.mid, plain.mid), (large.wide, plain.wide)):
        assert abs(one.astype(float) - other).mean() < 4  # Without shrinking by areas it is 6 to 8.


def test_small_face_in_a_large_frame_keeps_its_pixels() -> None:
    picture = np.full((1080, 1920, 3), 90, np.uint8)
    for row in range(500, 600, 5):  # Stripes that halving would blur.
        picture[row : row + 2, 900:1000] = 200
    sample = kept(picture, np.array([900, 500, 1000, 600], np.float32))
    assert sample.mid[60:68, 60:68].std() > 35


def test_texture_is_of_native_resolution() -> None:
    sample = kept(grainy(pattern(), 4), BOX * 4)
    assert sample.texture.shape == (384, 384)
    assert float(cv2.Laplacian(sample.texture, cv2.CV_32F).std()) > 15

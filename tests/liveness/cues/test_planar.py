"""Tests of `planar`: a picture that is moved as a whole is flat, a face that moves within itself is not."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from alive402.liveness.cues import planar
from alive402.liveness.report import Cue
from tests.liveness import scenes
from tests.liveness.cues.still.test_stills import BOX, FRAMES, Image, moved, portrait, tilt


def bent(picture: Image, share: float) -> Image:
    """The picture with its left and right half pushed up and down by different amounts."""
    y, x = np.mgrid[: scenes.HEIGHT, : scenes.WIDTH].astype(np.float32)
    down = np.float32(14 * np.sin(9 * share)) * np.sin(x / 30)
    return np.asarray(cv2.remap(picture, x, (y + down).astype(np.float32), cv2.INTER_CUBIC), np.uint8)


def measured(frames: Sequence[Image]) -> Cue:
    return planar(*scenes.film(frames, [BOX] * len(frames), noise=1.0))


def test_moved_picture_is_flat() -> None:
    cue = measured(moved(portrait(), tilt))
    assert cue.score is not None
    assert cue.score < 0
    assert cue.value is not None
    assert cue.value < 0.05


def test_face_that_moves_within_itself_is_not_flat() -> None:
    cue = measured([bent(portrait(), share) for share in np.linspace(0, 1, FRAMES)])
    assert cue.score == 0
    assert cue.value is not None
    assert cue.value > 0.2


def test_most_stretches_decide() -> None:
    """Once more than half of them are not flat, the rest is not measured; it could not change the score."""
    shares = np.linspace(0, 1, FRAMES)
    flat, bodily = moved(portrait(), tilt), [bent(portrait(), share) for share in shares]
    for most in (bodily[: 2 * FRAMES // 3] + flat[2 * FRAMES // 3 :], flat[: FRAMES // 4] + bodily[FRAMES // 4 :]):
        assert measured(most).score == 0
    for few in (bodily[: FRAMES // 5] + flat[FRAMES // 5 :], flat[: 4 * FRAMES // 5] + bodily[4 * FRAMES // 5 :]):
        assert (measured(few).score or 0) < 0


def test_face_that_holds_still_says_nothing() -> None:
    assert measured([portrait()] * FRAMES).score is None

"""Tests of `bending`: a bent picture explains its frames, a head that moves before a wall does not."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from alive402.liveness.cues.still import still
from alive402.liveness.cues.still.bending import excess
from alive402.liveness.cues.still.following import follow
from tests.liveness import scenes
from tests.liveness.cues.still.test_stills import BOX, portrait

FRAMES, SHADE = 50, 45.0
Image = npt.NDArray[np.uint8]
PLACES = np.mgrid[: scenes.HEIGHT, : scenes.WIDTH].astype(np.float32)[::-1]


def bent(picture: Image, sway: float, jaw: float) -> Image:
    """The picture with its head pushed sideways by px and its jaw lowered by px, its surroundings stretched."""
    x, y = PLACES
    far = np.hypot((x - 240) / 120, (y - 165) / 150)
    head = 1 / (1 + np.exp((far - 1.25) * 7))
    chin = np.exp(-(((x - 240) / 45) ** 2) - ((y - 262) / 30) ** 2)
    x, y = (one.astype(np.float32) for one in (x - sway * head, y - jaw * chin))
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8)


def found(frames: Sequence[Image], boxes: Sequence[scenes.Box], noise: float) -> float:
    followed = follow(*scenes.film(frames, boxes, noise=noise))
    assert followed is not None
    return excess(followed)


@pytest.mark.parametrize("noise", [0.5, 2.0])
def test_bent_picture_leaves_no_more_than_a_still(noise: float) -> None:
    picture, shares = portrait(shade=SHADE), np.arange(FRAMES) / 8
    frames = [bent(picture, 5 * np.sin(share), 4 + 4 * np.sin(2.3 * share)) for share in shares]
    assert found(frames, [BOX] * FRAMES, noise) < 1.2


@pytest.mark.parametrize("noise", [0.5, 2.0])
def test_head_before_a_wall_leaves_more(noise: float) -> None:
    frames, boxes = [], []
    for share in np.arange(FRAMES) / 8:
        x = 5 * np.sin(share)
        frames.append(portrait(x=x, shade=SHADE + 12 * np.sin(share)))
        boxes.append(scenes.shifted(BOX, x, 0))
    assert found(frames, boxes, noise) > 2


def test_animated_photo_is_a_puppet() -> None:
    shares = np.arange(FRAMES) / 8
    frames = [
        bent(portrait(0.5 + 0.5 * np.sin(2.3 * share), shade=SHADE), 2 * np.sin(share), 5 + 5 * np.sin(2.3 * share))
        for share in shares
    ]
    cues = {cue.name: cue for cue in still(*scenes.film(frames, [BOX] * FRAMES, noise=1.0))}
    assert cues["puppet"].score == -1
    assert cues["puppet"].attack_type == "injected_or_edited"

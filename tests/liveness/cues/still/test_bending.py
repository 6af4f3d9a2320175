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
from alive402.liveness.cues.still.stills import BENT_CERTAIN, BENT_NOTHING
from tests.liveness import scenes
from tests.liveness.cues.still.test_stills import BOX, portrait

FRAMES, SHADE = 50, 45.0
Image = npt.NDArray[np.uint8]
PLACES = np.mgrid[: scenes.HEIGHT, : scenes.WIDTH].astype(np.float32)[::-1]


def seen(contrast: float = 2.0, mouth: float = 0.2, x: float = 0.0, shade: float = SHADE) -> Image:
    """A portrait with the contrast of a photograph, or another."""
    picture = portrait(mouth, x=x, shade=shade)
    return np.asarray(np.clip((picture - 120.0) * contrast + 120, 0, 255), np.uint8)


def bent(picture: Image, sway: float, jaw: float) -> Image:
    """The picture with its head pushed sideways by px and its jaw lowered by px, its surroundings stretched."""
    x, y = PLACES
    far = np.hypot((x - 240) / 120, (y - 165) / 150)
    head = 1 / (1 + np.exp((far - 1.25) * 7))
    chin = np.exp(-(((x - 240) / 45) ** 2) - ((y - 262) / 30) ** 2)
    x, y = (one.astype(np.float32) for one in (x - sway * head, y - jaw * chin))
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8)


def folded(picture: Image, sway: float, turn: float) -> Image:
    """The picture bent along the edges of a coarse mesh, as a mesh of a face with few triangles bends it."""
    rows, columns = np.mgrid[0:8, 0:10].astype(np.float32)
    far = np.hypot((columns * 53.0 - 240) / 120, (rows * 51.0 - 165) / 150)
    push = np.where(far < 1, sway + turn * (1 - far), 0.0).astype(np.float32)
    moved = cv2.resize(push, (scenes.WIDTH, scenes.HEIGHT), interpolation=cv2.INTER_LINEAR)
    x, y = PLACES
    return np.asarray(cv2.remap(picture, x - moved, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8)


def found(frames: Sequence[Image], boxes: Sequence[scenes.Box], noise: float) -> float:
    followed = follow(*scenes.film(frames, boxes, noise=noise))
    assert followed is not None
    return excess(followed)


def swaying(picture: Image) -> list[Image]:
    shares = np.arange(FRAMES) / 8
    return [bent(picture, 5 * np.sin(share), 4 + 4 * np.sin(2.3 * share)) for share in shares]


@pytest.mark.parametrize("noise", [0.5, 2.0])
def test_bent_picture_leaves_no_more_than_a_still(noise: float) -> None:
    assert found(swaying(seen()), [BOX] * FRAMES, noise) < BENT_CERTAIN


def test_picture_bent_along_edges_leaves_no_more_either() -> None:
    shares = np.arange(FRAMES) / 8
    frames = [folded(seen(), 5 * np.sin(share), 6 * np.sin(1.7 * share)) for share in shares]
    assert found(frames, [BOX] * FRAMES, 1.0) < BENT_NOTHING


def test_hazy_picture_could_hide_what_a_person_changes() -> None:
    assert found(swaying(seen(0.5)), [BOX] * FRAMES, 1.0) > BENT_NOTHING


@pytest.mark.parametrize("noise", [0.5, 2.0])
def test_head_before_a_wall_leaves_more(noise: float) -> None:
    frames, boxes = [], []
    for share in np.arange(FRAMES) / 8:
        x = 5 * np.sin(share)
        frames.append(seen(x=x, shade=SHADE + 12 * np.sin(share)))
        boxes.append(scenes.shifted(BOX, x, 0))
    assert found(frames, boxes, noise) > 1.5 * BENT_NOTHING


def test_animated_photo_is_a_puppet() -> None:
    shares = np.arange(FRAMES) / 8
    frames = [
        bent(seen(mouth=0.5 + 0.5 * np.sin(2.3 * share)), 2 * np.sin(share), 5 + 5 * np.sin(2.3 * share))
        for share in shares
    ]
    cues = {cue.name: cue for cue in still(*scenes.film(frames, [BOX] * FRAMES, noise=1.0))}
    assert cues["puppet"].score == -1
    assert cues["puppet"].attack_type == "injected_or_edited"

"""Tests of `frozen` and `puppet`: stills that are moved, bent or animated score; people do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.liveness.cues.still import still
from alive402.liveness.cues.still.following import LEAST_SURVIVAL, follow
from alive402.liveness.report import Cue
from tests.liveness import scenes

Image = npt.NDArray[np.uint8]

FRAMES = 105
BOX: scenes.Box = (150, 60, 330, 290)


@cache
def pores() -> npt.NDArray[np.float32]:
    """Fixed soft texture of 3 gray levels, like skin and hair, that can be followed."""
    grain = np.random.default_rng(3).normal(0, 1, (scenes.HEIGHT + 200, scenes.WIDTH + 200)).astype(np.float32)
    soft = np.asarray(cv2.GaussianBlur(grain, (0, 0), 1.8), np.float32)
    return soft * np.float32(9 / soft.std())


def portrait(mouth: float = 0.2, lids: float = 0.0, x: float = 0.0, y: float = 0.0, shade: float = 0.0) -> Image:
    """A head before a wall: mouth open 0..1, lids closed 0..1, head moved by (x, y) px, shaded to one side."""
    wall = scenes.room()
    head = scenes.face(wall, scenes.shifted(BOX, x, y))
    inside = (head != wall).any(axis=2)
    texture = cv2.warpAffine(pores(), np.float32([[1, 0, x - 100], [0, 1, y - 100]]), (scenes.WIDTH, scenes.HEIGHT))
    slope = shade * (np.arange(scenes.WIDTH) - 240 - x) / 90
    seen = head + np.where(inside, texture + slope, 0)[..., None]
    middle = round(240 + x), round(244 + y)
    cv2.ellipse(seen, middle, (26, max(1, round(20 * mouth))), 0, 0, 360, (50, 35, 70), -1, cv2.LINE_AA)
    for side in (-36, 36):
        if lids > 0.5:
            cv2.ellipse(seen, (round(240 + side + x), round(147 + y)), (17, 12), 0, 0, 360, scenes.SKIN, -1)
    return np.asarray(np.clip(seen, 0, 255), np.uint8)


def measured(frames: Sequence[Image], boxes: Sequence[scenes.Box] | None = None, noise: float = 2.0) -> dict[str, Cue]:
    clip, track = scenes.film(frames, boxes or [BOX] * len(frames), noise=noise)
    return {cue.name: cue for cue in still(clip, track)}


def moved(picture: Image, place: Callable[[float], npt.NDArray[np.float32]]) -> list[Image]:
    """The picture under a map that depends on the share of the clip."""
    size = picture.shape[1::-1]
    shares = np.linspace(0, 1, FRAMES)
    return [
        np.asarray(cv2.warpPerspective(picture, place(share), size, borderMode=cv2.BORDER_REFLECT), np.uint8)
        for share in shares
    ]


def zoom(share: float) -> npt.NDArray[np.float32]:
    by = 1 + 0.12 * share
    return np.array([[by, 0, -20 * share], [0, by, -15 * share], [0, 0, 1]], np.float32)


def shake(share: float) -> npt.NDArray[np.float32]:
    x, y, turn = 9 * np.sin(17 * share), 6 * np.sin(29 * share), 0.02 * np.sin(13 * share)
    return np.array([[1, -turn, x], [turn, 1, y], [0, 0, 1]], np.float32)


def tilt(share: float) -> npt.NDArray[np.float32]:
    lean = 1e-4 * np.sin(9 * share)
    return np.array([[1, 0, 5 * np.sin(7 * share)], [0, 1, 0], [lean, 0.5 * lean, 1]], np.float32)


@pytest.mark.parametrize("noise", [1.0, 3.0, 6.0])
def test_still_under_fresh_noise_is_frozen(noise: float) -> None:
    assert measured([portrait()] * FRAMES, noise=noise)["frozen"].score == -1


@pytest.mark.parametrize("place", [zoom, shake, tilt])
def test_moved_still_is_frozen(place: Callable[[float], npt.NDArray[np.float32]]) -> None:
    cue = measured(moved(portrait(), place))["frozen"]
    assert cue.score == -1
    assert cue.attack_type == "print_or_still"


def test_talking_photo_is_a_puppet_and_not_frozen() -> None:
    mouths = 0.5 + 0.5 * np.sin(np.arange(FRAMES) / 4)
    cues = measured([portrait(mouth) for mouth in mouths])
    assert cues["puppet"].score == -1
    assert cues["frozen"].score == 0


def turned(picture: Image, share: float) -> Image:
    """A photo whose head is pushed to one side, share -0.5..0.5, over a hill that it stretches with."""
    (left, top, right, bottom), reach = BOX, 0.16
    width, height = right - left, bottom - top
    y, x = np.mgrid[: scenes.HEIGHT, : scenes.WIDTH].astype(np.float32)
    away = ((x - (left + right) / 2) / width) ** 2 + ((y - (top + bottom) / 2) / height) ** 2
    push = (reach * share * np.exp(-away / 0.55**2)).astype(np.float32)
    nod = np.float32(0.3 * np.sin(9 * share))
    return np.asarray(
        cv2.remap(picture, x - push * width, y + nod * push * height, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT),
        np.uint8,
    )


@pytest.mark.parametrize("noise", [1.0, 2.0, 3.0])
def test_photo_that_turns_and_talks_is_a_puppet_from_one_reference_at_least(noise: float) -> None:
    shares = np.linspace(-0.5, 0.5, FRAMES)
    frames = [turned(portrait(0.5 + 0.5 * np.sin(step / 4)), share) for step, share in enumerate(shares)]
    boxes = [scenes.shifted(BOX, 0.16 * share * 144, 0) for share in shares]
    assert measured(frames, boxes, noise)["puppet"].score == -1  # From the middle alone -.65 to -1.


def test_moving_person_is_neither_frozen_nor_puppet() -> None:
    steps = np.arange(FRAMES)
    boxes, frames = [], []
    for step in steps:
        x, y = 8 * np.sin(step / 11), 5 * np.sin(step / 17)
        boxes.append(scenes.shifted(BOX, x, y))
        shade = 18 * np.sin(step / 11)
        frames.append(portrait(0.5 + 0.5 * np.sin(step / 4), float(step % 40 < 6), x, y, shade))
    cues = measured(frames, boxes)
    assert cues["frozen"].score == 0
    assert cues["puppet"].score == 0


def test_blinking_person_is_not_frozen() -> None:
    frames = [portrait(lids=float(step % 30 < 15)) for step in range(FRAMES)]
    assert measured(frames)["frozen"].score == 0


@pytest.mark.parametrize("begins", [42, 58])
def test_blink_between_the_compared_frames_is_seen(begins: int) -> None:
    awake, closed = portrait(), portrait(lids=1.0)
    cues = measured([closed if begins <= step < begins + 6 else awake for step in range(FRAMES)])
    assert cues["frozen"].score == 0
    assert "eyes blink" in cues["frozen"].message
    assert cues["puppet"].score == -1  # A still whose eyes alone were animated.


@pytest.mark.parametrize("seconds", [0.3, 0.9])
def test_short_clip_is_silent(seconds: float) -> None:
    cues = measured([portrait()] * round(30 * seconds))
    assert all(cue.score is None for cue in cues.values())


def test_small_face_is_silent() -> None:
    cues = measured([portrait()] * FRAMES, [(200, 100, 225, 130)] * FRAMES)
    assert all(cue.score is None for cue in cues.values())


def test_frame_without_corners_is_silent() -> None:
    cues = measured([np.full((scenes.HEIGHT, scenes.WIDTH, 3), 90, np.uint8)] * FRAMES, noise=0.0)
    assert all(cue.score is None for cue in cues.values())


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from([float("nan"), float("inf"), -1e9, 0.0, 150.0, 1e9]), min_size=4, max_size=4),
    st.integers(0, 27),
)
def test_any_box_gives_scores_in_range(box: list[float], place: int) -> None:
    clip, track = still_clip()
    boxes = track.boxes.copy()
    boxes[place:] = box
    for cue in still(clip, replace(track, boxes=boxes)):
        assert cue.score is None or -1 <= cue.score <= 0


@cache
def still_clip() -> tuple[scenes.Clip, scenes.FaceTrack]:
    return scenes.film([portrait()] * FRAMES, [BOX] * FRAMES)


def test_followed_points_return_to_their_start() -> None:
    followed = follow(*still_clip())
    assert followed is not None
    assert followed.survival > 0.9
    assert followed.compared == len(followed.pairs) == 6
    for pair in followed.pairs:
        off = np.linalg.norm(pair.aligned[pair.kept] - followed.points[pair.kept], axis=1)
        assert np.median(off) < 0.3


def test_frames_are_compared_the_farthest_first_until_it_is_enough() -> None:
    clip, track = still_clip()
    one = follow(clip, track, enough=lambda followed, pair: True)
    assert one is not None
    assert one.compared == len(one.pairs) == 1
    assert follow(clip, track, hopeless=lambda followed, picture: True) is None
    # A face that is gone in two of the six other frames can no longer reach the least survival.
    frames = [portrait()] * (3 * FRAMES // 5) + [scenes.room()] * (FRAMES - 3 * FRAMES // 5)
    lost = follow(*scenes.film(frames, [BOX] * FRAMES))
    assert lost is not None
    assert lost.compared < 6
    assert lost.survival < LEAST_SURVIVAL


@pytest.mark.parametrize("share", [0.15, 0.5])
def test_change_in_some_of_the_compared_frames_excludes_a_still(share: float) -> None:
    """Measuring ends at the first change: the score is that of all frames."""
    changed = round(share * FRAMES)
    turning = [portrait(0.9, 1.0, 12 * np.sin(place), 6.0, 30.0) for place in range(changed)]
    frames = turning + [portrait()] * (FRAMES - changed)
    cues = measured(frames)
    assert cues["frozen"].score == 0
    assert cues["frozen"].value is None or cues["frozen"].value > 2.2

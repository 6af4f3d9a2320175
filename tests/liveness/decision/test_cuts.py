"""Tests of cuts and fades: they are found, and what a camera or a room does is not taken for one."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from alive402.liveness.decision import cuts
from alive402.liveness.media import Clip
from tests.liveness import scenes

Image = npt.NDArray[np.uint8]
COUNT = 60
"""Frames of one scene, two seconds."""


def scene(seed: int, count: int = COUNT, reach: float = 12.0, wall: tuple[int, int, int] = (0, 0, 0)) -> list[Image]:
    """A person who sways in a room that is tinted by `wall`."""
    tint = np.array(wall, np.int16)
    back = np.clip(scenes.room(seed).astype(np.int16) + tint, 0, 255).astype(np.uint8)
    place = (150.0, 70.0, 260.0, 210.0) if seed % 2 else (240.0, 110.0, 320.0, 215.0)
    return [scenes.face(back, scenes.shifted(place, *step)) for step in scenes.sway(count, reach)]


def filmed(frames: list[Image]) -> Clip:
    return scenes.film(frames, [(150, 70, 260, 210)] * len(frames))[0]


HERE, THERE = scene(1), scene(2, wall=(30, -10, -25))


def test_cut_between_two_scenes_is_located() -> None:
    (cut,) = cuts.find(filmed(HERE + THERE))
    assert cut.begins == pytest.approx((COUNT - 1) / scenes.FPS, abs=0.05)
    assert cut.ends == pytest.approx(COUNT / scenes.FPS, abs=0.05)
    assert cut.back is None


@pytest.mark.parametrize("frames", [9, 18, 30])
def test_cross_fade_is_found(frames: int) -> None:
    shares = [(place + 1) / (frames + 1) for place in range(frames)]
    mixed = [
        cv2.addWeighted(one, 1 - share, other, share, 0)
        for one, other, share in zip(HERE[-frames:], THERE[:frames], shares, strict=True)
    ]
    found = cuts.find(filmed(HERE[:-frames] + mixed + THERE[frames:]))  # type: ignore[operator]
    assert len(found) == 1
    assert found[0].begins < (COUNT - frames / 2) / scenes.FPS < found[0].ends


def test_cut_through_black_is_found() -> None:
    black = [np.zeros_like(HERE[0])] * 8
    (cut,) = cuts.find(filmed(HERE + black + THERE))
    assert cut.ends - cut.begins == pytest.approx(9 / scenes.FPS, abs=0.07)


def test_short_insert_is_two_cuts() -> None:
    found = cuts.find(filmed(HERE[:30] + THERE[:10] + HERE[30:]))
    assert len(found) == 2
    assert found[0].back == pytest.approx(40 / scenes.FPS, abs=0.05)


def test_uncut_clip_has_no_cut() -> None:
    assert cuts.find(filmed(scene(1, 2 * COUNT))) == ()


def test_camera_shake_is_no_cut() -> None:
    rng = np.random.default_rng(3)
    shaken = [
        cv2.warpAffine(
            one, np.array([[1, 0, x], [0, 1, y]], np.float32), one.shape[1::-1], borderMode=cv2.BORDER_REPLICATE
        )
        for one, (x, y) in zip(scene(1, 2 * COUNT), rng.uniform(-9, 9, (2 * COUNT, 2)), strict=True)
    ]
    assert cuts.find(filmed(shaken)) == ()  # type: ignore[arg-type]


def test_exposure_change_and_lamp_are_no_cuts() -> None:
    gains = [1.0] * 30 + [0.55] * 40 + [1.5] * 50
    lit = [np.clip(one * gain, 0, 255).astype(np.uint8) for one, gain in zip(scene(1, 120), gains, strict=True)]
    assert cuts.find(filmed(lit)) == ()


def test_flash_is_no_cut() -> None:
    frames = scene(1, 2 * COUNT)
    for place in (50, 51):
        frames[place] = np.clip(frames[place].astype(np.float32) * 0.4 + 170, 0, 255).astype(np.uint8)
    assert cuts.find(filmed(frames)) == ()


def test_keyframe_blur_is_no_cut() -> None:
    frames = [one if place % 12 else cv2.GaussianBlur(one, (0, 0), 4) for place, one in enumerate(scene(1, 2 * COUNT))]
    assert cuts.find(filmed(frames)) == ()  # type: ignore[arg-type]


def test_pause_with_motion_is_no_cut() -> None:
    """A webcam stalls for half a second while the person moves."""
    frames = scene(1, 60, reach=60) + [scene(1, 60, reach=60)[-1]] * 15 + scene(1, 60, reach=-60)
    assert cuts.find(filmed(frames)) == ()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_clip_of_few_frames_has_no_cut(count: int) -> None:
    assert cuts.find(filmed(HERE[:count])) == ()


def test_noise_takes_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    looked: list[int] = []
    compare = cuts.structure

    def counted(one: cuts.Floats, other: cuts.Floats) -> float:
        looked.append(1)
        return compare(one, other)

    monkeypatch.setattr(cuts, "structure", counted)
    small = rng.integers(0, 255, (400, 24, 32, 3), np.uint8)
    cuts.find(filmed([cv2.resize(one, (96, 72)) for one in small]))  # type: ignore[misc]
    assert len(looked) <= 40 * cuts.MOST_SUSPECTS

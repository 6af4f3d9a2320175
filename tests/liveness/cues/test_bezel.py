"""Tests of `bezel`: the straight edges of a device that move with the face, also between the bars of an editor."""

from __future__ import annotations

import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest

from alive402.liveness.cues.bezel import bezel
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from alive402.liveness.media.inner import InnerPicture
from tests.liveness import scenes
from tests.liveness.moving_scenes import FRAMES, held_device, person_at_door

BAR = 90


def barred(clip: Clip, track: FaceTrack) -> tuple[Clip, FaceTrack]:
    """The clip letterboxed, its motion frames only, and the track moved along."""
    height, width = clip.motion.shape[1:]
    bars = [cv2.copyMakeBorder(one, BAR, BAR, 0, 0, cv2.BORDER_CONSTANT, value=0) for one in clip.motion]
    motion, boxes = np.stack(bars), track.boxes + np.array([0, BAR, 0, BAR], np.float32)
    inner = InnerPicture(0, BAR, width, BAR + height)
    video = replace(clip.video, height=height + 2 * BAR)
    return replace(clip, video=video, motion=motion, inner=inner), replace(track, boxes=boxes)


def test_bars_do_not_hide_a_phone() -> None:
    clip, track = held_device(40)
    assert bezel(*barred(clip, track)).value == pytest.approx(bezel(clip, track).value, abs=1e-6)


@pytest.mark.parametrize("shake", [0, 15])
def test_bars_are_no_device(shake: float) -> None:
    assert bezel(*barred(*person_at_door(shake))).score == 0


def test_scene_has_the_size_without_bars() -> None:
    assert held_device(0)[0].motion.shape[1:] == (scenes.HEIGHT, scenes.WIDTH)


def test_bezel_finds_a_held_phone() -> None:
    cue = bezel(*held_device(40))
    assert cue.score is not None
    assert cue.score < -0.8
    assert "sides of the face move with it" in cue.message
    assert cue.attack_type == "screen_replay"


def seen_for_one_second(sway: float) -> tuple[Clip, FaceTrack]:
    """A phone; later the camera is so close that the phone's picture fills the frame."""
    path = scenes.sway(150, sway)
    boxes = [scenes.shifted((215, 100, 265, 165), *step) for step in path]
    frames = []
    for place, (step, box) in enumerate(zip(path, boxes, strict=True)):
        screen = scenes.shifted((170, 50, 310, 260), *step)
        held = scenes.device(scenes.room(), screen) if place < 36 else scenes.room()
        frames.append(scenes.face(held, box))
    return scenes.film(frames, boxes)


def test_bezel_seen_for_one_second_of_six_counts() -> None:
    cue = bezel(*seen_for_one_second(40))
    assert cue.score is not None
    assert cue.score < -0.5


@pytest.mark.parametrize("sway", [0, 6, 12, 18, 24, 30, 40])
def test_edges_are_left_out_only_where_none_is_evidence(monkeypatch: pytest.MonkeyPatch, sway: float) -> None:
    clip, track = seen_for_one_second(sway)
    quick = bezel(clip, track)
    monkeypatch.setattr(sys.modules[bezel.__module__], "_may_tell", lambda *motion: True)
    assert bezel(clip, track) == quick


def test_bezel_ignores_a_still_phone() -> None:
    assert bezel(*held_device(0)).score == 0


def test_bezel_ignores_a_door() -> None:
    cue = bezel(*person_at_door(0))
    assert cue.score == 0
    assert "room" in cue.message


def test_bezel_ignores_camera_shake() -> None:
    assert bezel(*person_at_door(15)).score == 0


def test_bezel_ignores_clothes() -> None:
    """Straight sleeves and a belt move with the face, but hang below it."""
    path = scenes.sway(FRAMES, 40)
    boxes = [scenes.shifted((215, 60, 265, 120), *step) for step in path]
    frames = [
        scenes.face(scenes.device(scenes.room(), scenes.shifted((180, 150, 300, 330), *step), lit=90), box)
        for step, box in zip(path, boxes, strict=True)
    ]
    assert bezel(*scenes.film(frames, boxes)).score == 0


def test_bezel_needs_more_than_three_frames() -> None:
    clip, track = held_device(40)
    few = replace(track, indices=track.indices[:3], times=track.times[:3], boxes=track.boxes[:3])
    assert bezel(clip, few).score is None

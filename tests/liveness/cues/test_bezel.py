"""Bezel and the bars of an editor: they are no device, do not hide one, and are no background of a moving camera."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from alive402.liveness.cues.bezel import bezel
from alive402.liveness.faces.tracks import FaceTrack
from alive402.liveness.media.clip import Clip
from alive402.liveness.media.inner import InnerPicture
from tests.liveness import scenes
from tests.liveness.test_cues_physical import held_device, person_at_door

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
def test_bars_make_no_device_of_a_room(shake: float) -> None:
    assert bezel(*barred(*person_at_door(shake))).score == 0


def test_the_scene_has_the_size_that_bars_are_drawn_around() -> None:
    assert held_device(0)[0].motion.shape[1:] == (scenes.HEIGHT, scenes.WIDTH)

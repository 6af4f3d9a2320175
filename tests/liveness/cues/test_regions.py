"""Tests of the face's position in the small frames of a clip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from alive402.liveness.cues.regions import boxes_on_thumbs, frame_rate, sound_boxes
from tests.liveness import scenes

BOX: scenes.Box = (200, 120, 280, 220)


def test_boxes_are_scaled_and_interpolated() -> None:
    boxes = [scenes.shifted(BOX, place, 0) for place in range(30)]
    clip, track = scenes.film([scenes.room()] * 30, boxes)
    found = boxes_on_thumbs(clip, track)
    assert found is not None
    scale = max(clip.thumbs.shape[1:3]) / scenes.WIDTH
    last = len(clip.motion_times) and round(float(clip.motion_times[-1]) * scenes.FPS)
    np.testing.assert_allclose(found[: last + 1], np.asarray(boxes[: last + 1]) * scale, atol=0.01)


def test_unsound_boxes_are_left_out() -> None:
    clip, track = scenes.film([scenes.room()] * 30, [BOX] * 30)
    boxes = track.boxes.copy()
    boxes[0], boxes[1] = np.nan, (5, 5, 5, 5)
    spoiled = replace(track, boxes=boxes)
    assert sound_boxes(spoiled).tolist() == [False, False] + [True] * (len(boxes) - 2)
    found = boxes_on_thumbs(clip, spoiled)
    assert found is not None
    assert np.isfinite(found).all()
    assert boxes_on_thumbs(clip, replace(track, boxes=np.full_like(boxes, np.nan))) is None


def test_frame_rate_comes_from_the_clock() -> None:
    clip, _ = scenes.film([scenes.room()] * 31, [BOX] * 31, fps=10)
    np.testing.assert_allclose(frame_rate(clip), (10, 3))
    assert frame_rate(replace(clip, times=clip.times[:1])) == (0, 0)
    assert frame_rate(replace(clip, times=clip.times * 0)) == (0, 0)

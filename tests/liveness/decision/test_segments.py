"""Tests of dividing a clip at its cuts, each stretch with its own face and looks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from alive402.liveness.decision.segments import divide
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from tests.liveness import scenes
from tests.liveness.decision.test_cuts import HERE, THERE, scene

Image = npt.NDArray[np.uint8]
BOX = (150.0, 70.0, 260.0, 210.0)


def filmed(frames: list[Image]) -> tuple[Clip, FaceTrack]:
    return scenes.film(frames, [BOX] * len(frames))


def seen_between(track: FaceTrack, begins: float, ends: float, area: float = 1.0) -> FaceTrack:
    """The track as if its face had been in view from `begins` to `ends` only, `area` times as large."""
    inside = (track.times >= begins) & (track.times <= ends)
    boxes = track.boxes[inside]
    middles, halves = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2 * np.sqrt(area)
    return replace(
        track,
        indices=track.indices[inside],
        times=track.times[inside],
        boxes=np.concatenate([middles - halves, middles + halves], axis=1).astype(np.float32),
        scores=track.scores[inside],
        landmarks=track.landmarks[inside],
        samples=tuple(one for one in track.samples if begins <= one.time <= ends),
    )


def test_uncut_clip_is_one_stretch() -> None:
    clip, track = filmed(scene(1, 120))
    division = divide(clip, [track])
    assert (division.cut_times, division.scenes, division.others) == ((), (), ())


def test_each_scene_has_its_own_frames_looks_and_face() -> None:
    clip, track = filmed(HERE + THERE)
    division = divide(clip, [track])
    assert len(division.cut_times) == 1
    first, second = division.scenes
    assert first.ends < division.cut_times[0] <= second.begins
    assert len(first.clip.times) + len(second.clip.times) == len(clip.times)
    for one in division.scenes:
        assert one.track is not None
        assert all(one.begins <= sample.time <= one.ends for sample in one.samples)
        assert one.track.indices.max() < len(one.clip.motion_times) == len(one.clip.motion)
        assert np.allclose(one.clip.motion_times[one.track.indices], one.track.times)
        assert 1.8 < one.seconds < 2.2
    assert len(first.samples) + len(second.samples) == len(track.samples)


def test_stretch_is_judged_by_its_largest_sure_face() -> None:
    clip, track = filmed(HERE + THERE)
    small, false_alarm = seen_between(track, 2.1, 9, 0.5), seen_between(track, 2.1, 9, 4.0)
    false_alarm = replace(false_alarm, scores=np.full_like(false_alarm.scores, 0.55))
    division = divide(clip, [seen_between(track, 0, 1.9), small, false_alarm])
    assert division.scenes[1].track is not None
    assert np.array_equal(division.scenes[1].track.boxes, small.boxes)


def test_scene_without_a_face_is_a_stretch() -> None:
    clip, track = filmed(HERE + THERE)
    division = divide(clip, [seen_between(track, 0, 1.9)])
    assert [one.track is None for one in division.scenes] == [False, True]


def test_short_insert_is_a_cut_and_no_stretch() -> None:
    clip, track = filmed(HERE[:40] + THERE[:12] + HERE[40:] + HERE[:30])
    division = divide(clip, [track])
    assert len(division.cut_times) == 2
    assert len(division.scenes) == 2


def test_brief_occlusion_is_no_cut() -> None:
    """An object covers the lens for a third of a second; afterwards the picture is as before."""
    hidden = [scenes.with_door(scenes.room(9), 40, 300, 20)] * 10
    clip, track = filmed(HERE[:30] + hidden + HERE[30:] + HERE[:30])
    times = np.array([not 0.95 < time < 1.37 for time in track.times])
    away = replace(
        track,
        indices=track.indices[times],
        times=track.times[times],
        boxes=track.boxes[times],
        scores=track.scores[times],
        landmarks=track.landmarks[times],
    )
    assert divide(clip, [away]).cut_times == ()
    assert divide(clip, [track]).cut_times != ()


def test_replaced_face_starts_a_stretch() -> None:
    clip, track = filmed(scene(1, 150))
    first, later = seen_between(track, 0, 2.5), seen_between(track, 2.6, 9)
    (other,) = divide(clip, [first, later]).others
    assert other.track is not None
    assert np.array_equal(other.track.times, later.times)
    assert divide(clip, [first, seen_between(track, 2.6, 9, 0.1)]).others == ()
    assert divide(clip, [track, later]).others == ()


def test_stretch_keeps_the_times_of_its_own_unseen_frames() -> None:
    clip, track = filmed(scene(1, 150))
    thinned = replace(clip, times=clip.times[::2], thumbs=clip.thumbs[::2], unseen=clip.times[1::2])
    (other,) = divide(thinned, [seen_between(track, 0, 2.5), seen_between(track, 2.6, 9)]).others
    assert ((other.clip.unseen > other.begins) & (other.clip.unseen < other.ends)).all()
    assert 20 < len(other.clip.unseen) < len(thinned.unseen)
    assert abs(other.clip.video.fps - 30.0) < 0.5

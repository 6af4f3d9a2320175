"""Tests of the quality gate of a video: each refusal, each warning, and their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from alive402.liveness.decision.quality import assess
from alive402.liveness.errors import (
    Blurred,
    FaceTooSmall,
    NoFace,
    Occluded,
    TooBright,
    TooDark,
    UnusableVideo,
    VideoTooShort,
)
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from tests.liveness import scenes

BOX: scenes.Box = (200, 120, 280, 220)
Change = Callable[[Clip, FaceTrack], tuple[Clip, FaceTrack]]


@cache
def filmed() -> tuple[Clip, FaceTrack]:
    return scenes.film([scenes.face(scenes.room(), BOX)] * 60, [BOX] * 60)


def looks(**fields: float) -> Change:
    return lambda clip, track: (
        clip,
        replace(track, samples=tuple(replace(one, **fields) for one in track.samples)),  # type: ignore[arg-type]
    )


def boxes(left: float, top: float, right: float, bottom: float) -> Change:
    return lambda clip, track: (
        clip,
        replace(track, boxes=np.tile(np.float32([left, top, right, bottom]), (len(track.boxes), 1))),
    )


def scores(score: float) -> Change:
    return lambda clip, track: (clip, replace(track, scores=np.full_like(track.scores, score)))


def first(count: int) -> Change:
    return lambda clip, track: (
        clip,
        replace(track, indices=track.indices[:count], times=track.times[:count], boxes=track.boxes[:count]),
    )


def test_good_clip_has_no_warning() -> None:
    clip, track = filmed()
    quality = assess(clip, [track])
    assert quality.warnings == ()
    assert (quality.face_width, quality.luminance, quality.face_ratio) == (80, 128, 1)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda clip, track: (replace(clip, video=replace(clip.video, seconds=0.5)), track), VideoTooShort),
        (first(3), NoFace),
        (scores(0.5), NoFace),
        (boxes(-60, 120, 20, 220), Occluded),
        (boxes(200, 120, 230, 160), FaceTooSmall),
        (looks(luminance=10.0), TooDark),
        (looks(luminance=230.0), TooBright),
        (looks(sharpness=2.0), Blurred),
    ],
)
def test_unusable_clip_has_an_error(change: Change, error: type[UnusableVideo]) -> None:
    clip, track = change(*filmed())
    with pytest.raises(error):
        assess(clip, [track])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (boxes(200, 120, 250, 180), "face_too_small"),
        (looks(reach=1.3), "face_too_close"),
        (looks(luminance=30.0), "too_dark"),
        (looks(luminance=210.0), "too_bright"),
        (looks(sharpness=4.0), "blurred"),
        (boxes(-20, 120, 60, 220), "face_occluded"),
        (scores(0.65), "face_occluded"),
        (first(6), "face_missing"),
        (lambda clip, track: (replace(clip, video=replace(clip.video, fps=5)), track), "low_frame_rate"),
    ],
)
def test_poor_clip_has_a_warning(change: Change, code: str) -> None:
    clip, track = change(*filmed())
    assert [warning.code for warning in assess(clip, [track]).warnings] == [code]


def test_second_face_is_a_warning_and_no_face_an_error() -> None:
    clip, track = filmed()
    assert [warning.code for warning in assess(clip, [track, track]).warnings] == ["several_faces"]
    with pytest.raises(NoFace):
        assess(clip, [])


@pytest.mark.parametrize(("light", "error"), [(0.05, TooDark), (0.2, TooDark), (1.0, NoFace), (3.0, TooBright)])
@pytest.mark.parametrize("change", [None, scores(0.5), first(3)])
def test_clip_without_a_face_is_refused_for_its_light_where_that_is_the_cause(
    light: float, error: type[UnusableVideo], change: Change | None
) -> None:
    clip, track = filmed()
    lit = np.clip(clip.thumbs * light + (light > 1) * 100, 0, 255).astype(np.uint8)
    clip, track = (change or first(60))(replace(clip, thumbs=lit), track)
    with pytest.raises(error):
        assess(clip, [track] if change else [])


def test_dark_face_without_contrast_is_dark_and_not_blurred() -> None:
    clip, track = looks(luminance=20.0, sharpness=2.0)(*filmed())
    with pytest.raises(TooDark):
        assess(clip, [track])

"""Bezel, moire, flicker and pulse: each speaks where it should, stays silent where it should, and never fails."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.liveness.cues.bezel import bezel
from alive402.liveness.cues.flicker import flicker
from alive402.liveness.cues.moire import moire
from alive402.liveness.cues.pulse import pulse
from alive402.liveness.faces.tracks import FaceTrack
from alive402.liveness.media.clip import Clip
from alive402.liveness.report import Cue, Video
from tests.liveness import scenes

CUES = (bezel, moire, flicker, pulse)
FACE: scenes.Box = (200, 120, 280, 220)
SCREEN: scenes.Box = (165, 70, 315, 270)
FRAMES = 130  # a little over 4 s, the least a pulse asks for


@cache
def held_device(reach: float) -> tuple[Clip, FaceTrack]:
    path = scenes.sway(FRAMES, reach)
    wall = scenes.room()
    boxes = [scenes.shifted(FACE, *step) for step in path]
    frames = [
        scenes.face(scenes.device(wall, scenes.shifted(SCREEN, *step)), box)
        for step, box in zip(path, boxes, strict=True)
    ]
    return scenes.film(frames, boxes)


@cache
def person_at_door(shake: float) -> tuple[Clip, FaceTrack]:
    """Somebody moves in front of a door that surrounds the face on three sides; the camera may shake."""
    door = scenes.with_door(scenes.room(size=(scenes.WIDTH + 80, scenes.HEIGHT + 80)), 185, 375, 80)
    path, shakes = scenes.sway(FRAMES, 30), scenes.sway(FRAMES, shake, seconds=0.9)
    boxes = [scenes.shifted(FACE, a[0] + b[0], a[1] + b[1]) for a, b in zip(path, shakes, strict=True)]
    frames = []
    for (x, y), box in zip(shakes, boxes, strict=True):
        left, top = 40 - round(x), 40 - round(y)
        frames.append(scenes.face(door[top : top + scenes.HEIGHT, left : left + scenes.WIDTH], box))
    return scenes.film(frames, boxes)


def still_person(change: npt.NDArray[np.float64] | None = None, share: float = 1.0) -> tuple[Clip, FaceTrack]:
    """A face that keeps still; `change` (n, 3) is added to its blue, green and red, `share` of it on the face."""
    wall, box = scenes.room(), (150.0, 60.0, 330.0, 290.0)
    added = np.zeros((FRAMES, 3)) if change is None else change
    base = scenes.face(wall, box).astype(np.float32)
    rows, columns = np.mgrid[: scenes.HEIGHT, : scenes.WIDTH]
    skin = (((columns - 240) / 90) ** 2 + ((rows - 175) / 133) ** 2 < 1)[..., None]
    frames = [base + np.where(skin, share * one, 0.0) for one in added]
    return scenes.film(frames, [box] * FRAMES)  # type: ignore[arg-type]


def heart_beat(hertz: float) -> npt.NDArray[np.float64]:
    """(n, 3) gray levels that blood adds: most in green, then blue, least in red."""
    beat = np.sin(2 * np.pi * hertz * np.arange(FRAMES) / scenes.FPS)
    return 0.9 * beat[:, None] * np.array([0.6, 1.0, 0.35])


# bezel


def test_bezel_sees_a_phone_held_into_the_picture() -> None:
    cue = bezel(*held_device(40))
    assert cue.score is not None
    assert cue.score < -0.8
    assert "sides of the face move with it" in cue.message
    assert cue.attack_type == "screen_replay"


def test_bezel_that_shows_for_a_second_of_six_counts() -> None:
    """Then the camera has come so close that the picture of the phone fills the frame."""
    path = scenes.sway(150, 40)
    boxes = [scenes.shifted((215, 100, 265, 165), *step) for step in path]
    frames = []
    for place, (step, box) in enumerate(zip(path, boxes, strict=True)):
        screen = scenes.shifted((170, 50, 310, 260), *step)
        held = scenes.device(scenes.room(), screen) if place < 36 else scenes.room()
        frames.append(scenes.face(held, box))
    cue = bezel(*scenes.film(frames, boxes))
    assert cue.score is not None
    assert cue.score < -0.5


def test_bezel_says_nothing_of_a_phone_that_keeps_still() -> None:
    assert bezel(*held_device(0)).score == 0


def test_bezel_leaves_a_door_behind_a_person_alone() -> None:
    cue = bezel(*person_at_door(0))
    assert cue.score == 0
    assert "room" in cue.message


def test_bezel_is_not_deceived_by_a_shaken_camera() -> None:
    assert bezel(*person_at_door(15)).score == 0


def test_bezel_does_not_take_clothes_for_a_device() -> None:
    """Straight sleeves and a belt move with the face, but hang below it."""
    path = scenes.sway(FRAMES, 40)
    boxes = [scenes.shifted((215, 60, 265, 120), *step) for step in path]
    frames = [
        scenes.face(scenes.device(scenes.room(), scenes.shifted((180, 150, 300, 330), *step), lit=90), box)
        for step, box in zip(path, boxes, strict=True)
    ]
    assert bezel(*scenes.film(frames, boxes)).score == 0


def test_bezel_needs_more_than_a_glimpse() -> None:
    clip, track = held_device(40)
    few = replace(track, indices=track.indices[:3], times=track.times[:3], boxes=track.boxes[:3])
    assert bezel(clip, few).score is None


# moire


@pytest.mark.parametrize(("period", "degrees"), [(4.3, 35.0), (6.1, 120.0), (3.1, 62.0)])
def test_moire_sees_fringes_over_the_face(period: float, degrees: float) -> None:
    picture = scenes.face(scenes.room(), (150, 60, 330, 290))
    frames = [scenes.fringes(picture, period, degrees, 5)] * 40
    cue = moire(*scenes.film(frames, [(150, 60, 330, 290)] * 40))
    assert cue.score is not None
    assert cue.score < -0.7
    assert abs(float(cue.message.split("pattern of ")[1].split()[0]) - period) < 0.25


def test_moire_finds_nothing_on_a_bare_face() -> None:
    cue = moire(*still_person())
    assert cue.score == 0
    assert cue.value is not None
    assert cue.value < cue.normal[1]


def test_moire_does_not_take_codec_blocks_for_a_display() -> None:
    picture = scenes.face(scenes.room(), (150, 60, 330, 290))
    blocks = picture.copy()
    blocks[::8] = np.clip(blocks[::8].astype(int) + 14, 0, 255)
    blocks[:, ::8] = np.clip(blocks[:, ::8].astype(int) + 14, 0, 255)
    assert moire(*scenes.film([blocks] * 40, [(150, 60, 330, 290)] * 40)).score == 0


def test_moire_wants_the_fringes_in_most_looks() -> None:
    picture = scenes.face(scenes.room(), (150, 60, 330, 290))
    frames = [scenes.fringes(picture, 4.3, 35, 5 if place < 8 else 0) for place in range(60)]
    assert moire(*scenes.film(frames, [(150, 60, 330, 290)] * 60)).score == 0


def test_moire_is_silent_on_a_tiny_face() -> None:
    assert moire(*scenes.film([scenes.room()] * 20, [(10, 10, 50, 50)] * 20)).score is None


# flicker


def flickering(bands: float, level: float, everywhere: bool = False) -> tuple[Clip, FaceTrack]:
    """A device whose screen is lit unevenly: `level` of its light comes and goes, `bands` of it in rolling rows."""
    lit = scenes.face(scenes.device(scenes.room(), SCREEN), FACE).astype(np.float32)
    rows = np.arange(scenes.HEIGHT)[:, None, None]
    mask = np.ones((scenes.HEIGHT, scenes.WIDTH, 1), np.float32)
    if not everywhere:
        mask[:] = 0
        mask[70:270, 165:315] = 1
    rng = np.random.default_rng(3)
    frames = []
    for place in range(60):
        wave = bands * np.sin(2 * np.pi * (rows / 33 + 0.37 * place)) + level * rng.choice([-1, 1])
        frames.append(lit * (1 + mask * wave))
    return scenes.film(frames, [FACE] * 60)  # type: ignore[arg-type]


def test_flicker_sees_a_screen_that_dims_and_brightens() -> None:
    cue = flicker(*flickering(0, 0.02))
    assert cue.score is not None
    assert -0.5 <= cue.score < -0.3
    assert "trembles" in cue.message


def test_flicker_sees_rolling_bands() -> None:
    cue = flicker(*flickering(0.06, 0))
    assert cue.score is not None
    assert cue.score < -0.2
    assert "bands" in cue.message


def test_flicker_takes_a_flickering_lamp_for_what_it_is() -> None:
    assert flicker(*flickering(0.03, 0.03, everywhere=True)).score == 0


def test_flicker_says_nothing_of_people_who_move() -> None:
    assert flicker(*person_at_door(0)).score == 0


def test_flicker_is_silent_on_slow_video() -> None:
    assert flicker(*scenes.film([scenes.room()] * 30, [FACE] * 30, fps=5)).score is None


# pulse


@pytest.mark.parametrize("hertz", [1.1, 1.6])
def test_pulse_feels_a_heart_beat(hertz: float) -> None:
    cue = pulse(*still_person(heart_beat(hertz)))
    assert cue.score is not None
    assert cue.score > 0.2
    beats = int(cue.message.split("heart beat of ")[1].split()[0])
    assert abs(beats - 60 * hertz) < 6
    assert cue.attack_type is None


def test_pulse_is_not_found_on_a_picture() -> None:
    score = pulse(*still_person()).score
    assert score is None or score == 0


def test_pulse_does_not_count_a_moving_face() -> None:
    assert pulse(*held_device(40)).score is None


def test_pulse_is_silent_on_short_and_on_slow_video() -> None:
    clip, track = held_device(0)
    short = replace(clip, times=clip.times[:60], thumbs=clip.thumbs[:60])
    assert pulse(short, track).score is None
    assert pulse(replace(clip, times=clip.times * 3), track).score is None


# every cue, on whatever comes


def test_every_cue_explains_itself() -> None:
    for cue in (one(*held_device(40)) for one in CUES):
        assert cue.unit
        assert cue.message.endswith(".")
        assert cue.weight == 0
        assert cue.normal[0] < cue.normal[1]


sides = st.floats(-60, 120) | st.just(float("nan")) | st.floats(-1e6, 1e6)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    count=st.sampled_from([1, 2, 5, 40, 130]),
    size=st.tuples(st.integers(1, 100), st.integers(1, 100)),
    box=st.tuples(sides, sides, sides, sides),
    every=st.sampled_from([1, 3, 50]),
    paint=st.sampled_from(["black", "white", "noise"]),
    looks=st.integers(0, 4),
    seconds=st.sampled_from([0.0, 0.5, 5.0]),
    turn=st.sampled_from([0, 90, 180, 270]),
)
def test_no_cue_ever_fails(
    count: int,
    size: tuple[int, int],
    box: scenes.Box,
    every: int,
    paint: str,
    looks: int,
    seconds: float,
    turn: int,
) -> None:
    clip, track = odd(count, size, box, every, paint, looks, seconds, turn)
    for one in CUES:
        cue = one(clip, track)
        assert isinstance(cue, Cue)
        assert cue.score is None or -1 <= cue.score <= 1
        assert cue.value is None or np.isfinite(cue.value)
        assert one is not pulse or cue.score is None or cue.score >= 0
        assert one is pulse or cue.score is None or cue.score <= 0


def odd(
    count: int,
    size: tuple[int, int],
    box: scenes.Box,
    every: int,
    paint: str,
    looks: int,
    seconds: float,
    turn: int,
) -> tuple[Clip, FaceTrack]:
    """A clip and a track as no camera would make them."""
    width, height = size
    rng = np.random.default_rng(count)
    whole = {
        "black": np.zeros((count, height, width, 3), np.uint8),
        "white": np.full((count, height, width, 3), 255, np.uint8),
        "noise": rng.integers(0, 256, (count, height, width, 3), np.uint8),
    }[paint]
    times = np.linspace(0, seconds, count)
    chosen = np.arange(0, count, every)
    boxes = np.tile(np.asarray(box, np.float32), (len(chosen), 1))
    boxes[::4] = (5, 5, 60, 70)
    clip = Clip(Video("", seconds, 30, width, height, "", 0), times, whole, times[chosen], whole[chosen, ..., 0], 1.0)
    track = FaceTrack(
        indices=np.arange(len(chosen)),
        times=times[chosen],
        boxes=boxes,
        scores=np.ones(len(chosen), np.float32),
        landmarks=np.full((len(chosen), scenes.MESH_POINTS, 2), np.nan, np.float32),
        turn=turn,
        samples=tuple(scenes.sample(whole[0], np.array([0, 0, width, height], np.float32)) for _ in range(looks)),
    )
    return clip, track

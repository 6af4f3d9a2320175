"""Tests of `overlay`: a player's button over the face scores; other shapes and positions do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from benchmarks.making.footage import Footage
from benchmarks.making.overlays import STYLES, play_button

from alive402.liveness.cues.buttons import DIRECTIONS, STEPS, marks
from alive402.liveness.cues.overlay import overlay
from alive402.liveness.media.inner import InnerPicture
from alive402.liveness.report import Cue
from tests.liveness import scenes

Image = npt.NDArray[np.uint8]

BOX: scenes.Box = (180, 90, 300, 240)
MIDDLE = (240, 170)
LIT = (170.0, 190.0, 225.0)


def person() -> Image:
    return scenes.face(scenes.room(), BOX, LIT)


def judged(frames: list[Image], noise: float = 2.0) -> Cue:
    return overlay(*scenes.film(frames, [BOX] * len(frames), noise=noise))


def drawn(draw: Callable[[Image], None], frames: int = 60) -> list[Image]:
    picture = person()
    draw(picture)
    return [picture] * frames


def button(picture: Image, at: tuple[int, int] = MIDDLE, half: int = 32, way: float = 0.0, sides: int = 3) -> None:
    """A dark disc with a white triangle that points `way` degrees off the right."""
    cv2.circle(picture, at, half, (40, 40, 40), -1, cv2.LINE_AA)
    turns = np.radians(way) + np.arange(sides) * 2 * np.pi / sides
    corners = np.array(at) + 0.5 * half * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    cv2.fillPoly(picture, [(corners * 16).round().astype(np.int32)], (255, 255, 255), cv2.LINE_AA, 4)


@pytest.mark.parametrize("perspective", [False, True])
@pytest.mark.parametrize("style", sorted(STYLES))
def test_every_players_button_is_found(style: str, perspective: bool) -> None:
    footage = Footage.of([person()] * 24)
    found = [
        judged(list(play_button(footage, style, np.random.default_rng(seed), MIDDLE, perspective).frames)).score
        for seed in range(4)
    ]
    assert found.count(-1) >= 3


def test_found_button_points_to_a_screen() -> None:
    cue = judged(drawn(button))
    assert cue.score == -1
    assert cue.attack_type == "screen_replay"
    assert "button" in cue.message


@pytest.mark.parametrize("first", [0, 22, 60, 75])
def test_button_that_shows_once_counts(first: int) -> None:
    bare, shown = person(), drawn(button)[0]
    assert judged([shown if first <= place < first + 15 else bare for place in range(90)]).score == -1


def test_face_alone_scores_nothing() -> None:
    cue = judged([person()] * 60)
    assert cue.score == 0
    assert cue.value == 0


def test_button_needs_more_than_a_moment() -> None:
    bare, shown = person(), drawn(button)[0]
    assert judged([shown if 28 <= place < 33 else bare for place in range(60)]).score == 0


@pytest.mark.parametrize(("way", "sides"), [(180.0, 3), (90.0, 3), (-90.0, 3), (45.0, 4), (0.0, 4), (0.0, 40)])
def test_other_shapes_are_no_button(way: float, sides: int) -> None:
    assert judged(drawn(lambda picture: button(picture, way=way, sides=sides))).score == 0


def test_triangle_on_an_uneven_ground_is_no_button() -> None:
    def draw(picture: Image) -> None:
        button(picture)
        stripes = np.arange(picture.shape[1]) // 4 % 2 == 0
        near = picture[130:210, 200:280]
        near[(near < 60).all(axis=2) & stripes[200:280]] = 190

    assert judged(drawn(draw)).score == 0


@pytest.mark.parametrize("at", [(60, 60), (420, 300), (240, 330)])
def test_button_beside_the_face_is_ignored(at: tuple[int, int]) -> None:
    assert judged(drawn(lambda picture: button(picture, at, 26))).score == 0


def test_button_in_the_middle_of_the_picture_counts() -> None:
    aside: scenes.Box = (20, 30, 120, 150)
    picture = scenes.face(scenes.room(), aside)
    cv2.GaussianBlur(picture, (0, 0), 4, dst=picture)
    button(picture, (240, 180))
    clip, track = scenes.film([picture] * 60, [aside] * 60)
    assert overlay(clip, track).score == -1
    # the picture inside bars has its middle elsewhere
    assert overlay(replace(clip, inner=InnerPicture(0, 0, 300, 360)), track).score == 0
    assert overlay(replace(clip, inner=InnerPicture(120, 60, 360, 300)), track).score == -1


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_button_of_a_turned_clip_is_found(turn: int) -> None:
    upright = drawn(button)[0]
    stored = np.ascontiguousarray(np.rot90(upright, -turn // 90))
    height, width = upright.shape[:2]
    x1, y1, x2, y2 = BOX
    boxes: dict[int, scenes.Box] = {
        0: BOX,
        90: (height - y2, x1, height - y1, x2),
        180: (width - x2, height - y2, width - x1, height - y1),
        270: (y1, width - x2, y2, width - x1),
    }
    clip, track = scenes.film([stored] * 40, [boxes[turn]] * 40)
    assert overlay(clip, replace(track, turn=turn)).score == -1


def test_unsearchable_clip_is_silent() -> None:
    clip, track = scenes.film([person()] * 30, [BOX] * 30)
    for boxes in (np.full_like(track.boxes, np.nan), np.full_like(track.boxes, np.inf), track.boxes * 0):
        assert overlay(clip, replace(track, boxes=boxes)).score is None
    nobody = replace(track, boxes=track.boxes[:0], indices=track.indices[:0])
    assert overlay(clip, nobody).score is None
    assert judged([person()] * 2).score is None


@pytest.mark.parametrize("size", [(2, 2), (16, 640), (640, 16), (40, 40)])
def test_tiny_and_narrow_pictures_are_accepted(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(3).integers(0, 256, (*size, 3), np.uint8)
    clip, track = scenes.film([picture] * 30, [(0, 0, size[1], size[0])] * 30)
    assert overlay(clip, track).score in (None, 0)
    assert overlay(clip, replace(track, boxes=track.boxes * 1e9 - 1e9)).score in (None, 0)
    assert overlay(clip, replace(track, boxes=track.boxes - [[1e4, 1e4, 0, 0]])).score in (None, 0)


@pytest.mark.parametrize("side", [1, 5, 9])
def test_time_is_bounded_on_a_long_clip_of_noise(side: int) -> None:
    rng = np.random.default_rng(side)
    small = rng.integers(0, 256, (360, 480 // side + 1, 640 // side + 1), np.uint8)
    noise = np.stack([cv2.resize(one, (640, 480), interpolation=cv2.INTER_NEAREST) for one in small])
    clip, track = scenes.film([person()] * 8, [BOX] * 8)
    times = np.arange(360) / 6.0
    clip = replace(clip, motion=noise, motion_times=times)
    track = replace(track, boxes=np.array([[180, 60, 460, 420]], np.float32), indices=np.array([0]))
    began = perf_counter()
    assert overlay(clip, track).score == 0
    assert perf_counter() - began < 2.0


def test_constant_times_are_accepted() -> None:
    clip, track = scenes.film(drawn(button, 90), [BOX] * 90)
    assert overlay(replace(clip, motion_times=clip.motion_times * 0), track).score == -1


def test_memory_beyond_the_picture_is_not_read() -> None:
    picture = cv2.cvtColor(drawn(button)[0], cv2.COLOR_BGR2GRAY)
    cut = np.ascontiguousarray(picture[MIDDLE[1] - 26 : MIDDLE[1] + 26, MIDDLE[0] - 26 : MIDDLE[0] + 26])
    found = []
    for level in (0, 255, 40, 90):  # what stood in memory of the size that holds the plate's rays
        left = [np.full((DIRECTIONS, STEPS), level, np.uint8) for _ in range(300)]
        del left
        found.append(marks(cut))
    assert found[0]
    assert all(one == found[0] for one in found)
    assert not any(mark.plate for mark in found[0])

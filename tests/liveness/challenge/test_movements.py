"""Tests of finding movements and breaks in curves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.liveness.challenge import KINDS, Signals, Step, find_breaks, find_movements, packaged, picture_jumps
from alive402.liveness.media import Clip
from tests.liveness import scenes
from tests.liveness.challenge.people import Person, answer, moved

SECONDS = 12.0


@given(kind=st.sampled_from(KINDS), at=st.floats(1.5, 8.0), size=st.floats(1.4, 4.0), seed=st.integers(0, 10**6))
def test_a_movement_is_found_where_it_is(kind: str, at: float, size: float, seed: int) -> None:
    step = Step(kind, at, 2.0)  # type: ignore[arg-type]
    (found,) = find_movements(answer([step], SECONDS, np.random.default_rng(seed), Person(size=size)), 1.2)
    assert found.kind == kind
    assert found.peak == pytest.approx(at + 1.1, abs=0.2)
    assert found.peak - 0.8 < found.onset < found.peak
    assert found.size == pytest.approx(size, rel=0.15, abs=0.15)
    assert found.value == pytest.approx(found.size * packaged().movements[kind].threshold)


@given(kind=st.sampled_from(KINDS), size=st.floats(0.0, 0.8), seed=st.integers(0, 10**6))
def test_small_movements_are_none(kind: str, size: float, seed: int) -> None:
    step = Step(kind, 4.0, 2.0)  # type: ignore[arg-type]
    assert find_movements(answer([step], SECONDS, np.random.default_rng(seed), Person(size=size)), 1.2) == ()


def test_a_face_that_does_not_come_back_has_not_moved() -> None:
    still = answer((), SECONDS, np.random.default_rng(1))
    turned = replace(still, yaw=still.yaw + np.clip(30 * (still.times - 5), 0, 40))
    assert find_movements(turned, 1.2) == ()


def test_the_way_back_is_no_movement() -> None:
    steps = [Step("turn_left", at, 2.0) for at in (2.0, 5.0, 8.0)]
    found = find_movements(answer(steps, SECONDS, np.random.default_rng(1)), 1.2)
    assert [one.kind for one in found] == ["turn_left"] * 3


def test_a_slow_drift_does_not_hide_a_movement() -> None:
    drifting = answer([Step("look_up", 6.0, 2.0)], SECONDS, np.random.default_rng(1))
    drifting = replace(drifting, pitch=drifting.pitch + 0.5 * drifting.times)
    assert [one.kind for one in find_movements(drifting, 1.2)] == ["look_up"]


def test_few_frames_have_no_movements() -> None:
    short = answer((), 0.4, np.random.default_rng(1))
    assert find_movements(short, 1.2) == ()
    assert find_breaks(short).cuts == ()


@given(seed=st.integers(0, 10**6), at=st.floats(2.0, 10.0), x=st.floats(0.7, 5.0), larger=st.floats(-0.1, 0.1))
def test_a_jump_is_a_cut(seed: int, at: float, x: float, larger: float) -> None:
    take = answer((), SECONDS, np.random.default_rng(seed))
    away = moved(take, x, larger)
    after = (take.times >= at)[:, None]
    spliced = replace(take, centre=np.where(after, away.centre, take.centre))
    (cut,) = find_breaks(spliced).cuts
    assert cut == pytest.approx(at, abs=0.2)


@given(seed=st.integers(0, 10**6), fps=st.floats(6.0, 30.0), size=st.floats(1.0, 4.0))
def test_movements_are_no_cuts(seed: int, fps: float, size: float) -> None:
    steps = [Step(kind, 1.0 + 2 * place, 2.0) for place, kind in enumerate(KINDS)]
    person = Person(fps=fps, size=size, lasts=1.0)
    assert find_breaks(answer(steps, SECONDS, np.random.default_rng(seed), person)).cuts == ()


def take_of(shift: float, sway: float = 12.0) -> list[np.ndarray]:
    """60 frames of somebody who sways by so many px before a wall; `shift` px is where this take has them."""
    path = scenes.sway(60, sway)
    wall = scenes.room()
    return [scenes.face(wall, scenes.shifted((200, 120, 280, 220), x + shift, y)) for x, y in path]


def filmed(frames: list[np.ndarray], fps: float = scenes.FPS, noise: float = 1.5) -> Clip:
    return scenes.film(frames, [(200.0, 120.0, 280.0, 220.0)] * len(frames), fps, noise)[0]  # type: ignore[arg-type]


def test_two_takes_at_the_same_place_are_a_cut() -> None:
    assert picture_jumps(filmed(take_of(0.0) + take_of(0.0))) == ()
    (cut,) = picture_jumps(filmed(take_of(0.0) + take_of(25.0)))
    assert cut == pytest.approx(60 / scenes.FPS, abs=0.05)


@pytest.mark.parametrize("fps", [15.0, 30.0])
def test_a_cut_between_two_takes_of_somebody_who_keeps_still_is_found(fps: float) -> None:
    """A codec shows most pictures of a face at rest as the ones before; the cut is no pause in the frames."""
    still = [take_of(shift, sway=4.0) for shift in (0.0, 25.0)]
    assert picture_jumps(filmed(still[0], fps, 0.0)) == ()
    (cut,) = picture_jumps(filmed(still[0] + still[1], fps, 0.0))
    assert cut == pytest.approx(60 / fps, abs=0.05)


@pytest.mark.parametrize("times", [2, 3, 6])
def test_frames_that_a_camera_repeats_are_no_cuts(times: int) -> None:
    frames = [frame for frame in take_of(0.0, sway=20.0) for _ in range(times)]
    assert picture_jumps(filmed(frames)) == ()
    stalled = take_of(0.0, sway=20.0)
    stalled[20 : 20 + 2 * times] = [stalled[20]] * (2 * times)
    assert picture_jumps(filmed(stalled)) == ()


def test_a_flash_is_no_cut() -> None:
    frames = take_of(0.0) + take_of(0.0)
    frames[40] = np.minimum(frames[40].astype(np.int32) + 60, 255).astype(frames[40].dtype)
    assert picture_jumps(filmed(frames)) == ()


def test_few_frames_have_no_jumps() -> None:
    assert picture_jumps(filmed(take_of(0.0)[:5])) == ()


def test_missing_frames_are_a_pause() -> None:
    take = answer((), SECONDS, np.random.default_rng(1))
    kept = (take.times < 3.0) | (take.times > 4.0)
    gone = Signals(
        take.times[kept], take.yaw[kept], take.pitch[kept], take.mouth[kept], take.size[kept], take.centre[kept]
    )
    breaks = find_breaks(gone)
    assert breaks.unseen(3.2, 3.4)
    assert not breaks.unseen(1.0, 2.5)
    assert not breaks.unseen(5.0, 11.0)
    assert breaks.unseen(11.0, 13.0)

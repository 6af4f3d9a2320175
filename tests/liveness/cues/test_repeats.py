"""Tests of `repeats`: streams played again, or forth and back, against people who move to and fro."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from alive402.liveness.cues.repeats import repeats
from alive402.liveness.report import Cue
from tests.liveness import scenes

BOX: scenes.Box = (190, 110, 290, 230)


def judged(places: Sequence[tuple[float, float]], noise: float = 2.0) -> Cue:
    boxes = [scenes.shifted(BOX, x, y) for x, y in places]
    return repeats(*scenes.film([scenes.face(scenes.room(), box) for box in boxes], boxes, noise=noise))


def wandering(frames: int) -> list[tuple[float, float]]:
    """A head that moves on a path without repetition."""
    steps = np.arange(frames)
    along = 22 * np.sin(steps / 5.3) + 14 * np.sin(steps / 3.1) + 0.25 * steps
    return list(zip(along.tolist(), (12 * np.sin(steps / 4.1) + 8 * np.cos(steps / 2.3)).tolist(), strict=True))


@pytest.mark.parametrize("length", [22, 31, 40])
def test_stream_played_forth_and_back_is_a_loop(length: int) -> None:
    path = wandering(length)
    cue = judged((path + path[-2:0:-1]) * 3)
    assert cue.score == -1
    assert cue.attack_type == "injected_or_edited"


@pytest.mark.parametrize("period", [60, 90])
def test_head_that_swings_evenly_is_no_loop(period: int) -> None:
    rng = np.random.default_rng(4)
    phase = 2 * np.pi * np.cumsum(1 + 0.1 * rng.standard_normal(120)) / period
    drift = np.cumsum(rng.standard_normal((120, 2)) * 0.9, axis=0)
    assert judged([(25 * np.sin(turn) + x, y) for turn, (x, y) in zip(phase, drift, strict=True)]).score == 0


def test_path_that_never_returns_is_no_loop() -> None:
    assert judged(wandering(120)).score == 0


def test_quick_swing_that_returns_beside_its_start_is_no_loop() -> None:
    share = np.linspace(-1, 1, 90)
    along = 290 * np.clip(1 - np.abs(share) / 0.48, 0, 1)
    assert judged([(x - 100, 3.0 * (when > 0)) for x, when in zip(along, share, strict=True)]).score == 0


@pytest.mark.parametrize("depth", [0.04, 0.08])
def test_flickering_lamp_is_no_loop(depth: float) -> None:
    """Frames of one phase of the lamp are alike, whatever they show."""
    path = [(2.0 * (x / 36), y / 10) for x, y in wandering(120)]
    boxes = [scenes.shifted(BOX, x, y) for x, y in path]
    light = 1 + depth * np.sin(2 * np.pi * 0.32 * np.arange(len(path)))
    frames = [
        np.clip(scenes.face(scenes.room(), box) * gain, 0, 255).astype(np.uint8)
        for box, gain in zip(boxes, light, strict=True)
    ]
    assert repeats(*scenes.film(frames, boxes, noise=2.0)).score == 0
    # A stream that comes again is one under the same lamp too.
    again = [*frames[:40], *frames[:40], *frames[:40]]
    assert repeats(*scenes.film(again, [*boxes[:40]] * 3, noise=2.0)).score == -1

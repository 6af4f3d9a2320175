"""Tests of `flicker`: a screen that trembles or shows rolling bands."""

from __future__ import annotations

import numpy as np

from alive402.liveness.cues.flicker import flicker
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from tests.liveness import scenes
from tests.liveness.moving_scenes import FACE, SCREEN, person_at_door


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


def test_flicker_finds_a_dimming_screen() -> None:
    cue = flicker(*flickering(0, 0.02))
    assert cue.score is not None
    assert -0.5 <= cue.score < -0.3
    assert "trembles" in cue.message


def test_flicker_finds_rolling_bands() -> None:
    cue = flicker(*flickering(0.06, 0))
    assert cue.score is not None
    assert cue.score < -0.2
    assert "bands" in cue.message


def test_flicker_ignores_a_flickering_lamp() -> None:
    assert flicker(*flickering(0.03, 0.03, everywhere=True)).score == 0


def test_flicker_ignores_moving_people() -> None:
    assert flicker(*person_at_door(0)).score == 0


def test_flicker_is_silent_on_slow_video() -> None:
    assert flicker(*scenes.film([scenes.room()] * 30, [FACE] * 30, fps=5)).score is None

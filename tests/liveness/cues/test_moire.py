"""Tests of `moire`: fringes of a display over the face."""

from __future__ import annotations

import numpy as np
import pytest

from alive402.liveness.cues.moire import moire
from tests.liveness import scenes
from tests.liveness.moving_scenes import still_person


@pytest.mark.parametrize(("period", "degrees"), [(4.3, 35.0), (6.1, 120.0), (3.1, 62.0)])
def test_moire_finds_fringes_over_the_face(period: float, degrees: float) -> None:
    picture = scenes.face(scenes.room(), (150, 60, 330, 290))
    frames = [scenes.fringes(picture, period, degrees, 5)] * 40
    cue = moire(*scenes.film(frames, [(150, 60, 330, 290)] * 40))
    assert cue.score is not None
    assert cue.score < -0.7
    assert abs(float(cue.message.split("pattern of ")[1].split()[0]) - period) < 0.25


def test_moire_is_zero_on_a_bare_face() -> None:
    cue = moire(*still_person())
    assert cue.score == 0
    assert cue.value is not None
    assert cue.value < cue.normal[1]


def test_moire_ignores_codec_blocks() -> None:
    picture = scenes.face(scenes.room(), (150, 60, 330, 290))
    blocks = picture.copy()
    blocks[::8] = np.clip(blocks[::8].astype(int) + 14, 0, 255)
    blocks[:, ::8] = np.clip(blocks[:, ::8].astype(int) + 14, 0, 255)
    assert moire(*scenes.film([blocks] * 40, [(150, 60, 330, 290)] * 40)).score == 0


def test_moire_needs_fringes_in_most_looks() -> None:
    picture = scenes.face(scenes.room(), (150, 60, 330, 290))
    frames = [scenes.fringes(picture, 4.3, 35, 5 if place < 8 else 0) for place in range(60)]
    assert moire(*scenes.film(frames, [(150, 60, 330, 290)] * 60)).score == 0


def test_moire_is_silent_on_a_tiny_face() -> None:
    assert moire(*scenes.film([scenes.room()] * 20, [(10, 10, 50, 50)] * 20)).score is None

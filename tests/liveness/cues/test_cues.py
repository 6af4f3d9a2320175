"""The list of cues: `NAMES` names exactly what `measure` gives."""

from __future__ import annotations

from alive402.liveness import cues
from tests.liveness import scenes

BOX: scenes.Box = (200, 120, 280, 220)


def test_every_cue_that_is_measured_is_named() -> None:
    measured = cues.measure(*scenes.film([scenes.face(scenes.room(), BOX)] * 12, [BOX] * 12))
    assert tuple(measured) == cues.NAMES
    assert all(name == cue.name for name, cue in measured.items())

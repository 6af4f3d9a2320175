"""Tests of the list of cues, and of the physical cues on clips that no camera makes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alive402.liveness import cues
from alive402.liveness.cues import bezel, flicker, moire, pulse
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from alive402.liveness.report import Cue, Video
from tests.conftest import EXAMPLES
from tests.liveness import scenes
from tests.liveness.moving_scenes import held_device

PHYSICAL = (bezel, moire, flicker, pulse)
BOX: scenes.Box = (200, 120, 280, 220)


def test_every_measured_cue_is_named() -> None:
    measured = cues.measure(*scenes.film([scenes.face(scenes.room(), BOX)] * 12, [BOX] * 12))
    assert tuple(measured) == cues.NAMES
    assert all(name == cue.name for name, cue in measured.items())


def test_physical_cue_has_a_unit_a_message_and_a_range() -> None:
    for cue in (one(*held_device(40)) for one in PHYSICAL):
        assert cue.unit
        assert cue.message.endswith(".")
        assert cue.weight == 0
        assert cue.normal[0] < cue.normal[1]


sides = st.floats(-60, 120) | st.just(float("nan")) | st.floats(-1e6, 1e6)


@settings(max_examples=2 * EXAMPLES, derandomize=True)
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
def test_physical_cues_accept_any_clip(
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
    for one in PHYSICAL:
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

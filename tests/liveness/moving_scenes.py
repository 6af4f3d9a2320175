"""Clips for the physical cues: a device that moves, a person at a door, a face that keeps still."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from tests.liveness import scenes

FACE: scenes.Box = (200, 120, 280, 220)
SCREEN: scenes.Box = (165, 70, 315, 270)
FRAMES = 130  # a little over 4 s, the least that `pulse` needs


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

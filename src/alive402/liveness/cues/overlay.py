"""Overlay cue: a player's play button over the face shows that a replayed video was filmed.

Players and galleries draw a triangle or two bars on an even plate over the middle of a video that is about to play, is
paused or has ended. The button counts only where it stays at one place of the face or in the very middle of the
picture, because a poster or a screen behind a person shows such marks too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.cues.buttons import Mark, marks
from alive402.liveness.cues.evidence import silent
from alive402.liveness.faces import FaceTrack
from alive402.liveness.media import Clip
from alive402.liveness.report import Cue

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

NAME = "overlay"
UNIT = "frames with a player's button at one place"
NORMAL = (0.0, 0.0)

LOOKS, DENSE_SECONDS = 12, 0.8
"""Frames searched in a clip; and the seconds at both ends that are searched more densely, where players show
buttons."""
AROUND, LEAST_FRAMES = 3, 3
"""Motion frames searched before and after a found button; and the number of them, of seven, that must have it."""
MOST_FOLLOWED = 5
"""Most buttons whose neighbouring frames are searched; a clip without a real button has few candidates."""

FACE_WIDTH, LEAST_FACE = 112.0, 24.0
"""Width in px to which the face is scaled, and the width below which it is not searched."""
SCALES = 0.1, 3.0
"""Bounds of that scale, because a box may have any size."""
BESIDE, ABOVE, BELOW = 0.15, 0.05, 0.2
"""Area searched around the face box, as shares of it."""
MIDDLE_REACH, MIDDLE_WITHIN, MIDDLE_SIDE = 0.14, 0.04, 112.0
"""Search area around the picture's middle and the largest offset of a button, as shares of the short side; and the side
in px to which the area is scaled."""


def overlay(clip: Clip, track: FaceTrack) -> Cue:
    """How often a player's button is at one place. Score -1 when it surely is there, else 0."""
    seen: dict[int, list[Mark]] = {}

    def search(place: int) -> list[Mark]:
        if place not in seen:
            seen[place] = list(_buttons(clip, track, place))
        return seen[place]

    places = [place for place in _looks(clip.motion_times) if _searchable(clip, track, place)]
    if len(clip.motion) < LEAST_FRAMES or not places:
        why = "The clip is too short or the face too small to find a button."
        return silent(NAME, UNIT, NORMAL, why, "screen_replay")
    most = 0
    for place, mark in _apart([(one, mark) for one in places for mark in search(one)]):
        near = range(max(0, place - AROUND), min(len(clip.motion), place + AROUND + 1))
        same = [[one for one in search(other) if _same(mark, one)] for other in near]
        if any(one.plate for ones in same for one in ones):
            most = max(most, sum(bool(ones) for ones in same))
    there = most >= LEAST_FRAMES
    message = (
        "A video player's button is drawn over the picture: a video was replayed."
        if there
        else "No video player's button lies over the face."
    )
    return Cue(NAME, -1.0 if there else 0.0, 0.0, float(most), UNIT, NORMAL, message, "screen_replay")


def _looks(times: Floats) -> list[int]:
    """Motion frames to search: every second one near both ends, the rest evenly, `LOOKS` at most."""
    count = len(times)
    if count <= LOOKS:
        return list(range(count))
    dense = int(np.searchsorted(times, times[0] + DENSE_SECONDS))
    ends = {*range(1, min(dense, 7), 2), *(count - 1 - one for one in range(1, min(dense, 7), 2))}
    rest = np.linspace(0, count - 1, LOOKS - len(ends) + 2)[1:-1].round().astype(int).tolist()
    return sorted(ends | set(rest))


def _apart(found: list[tuple[int, Mark]]) -> list[tuple[int, Mark]]:
    """The first few marks that differ: the same button is found at several gray levels and in several frames."""
    kept: list[tuple[int, Mark]] = []
    for place, mark in found:
        if not any(place - other <= AROUND and _same(mark, one) for other, one in kept):
            kept.append((place, mark))
    return kept[:MOST_FOLLOWED]


def _box(clip: Clip, track: FaceTrack, place: int) -> Floats:
    """(4,) px of the motion frame: the face at the nearest frame in which it was seen."""
    nearest = int(np.abs(track.indices - place).argmin())
    return np.asarray(track.boxes[nearest], np.float64) * clip.motion_scale


def _searchable(clip: Clip, track: FaceTrack, place: int) -> bool:
    if not len(track.boxes):
        return False
    box = _box(clip, track, place)
    return bool(np.isfinite(box).all() and min(box[2] - box[0], box[3] - box[1]) >= LEAST_FACE)


def _same(mark: Mark, other: Mark) -> bool:
    """Whether both are the same button: it moves no farther than a hand moves a device within a few frames."""
    close = math.hypot(mark.x - other.x, mark.y - other.y) < 2.5 * mark.reach
    return mark.bars == other.bars and close and 0.7 < other.reach / mark.reach < 1.4


def _buttons(clip: Clip, track: FaceTrack, place: int) -> Iterator[Mark]:
    """Buttons of one motion frame, over the face or in the very middle of the picture, in px of the frame."""
    if not _searchable(clip, track, place):
        return
    frame, turn = clip.motion[place], track.turn // 90 % 4
    x1, y1, x2, y2 = _box(clip, track, place).tolist()
    wide, high = x2 - x1, y2 - y1
    side = min(wide, high)
    face = x1 - BESIDE * wide, y1 - ABOVE * high, x2 + BESIDE * wide, y2 + BELOW * high
    yield from _within(frame, face, FACE_WIDTH / side, turn)
    short, middle = _middle(clip)
    reach = MIDDLE_REACH * short
    around = middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach
    deep = min(middle[0] - face[0], middle[1] - face[1], face[2] - middle[0], face[3] - middle[1])
    if deep >= 0.7 * reach:
        return  # This area was searched with the face.
    for mark in _within(frame, around, MIDDLE_SIDE / (2 * reach), turn):
        if math.hypot(mark.x - middle[0], mark.y - middle[1]) <= MIDDLE_WITHIN * short:
            yield mark


def _middle(clip: Clip) -> tuple[float, tuple[float, float]]:
    """The short side of the picture without bars, and its middle; px of the motion frame."""
    height, width = clip.motion.shape[1:]
    inner = clip.inner
    if inner is None:
        return min(height, width), (width / 2, height / 2)
    sides = inner.right - inner.left, inner.bottom - inner.top
    scale = clip.motion_scale
    return min(sides) * scale, ((inner.left + sides[0] / 2) * scale, (inner.top + sides[1] / 2) * scale)


def _within(frame: Image, around: tuple[float, float, float, float], scale: float, turn: int) -> Iterator[Mark]:
    """Finds marks in a part of the frame, turned upright and scaled by about `scale`."""
    height, width = frame.shape
    left, top = (max(0, math.floor(edge)) for edge in around[:2])
    right, bottom = min(width, math.ceil(around[2])), min(height, math.ceil(around[3]))
    if right - left < LEAST_FACE or bottom - top < LEAST_FACE:
        return
    part = frame[top:bottom, left:right]
    scale = min(max(scale, SCALES[0]), SCALES[1])
    if abs(scale - 1) > 0.1:
        how = cv2.INTER_AREA if scale < 0.6 else cv2.INTER_LINEAR
        part = np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=how), np.uint8)
    picture = np.ascontiguousarray(np.rot90(part, turn))
    high, wide = picture.shape
    across, down = (right - left) / part.shape[1], (bottom - top) / part.shape[0]
    for mark in marks(picture):
        x, y = [
            (mark.x, mark.y),
            (part.shape[1] - 1 - mark.y, mark.x),
            (wide - 1 - mark.x, high - 1 - mark.y),
            (mark.y, part.shape[0] - 1 - mark.x),
        ][turn]
        yield replace(mark, x=left + x * across, y=top + y * down, reach=mark.reach * across)

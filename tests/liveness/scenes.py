"""Drawn scenes for tests of physical evidence: a room, a face, a device, and the marks of a device."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.faces import FaceTrack, Sample
from alive402.liveness.media import THUMB_SIDE, Clip
from alive402.liveness.media.motion_clock import MOTION_FPS
from alive402.liveness.networks import MID_VIEW
from alive402.liveness.networks.face_view import in_the_middle
from alive402.liveness.report import Video

Image = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]

WIDTH, HEIGHT = 480, 360
FPS = 30.0
SKIN = (130, 150, 190)
MESH_POINTS = 468


def room(seed: int = 1, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image:
    """A wall with soft stains and small things on it: corners to follow, no long straight edge."""
    rng = np.random.default_rng(seed)
    wall = cv2.resize(rng.integers(90, 150, (9, 12, 3), np.uint8), size, interpolation=cv2.INTER_CUBIC)
    for x, y, radius in zip(*(rng.integers(0, end, 60) for end in size), rng.integers(2, 7, 60), strict=True):
        cv2.circle(wall, (int(x), int(y)), int(radius), tuple(int(c) for c in rng.integers(20, 230, 3)), -1)
    return wall


def with_door(picture: Image, left: int, right: int, top: int) -> Image:
    """The picture with a door in it: straight edges that belong to the room."""
    seen = picture.copy()
    cv2.rectangle(seen, (left, top), (right, picture.shape[0] + 10), (60, 70, 80), -1)
    cv2.rectangle(seen, (left, top), (right, picture.shape[0] + 10), (220, 220, 220), 5)
    return seen


def face(picture: Image, box: Box, colour: tuple[float, float, float] = SKIN) -> Image:
    """The picture with a face-like blob: an oval of skin, eyes, mouth, hair."""
    seen = picture.copy()
    left, top, right, bottom = box
    middle, sides = ((left + right) / 2, (top + bottom) / 2), (right - left, bottom - top)

    def oval(x: float, y: float, wide: float, high: float, ink: tuple[float, float, float]) -> None:
        centre = (round((middle[0] + x * sides[0]) * 16), round((middle[1] + y * sides[1]) * 16))
        axes = (round(wide * sides[0] * 16), round(high * sides[1] * 16))
        cv2.ellipse(seen, centre, axes, 0, 0, 360, ink, -1, cv2.LINE_AA, 4)

    oval(0, -0.15, 0.55, 0.62, (40, 45, 50))
    oval(0, 0, 0.5, 0.58, colour)
    for side in (-0.2, 0.2):
        oval(side, -0.12, 0.09, 0.05, (60, 60, 70))
    oval(0, 0.3, 0.2, 0.06, (90, 90, 150))
    return seen


def device(picture: Image, screen: Box, lit: int = 205) -> Image:
    """The picture with a phone held into it: a dark frame around an evenly lit screen."""
    seen = picture.copy()
    left, top, right, bottom = (round(edge) for edge in screen)
    cv2.rectangle(seen, (left - 12, top - 12), (right + 12, bottom + 12), (15, 15, 15), -1)
    cv2.rectangle(seen, (left, top), (right, bottom), (lit, lit, lit), -1)
    return seen


def shifted(box: Box, x: float, y: float) -> Box:
    """The box moved by (x, y) px."""
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y


def film(frames: Sequence[Image], boxes: Sequence[Box], fps: float = FPS, noise: float = 1.5) -> tuple[Clip, FaceTrack]:
    """The clip and the track that the engine would keep of the frames, with sensor noise and without landmarks."""
    rng = np.random.default_rng(7)
    grain = rng.normal(0, noise, (7, *frames[0].shape))  # 7: no stride of frames meets one grain again and again
    noisy = [np.clip(one + grain[place % 7] + 0.5, 0, 255).astype(np.uint8) for place, one in enumerate(frames)]
    times = np.arange(len(noisy)) / fps
    height, width = noisy[0].shape[:2]
    scale = THUMB_SIDE / max(height, width)
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    chosen = np.arange(0, len(noisy), max(1, round(fps / MOTION_FPS)))
    clip = Clip(
        video=Video("0" * 64, float(times[-1]), fps, width, height, "h264", 0),
        times=times,
        thumbs=np.stack([cv2.resize(one, small, interpolation=cv2.INTER_AREA) for one in noisy]),
        motion_times=times[chosen],
        motion=np.stack([cv2.cvtColor(noisy[place], cv2.COLOR_BGR2GRAY) for place in chosen]),
        motion_scale=1.0,
    )
    return clip, _track(noisy, boxes, times, chosen)


def _track(
    frames: Sequence[Image], boxes: Sequence[Box], times: npt.NDArray[np.float64], chosen: npt.NDArray[np.int64]
) -> FaceTrack:
    followed = np.asarray(boxes, np.float32)[chosen]
    looks = np.unique(np.linspace(0, len(chosen) - 1, 8).round().astype(int))
    return FaceTrack(
        indices=np.arange(len(chosen)),
        times=times[chosen],
        boxes=followed,
        scores=np.full(len(chosen), 0.9, np.float32),
        landmarks=np.full((len(chosen), MESH_POINTS, 2), np.nan, np.float32),
        turn=0,
        samples=tuple(sample(frames[chosen[look]], followed[look], float(times[chosen[look]])) for look in looks),
    )


def sample(frame: Image, box: npt.NDArray[np.float32], time: float = 0.0) -> Sample:
    """One look at the face; the wide views stay gray, because no physical cue reads them."""
    height, width = frame.shape[:2]
    left, top, right, bottom = np.clip(box.round().astype(int), 0, [width, height, width, height])
    view = np.full((128, 128, 3), 128, np.uint8)
    texture = np.zeros((0, 0), np.uint8)
    if right > left and bottom > top:
        texture = cv2.cvtColor(frame[top:bottom, left:right], cv2.COLOR_BGR2GRAY)
    return Sample(
        time=time,
        box=box,
        frame_size=(width, height),
        score=0.9,
        sharpness=300.0,
        luminance=128.0,
        mid=view,
        wide=view,
        face=in_the_middle([4.0], MID_VIEW)[0],
        reach=4.0,
        texture=texture,
        picture=view,
    )


def fringes(picture: Image, period: float, degrees: float, height: float) -> Image:
    """The picture under a moire of `height` gray levels, one fringe every `period` px."""
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    along = np.cos(np.radians(degrees)) * columns + np.sin(np.radians(degrees)) * rows
    wave = height * np.sin(2 * np.pi * along / period)
    return np.clip(picture + wave[..., None], 0, 255).astype(np.uint8)


def sway(count: int, reach: float, seconds: float = 2.0, fps: float = FPS) -> list[tuple[float, float]]:
    """(x, y) px by frame of something held in a hand."""
    phase = 2 * np.pi * np.arange(count) / (seconds * fps)
    return [(float(reach * np.sin(one)), float(0.4 * reach * np.sin(1.7 * one))) for one in phase]

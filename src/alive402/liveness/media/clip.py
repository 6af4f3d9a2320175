"""Reduces a file to a Clip: the small frames that the cues need, gathered in one pass."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.media.frame import Frame
from alive402.liveness.media.inner import InnerPicture
from alive402.liveness.report import Video

THUMB_SIDE = 96
MOTION_SIDE = 640
MOTION_FPS = 8.0
MOTION_FRAMES = 180


@dataclass(frozen=True, slots=True)
class Clip:
    """A video reduced to the data that the cues need. Rectangles elsewhere are in px of the upright frame.

    Attributes:
        video: what was read.
        times: (n,) float64, seconds of every frame.
        thumbs: (n, th, tw, 3) uint8 BGR, every frame with its longest side at 96 px.
        motion_times: (m,) float64, seconds of the motion frames, at most 8 a second.
        motion: (m, mh, mw) uint8 gray, longest side at most 640 px.
        motion_scale: px of the motion frame per px of the upright frame.
        inner: the picture inside the picture, px of the upright frame; None where the picture fills the frame.
    """

    video: Video
    times: npt.NDArray[np.float64]
    thumbs: npt.NDArray[np.uint8]
    motion_times: npt.NDArray[np.float64]
    motion: npt.NDArray[np.uint8]
    motion_scale: float
    inner: InnerPicture | None = None


class ClipRecorder:
    """Gathers a Clip while the frames stream by.

    Args:
        expected_seconds: length as the container states it; a long clip gets fewer motion frames a second, so that
            their number and with it the memory stays bounded.
        max_frames: the most frames that will be added.
    """

    def __init__(self, expected_seconds: float | None, max_frames: int) -> None:
        span = max(expected_seconds or 0.0, 1.0)
        self._step = max(1.0 / MOTION_FPS, span / MOTION_FRAMES)
        self._due = 0.0
        self._times: list[float] = []
        self._motion_times: list[float] = []
        self._thumbs = _Shelf(max_frames)
        self._motion = _Shelf(2 * MOTION_FRAMES)

    def add(self, frame: Frame) -> bool:
        """Add a frame; returns True for a motion frame, in which faces have to be searched."""
        self._times.append(frame.time)
        self._thumbs.put(frame.small(THUMB_SIDE))
        if frame.time + 1e-6 < self._due or len(self._motion_times) == self._motion.places:
            return False
        self._due = max(self._due + self._step, frame.time + self._step / 2)
        self._motion_times.append(frame.time)
        self._motion.put(cv2.cvtColor(frame.small(MOTION_SIDE), cv2.COLOR_BGR2GRAY))
        if len(self._motion_times) % MOTION_FRAMES == 0:  # The stated length was wrong: from here on, half as many.
            self._step *= 2
        return True

    def finish(self, video: Video, inner: InnerPicture | None = None) -> Clip:
        """The Clip, once every frame was added."""
        motion = self._motion.filled()
        return Clip(
            video=video,
            times=np.asarray(self._times),
            thumbs=self._thumbs.filled(),
            motion_times=np.asarray(self._motion_times),
            motion=motion,
            motion_scale=max(motion.shape[1:]) / max(video.width, video.height),
            inner=inner,
        )


class _Shelf:
    """Pictures of one size in one block, reserved at once, which takes memory only as it fills.

    Many small arrays kept between large temporary ones would fragment the heap: twice the memory.
    """

    def __init__(self, places: int) -> None:
        self.places = places
        self._count = 0
        self._block: npt.NDArray[np.uint8] | None = None

    def put(self, picture: npt.NDArray[np.uint8]) -> None:
        """Add the next picture; all have the shape of the first."""
        if self._block is None:
            self._block = np.empty((self.places, *picture.shape), np.uint8)
        self._block[self._count] = picture
        self._count += 1

    def filled(self) -> npt.NDArray[np.uint8]:
        """(n, ...) uint8, the pictures added so far."""
        if self._block is None:
            return np.empty((0, 1, 1), np.uint8)
        return self._block[: self._count]

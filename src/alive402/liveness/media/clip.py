"""Reduces a file to a Clip: the small frames that the cues need, gathered in one pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.media.frames import Frame
from alive402.liveness.media.inner import InnerPicture
from alive402.liveness.media.motion_clock import MOTION_FRAMES
from alive402.liveness.report import Video

Measured = TypeVar("Measured")

THUMB_SIDE = 96
MOTION_SIDE = 640


@dataclass(frozen=True, slots=True)
class Clip:
    """A video reduced to the data that the cues need. Rectangles elsewhere are in px of the upright frame.

    Attributes:
        video: what was read.
        times: (n,) float64, seconds of every frame that was decoded.
        thumbs: (n, th, tw, 3) uint8 BGR, each of these frames with its longest side at 96 px.
        motion_times: (m,) float64, seconds of the motion frames, at most 8 a second.
        motion: (m, mh, mw) uint8 gray, longest side at most 640 px.
        motion_scale: px of the motion frame per px of the upright frame.
        inner: the picture inside the picture, px of the upright frame; None where the picture fills the frame.
        unseen: (u,) float64, seconds of the frames that were not decoded.
    """

    video: Video
    times: npt.NDArray[np.float64]
    thumbs: npt.NDArray[np.uint8]
    motion_times: npt.NDArray[np.float64]
    motion: npt.NDArray[np.uint8]
    motion_scale: float
    inner: InnerPicture | None = None
    unseen: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    _measured: dict[object, object] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, measure: Callable[[Clip], Measured]) -> Measured:
        """`measure(self)`, computed at the first call only: several cues and tests share some measurements."""
        if measure not in self._measured:
            self._measured[measure] = measure(self)
        return cast(Measured, self._measured[measure])


class ClipRecorder:
    """Gathers a Clip while the frames stream by.

    Args:
        max_frames: the most frames that will be added.
    """

    def __init__(self, max_frames: int) -> None:
        self._times: list[float] = []
        self._motion_times: list[float] = []
        self._thumbs = _Shelf(max_frames)
        self._motion = _Shelf(2 * MOTION_FRAMES)

    def add(self, frame: Frame) -> None:
        """Add the next frame."""
        self._times.append(frame.time)
        self._thumbs.put(frame.small(THUMB_SIDE))

    def add_motion(self, frame: Frame) -> None:
        """Add the frame as a motion frame too (`MotionClock` chooses them)."""
        self._motion_times.append(frame.time)
        self._motion.put(cv2.cvtColor(frame.small(MOTION_SIDE), cv2.COLOR_BGR2GRAY))

    def finish(
        self, video: Video, inner: InnerPicture | None = None, unseen: npt.NDArray[np.float64] | None = None
    ) -> Clip:
        """The Clip, once every frame was added; `unseen` are the seconds of those that were not decoded."""
        motion = self._motion.filled()
        return Clip(
            video=video,
            times=np.asarray(self._times),
            thumbs=self._thumbs.filled(),
            motion_times=np.asarray(self._motion_times),
            motion=motion,
            motion_scale=max(motion.shape[1:]) / max(video.width, video.height),
            inner=inner,
            unseen=np.zeros(0) if unseen is None else unseen,
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

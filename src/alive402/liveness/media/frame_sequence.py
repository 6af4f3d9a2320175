"""Frames from memory or a camera, read within the limits of a video and yielded as a file's frames are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Protocol, Self

import av
import numpy as np
import numpy.typing as npt

from alive402.liveness.errors import UndecodableVideo, VideoTooLarge
from alive402.liveness.media.container import Limits
from alive402.liveness.media.frames import WHOLE, Converters, Display, Frame
from alive402.liveness.report import Video

TimedFrames = Iterable[tuple[float, av.VideoFrame]]
"""Frames in time order, each with its seconds from any instant; read once."""


class FrameSource(Protocol):
    """What the analyzer reads frames from, once: `with source as frames: for frame in frames: ...`."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def expected_seconds(self) -> float | None:
        """Length in seconds before the frames are read, or None. Not to be trusted."""
        ...

    @property
    def frame_bytes(self) -> int:
        """Approximate bytes of a decoded frame."""
        ...

    @property
    def unseen(self) -> npt.NDArray[np.float64]:
        """(u,) float64: seconds of the frames that were not decoded; complete after iterating."""
        ...

    def video(self) -> Video:
        """Facts about the video, complete after iterating."""
        ...

    def __iter__(self) -> Iterator[Frame]: ...


class FrameSequence:
    """Frames that were decoded elsewhere; the first one sets the size of the clip.

    Raises:
        UndecodableVideo: no frame, frames under `limits.min_side`, or times that run back.
        VideoTooLarge: over `limits`.
    """

    def __init__(self, frames: TimedFrames, limits: Limits = Limits()) -> None:  # noqa: B008
        self._frames = iter(frames)
        self._limits = limits
        self._display = Display(WHOLE, limits.max_pixels)
        self._converters: Converters = {}
        self._digest = hashlib.sha256()
        self._size = (0, 0)
        self._count, self._seconds = 0, 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    @property
    def expected_seconds(self) -> float | None:
        """None: it is not known how many frames will come."""
        return None

    @property
    def frame_bytes(self) -> int:
        """Bytes of a frame of 720p; the real size is not known before the first one."""
        return 1280 * 720 * 3

    @property
    def unseen(self) -> npt.NDArray[np.float64]:
        """Empty: every frame is yielded."""
        return np.zeros(0)

    def video(self) -> Video:
        """Facts about the frames, complete after iterating; `sha256` is that of their pixels and times."""
        fps = (self._count - 1) / self._seconds if self._seconds > 0 and self._count > 1 else 0.0
        return Video(
            sha256=self._digest.hexdigest(),
            seconds=self._seconds + (1.0 / fps if fps else 0.0),
            fps=fps,
            width=self._size[0],
            height=self._size[1],
            codec="frames",
            rotation=0,
        )

    def __iter__(self) -> Iterator[Frame]:
        began: float | None = None
        for clock, source in self._read():
            began = clock if began is None else began
            time = clock - began
            if self._count and time <= self._seconds:
                raise UndecodableVideo(f"Frame {self._count} is not later than the one before it. Give rising times.")
            self._check(source, time)
            self._digest.update(repr(time).encode())
            self._digest.update(np.ascontiguousarray(source.to_ndarray(format="bgr24")).data)
            shown = self._display.shown(source, None)
            self._size, self._seconds = shown.canvas, time
            frame = Frame(source, self._count, time, shown, self._converters)
            self._count += 1
            yield frame
        if self._count == 0:
            raise UndecodableVideo("There is no frame. Give at least one second of them.")

    def _read(self) -> Iterator[tuple[float, av.VideoFrame]]:
        while True:
            try:
                timed = next(self._frames, None)
            except (ValueError, TypeError) as error:
                raise UndecodableVideo(f"Frame {self._count} cannot be read. {error}") from error
            if timed is None:
                return
            yield timed

    def _check(self, source: av.VideoFrame, time: float) -> None:
        width, height, limits = source.width, source.height, self._limits
        if width * height > limits.max_pixels:
            raise VideoTooLarge(f"A frame has {width} x {height} pixels.", width=width, height=height)
        if min(width, height) < limits.min_side:
            raise UndecodableVideo(f"A frame has {width} x {height} pixels; a side needs {limits.min_side}.")
        if time > limits.max_seconds or self._count >= limits.max_frames:
            raise VideoTooLarge(
                f"The frames last {time:.0f} s; at most {limits.max_seconds:.0f} s and {limits.max_frames} frames are "
                "accepted. Three to six seconds are enough."
            )

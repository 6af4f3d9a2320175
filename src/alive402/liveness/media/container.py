"""Opens an untrusted video within limits and yields the frames that a player shows, with their times."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from alive402.liveness.errors import UndecodableVideo, UnsupportedVideo, VideoTooLarge
from alive402.liveness.media import heif
from alive402.liveness.media.disposable import Disposables
from alive402.liveness.media.frames import WHOLE, Converters, Display, Frame
from alive402.liveness.media.hardware import accelerator
from alive402.liveness.media.image_headers import IMAGE_HEAD_BYTES
from alive402.liveness.media.streams import choose_video, measured_seconds, stated_seconds
from alive402.liveness.media.track_headers import track_headers
from alive402.liveness.media.truncation import is_truncated, truncated_video
from alive402.liveness.report import Video

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,avi,flv,asf,matroska,webm,mpegts,mpeg,rm,ogg"
"""Accepted demuxers: those that read one file and nothing else. A playlist (ffconcat, m3u8, dash) would open other
files."""

THREADS, THREADS_LARGE, LARGE_PIXELS = 3, 2, 1920 * 1088
"""Frames decoded in parallel, while others are converted; one less for frames over so many pixels, whose memory costs
more than the gain."""
PROGRESSIVE = 1
"""FFmpeg's `AV_FIELD_PROGRESSIVE`; 0 is unknown, larger numbers are interlaced."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on a video; all but `max_frames` are checked before the first frame is decoded."""

    max_bytes: int = 30_000_000
    max_pixels: int = 4096 * 2304
    max_seconds: float = 60.0
    max_frames: int = 3_600
    max_streams: int = 8
    min_side: int = 64


class VideoFile:
    """An open video, to be iterated once: `with VideoFile(path) as file: for frame in file: ...`.

    Frames that do not decode are skipped (`skipped` counts the packets), so a damaged file still yields what is
    whole in it.

    Args:
        path: the file.
        limits: limits on its size and length.
        every: decode every frame. Without it, frames to which no other frame refers are left out where at least 10 a
            second remain; `unseen` has their times, and `video()` counts them.
        hardware: kind of device that decodes (`hardware.kinds`), which works here (`check_hardware`); None for the
            processor.

    Raises:
        UnsupportedVideo: not one of `FORMATS`, no video stream, or several of which players show different ones.
        UndecodableVideo: no decoder, no frame, or the file ends before its index does.
        VideoTooLarge: over `limits`, before or while decoding.
    """

    def __init__(
        self, path: str | Path, limits: Limits = Limits(), every: bool = True, hardware: str | None = None
    ) -> None:
        self.path = Path(path)
        self._disposables: Disposables | None = None
        self._began = 0.0
        self.limits = limits
        self.skipped = 0
        self._seconds = 0.0
        self._count = 0
        self._codec = ""
        self._converters: Converters = {}
        status = self.path.stat()
        if not stat.S_ISREG(status.st_mode):  # Reading a pipe could block for ever, and a device never ends.
            raise UnsupportedVideo("This is not a file. Give a video file.")
        size = status.st_size
        if size > limits.max_bytes:
            raise VideoTooLarge(
                f"The video has {size / 1e6:.1f} MB; at most {limits.max_bytes / 1e6:.0f} MB are accepted.", bytes=size
            )
        self.sha256 = _sha256(self.path)
        self._container = self._open(hardware)
        try:
            self._stream = self._choose_stream()
            # A packet of interlaced video may hold one field, half of a picture.
            if not every and self._stream.codec_context.field_order <= PROGRESSIVE:
                header = bytes(self._stream.codec_context.extradata or b"")
                self._disposables = Disposables(self._codec, header)
            # The first frame gives size and rotation; it is kept, because decoding it again would cost a frame's time.
            self._frames = self._decoded()
            self._first = next(self._frames, None)
            self._look_at(self._first)
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> VideoFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    @property
    def expected_seconds(self) -> float | None:
        """Length of the picture in seconds from the header or the packets' times, or None. Not to be trusted."""
        return self._expected

    @property
    def frame_bytes(self) -> int:
        """Approximate bytes of a decoded frame."""
        width, height = self._stored_size
        return max(width * height * 3 // 2, 1)

    @property
    def unseen(self) -> npt.NDArray[np.float64]:
        """(u,) float64, rising: seconds of the frames that were left out; complete after iterating."""
        base = self._stream.time_base
        return np.sort(np.asarray([float(time * base) - self._began for time in self._unseen], np.float64))

    @property
    def _unseen(self) -> list[int]:
        return [] if self._disposables is None else self._disposables.unseen

    def video(self) -> Video:
        """Facts about the video, complete after iterating."""
        width, height = self._shown_size
        span, count = self._seconds, self._count + len(self._unseen)
        fps = (count - 1) / span if span > 0 and count > 1 else 0.0
        return Video(
            sha256=self.sha256,
            seconds=span + (1.0 / fps if fps else 0.0),
            fps=fps,
            width=width,
            height=height,
            codec=self._codec,
            rotation=self.rotation,
        )

    def __iter__(self) -> Iterator[Frame]:
        first: float | None = None
        last = -1.0
        for source in () if self._first is None else chain((self._first,), self._frames):
            clock = float(source.time) if source.time is not None else None
            if first is None:
                first = self._began = clock if clock is not None else 0.0
            time = clock - first if clock is not None else max(last, -self._frame_seconds()) + self._frame_seconds()
            if time <= last:  # two frames at one instant, or a clock that runs back: keep order, move on a little
                time = last + 1e-3 if last >= 0 else 0.0
            if time > self.limits.max_seconds:
                raise self._too_long(time)
            if self._count + len(self._unseen) >= self.limits.max_frames:
                raise VideoTooLarge(
                    f"The video has more than {self.limits.max_frames} frames; send a shorter one or fewer per second.",
                    max_frames=self.limits.max_frames,
                )
            self._check_pixels(source.width, source.height)
            last = self._seconds = time
            shown = self._display.shown(source, self._aspect())
            frame = Frame(source, self._count, time, shown, self._converters)
            self._count += 1
            yield frame
        if self._count == 0:
            raise truncated_video() if is_truncated(self.path) else UndecodableVideo()

    def _decoded(self) -> Iterator[av.VideoFrame]:
        """Decode packet by packet, so that a bad packet costs its own frames only."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.FFmpegError, IndexError):
                # Damage, or a packet of a stream that the header did not name: PyAV cannot represent it and its
                # iterator ends, but the file continues.
                self.skipped += 1
                if self.skipped > self.limits.max_frames:
                    return
                packets = self._container.demux(self._stream)
                continue
            for chosen in (packet,) if self._disposables is None else self._disposables.choose(packet):
                try:
                    yield from chosen.decode()
                except av.FFmpegError:
                    self.skipped += 1

    def _open(self, hardware: str | None = None) -> Any:
        # FFmpeg reads a HEIF picture as an MP4 of one frame.
        with self.path.open("rb") as file:
            if heif.is_still(file.read(IMAGE_HEAD_BYTES)):
                raise UnsupportedVideo(heif.NOT_A_VIDEO)
        try:
            return av.open(
                str(self.path),
                options={"format_whitelist": FORMATS, "protocol_whitelist": "file"},
                metadata_errors="ignore",
                hwaccel=accelerator(hardware),
            )
        except (av.FFmpegError, ValueError) as error:
            if hardware is not None:  # The device may be busy or gone; the file need not be at fault.
                return self._open()
            raise (truncated_video() if is_truncated(self.path) else UnsupportedVideo()) from error

    def _choose_stream(self) -> Any:
        streams = self._container.streams
        if len(streams) > self.limits.max_streams:
            raise VideoTooLarge(
                f"The file has {len(streams)} streams; at most {self.limits.max_streams} are accepted.",
                streams=len(streams),
            )
        if not streams.video and is_truncated(self.path):
            raise truncated_video()
        headers = track_headers(self.path, self._container.format.name)
        stream, header = choose_video(self._container, headers)
        context = stream.codec_context
        if context is None:
            if is_truncated(self.path):
                raise truncated_video()
            raise UndecodableVideo("The video's codec is not known here. Re-encode it, for instance as H.264 MP4.")
        self._codec = context.name
        width, height = int(context.width or 0), int(context.height or 0)
        if width and height:
            self._check_pixels(width, height)
            self._check_sides(width, height)
        self._stored_size = self._shown_size = (width, height)
        self.rotation = 0
        self._display = Display(header.crop if header else WHOLE, self.limits.max_pixels)
        self._stated_aspect, self._coded_aspect = stream.sample_aspect_ratio, context.sample_aspect_ratio
        self._expected = self._length(stream)
        if self._expected is not None and self._expected > self.limits.max_seconds:
            raise self._too_long(self._expected)
        context.options = {**context.options, "max_pixels": str(self.limits.max_pixels)}
        context.thread_type = "AUTO"
        context.thread_count = THREADS if width * height <= LARGE_PIXELS else THREADS_LARGE
        return stream

    def _look_at(self, first: av.VideoFrame | None) -> None:
        """Read size and turn from the first decodable frame; the header's do not count."""
        if first is None:
            return
        self._stored_size = (first.width, first.height)
        self._check_pixels(first.width, first.height)
        shown = self._display.shown(first, self._aspect())
        self.rotation, self._shown_size = shown.orientation.degrees, shown.canvas
        self._check_sides(*self._shown_size)

    def _aspect(self) -> Fraction | None:
        """Width over height of a pixel of the last decoded frame: the container's value, else the codec's."""
        stated: Fraction | None = self._stated_aspect
        coded: Fraction | None = self._stream.codec_context.sample_aspect_ratio
        # A container that repeats the codec's first value does not follow later changes.
        return coded if coded and (not stated or stated == self._coded_aspect) else stated

    def _length(self, stream: Any) -> float | None:
        """Duration of the picture in seconds, before decoding; sound may be longer."""
        stated = stated_seconds(self._container, stream)
        if stated is not None:
            return stated
        with self._open() as beside:
            return measured_seconds(beside, stream.index, self.limits.max_seconds)

    def _frame_seconds(self) -> float:
        rate = self._stream.average_rate
        return 1.0 / float(rate) if rate else 1 / 25

    def _check_pixels(self, width: int, height: int) -> None:
        if width * height > self.limits.max_pixels:
            raise VideoTooLarge(
                f"The video has {width} x {height} pixels; at most {self.limits.max_pixels / 1e6:.1f} million "
                "are accepted.",
                width=width,
                height=height,
            )

    def _check_sides(self, width: int, height: int) -> None:
        if min(width, height) < self.limits.min_side:
            raise UndecodableVideo(
                f"The video has {width} x {height} pixels; at least {self.limits.min_side} a side are needed.",
                width=width,
                height=height,
            )

    def _too_long(self, seconds: float) -> VideoTooLarge:
        return VideoTooLarge(
            f"The video lasts {seconds:.0f} s; at most {self.limits.max_seconds:.0f} s are accepted. "
            "Three to six are enough.",
            seconds=round(seconds, 1),
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

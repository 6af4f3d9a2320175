"""Draws a report on what was judged: a video with the face, the confidence and a timeline, or one picture."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from alive402.liveness.image import ImageReport
from alive402.liveness.media import FrameSource, VideoFile, images
from alive402.liveness.report import ATTACK_WORDS, Rect, Report, Verdict

Pixels = npt.NDArray[np.uint8]

Colour = tuple[int, int, int]
"""Blue, green, red."""
COLOURS: dict[Verdict, Colour] = {"live": (80, 176, 0), "spoof": (70, 70, 240), "inconclusive": (0, 170, 230)}
LEAST_SIDE, STRIP = 640, 64
"""Px that a drawn picture has on its longer side at least, and the height of the strip below it."""
CLOCK = 90_000
"""Ticks a second of the drawn video."""
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
VIDEOS = (".mp4", ".mov", ".mkv")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Annotator:
    """Draws reports on the source that they were judged from.

    Args:
        source: a path, or the bytes of the file.
        frames: instead, makes the frames again.
    """

    source: str | Path | bytes | None = None
    frames: Callable[[], FrameSource] | None = None

    def __call__(self, report: Report | ImageReport, out: Path) -> Path:
        """Draw the report into a new file; its name says whether it is a video or a picture.

        Raises:
            ValueError: the name is of neither kind, or a picture is to be drawn as a video.
            OSError: the source is gone, or the file cannot be written.
        """
        kind = out.suffix.lower()
        if kind not in PICTURES and (kind not in VIDEOS or isinstance(report, ImageReport)):
            known = PICTURES if isinstance(report, ImageReport) else VIDEOS + PICTURES
            raise ValueError(f"{out.name} names no form that can be drawn here. End it in one of {', '.join(known)}.")
        if isinstance(report, ImageReport):
            with self._file() as path:
                pixels = images.read(path).pixels
            return _write_picture(_drawn(pixels, report, [(face.rect, None) for face in report.faces], None), out)
        with self._opened() as frames:
            if kind in PICTURES:
                return _write_picture(_telling(frames, report), out)
            return _write_video(frames, report, out)

    @contextmanager
    def _opened(self) -> Iterator[FrameSource]:
        if self.frames is not None:
            with self.frames() as frames:
                yield frames
        else:
            with self._file() as path, VideoFile(path) as file:
                yield file

    @contextmanager
    def _file(self) -> Iterator[Path]:
        if not isinstance(self.source, bytes):
            assert self.source is not None
            yield Path(self.source)
            return
        with tempfile.TemporaryDirectory(prefix="alive402-") as folder:
            path = Path(folder, "media")
            path.write_bytes(self.source)
            yield path


def _telling(frames: FrameSource, report: Report) -> Pixels:
    """The judged frame that shows the verdict best: the liveliest one of a live clip, else the least lively one."""
    best = (max if report.verdict == "live" else min)(report.frames, key=lambda one: one.live_confidence)
    nearest: Pixels | None = None
    for frame in frames:
        nearest = frame.bgr()
        if frame.time >= best.time - 1e-6:
            break
    assert nearest is not None
    return _drawn(nearest, report, [(best.rect, best.live_confidence)], best.time)


def _write_picture(pixels: Pixels, out: Path) -> Path:
    done, data = cv2.imencode(out.suffix.lower(), pixels)
    if not done:
        raise ValueError(f"{out.name} cannot be written by this build of OpenCV.")
    out.write_bytes(data.tobytes())
    return out


def _write_video(frames: FrameSource, report: Report, out: Path) -> Path:
    with av.open(str(out), "w") as file:
        stream: Any = file.add_stream(
            "libx264", rate=max(1, round(report.video.fps)), options={"crf": "20", "preset": "veryfast"}
        )
        stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, CLOCK)
        stream.codec_context.time_base = Fraction(1, CLOCK)
        for frame in frames:
            rect, confidence = _at(report, frame.time)
            pixels = _drawn(frame.bgr(), report, [(rect, confidence)], frame.time)
            if not stream.width or frame.index == 0:
                stream.height, stream.width = pixels.shape[:2]
            picture = av.VideoFrame.from_ndarray(pixels, format="bgr24")
            picture.pts, picture.time_base = round(frame.time * CLOCK), Fraction(1, CLOCK)
            file.mux(stream.encode(picture))
        file.mux(stream.encode(None))
    return out


def _at(report: Report, time: float) -> tuple[Rect, float]:
    """The judged face and its live confidence at a time, between the two looks around it."""
    times = [look.time for look in report.frames]
    rects = np.array([look.rect for look in report.frames], np.float64)
    x1, y1, x2, y2 = (round(float(np.interp(time, times, side))) for side in rects.T)
    return (x1, y1, x2, y2), float(np.interp(time, times, [look.live_confidence for look in report.frames]))


def _drawn(
    picture: Pixels, report: Report | ImageReport, faces: list[tuple[Rect, float | None]], time: float | None
) -> Pixels:
    """The picture with its faces in boxes, and below it the verdict, and of a video the confidence over time."""
    scale = max(1.0, LEAST_SIDE / max(picture.shape[:2]))
    height, width = (round(side * scale / 2) * 2 for side in picture.shape[:2])
    canvas = np.full((height + STRIP, width, 3), 24, np.uint8)
    canvas[:height] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
    colour = COLOURS[report.verdict]
    for rect, confidence in faces:
        x1, y1, x2, y2 = (round(side * scale) for side in rect)
        cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, 2)
        if confidence is not None:
            _text(canvas, f"{confidence:.2f}", (x1 + 4, max(y1 - 6, 14)), colour)
    words = f"{report.verdict.upper()}  {report.live_confidence:.2f}  threshold {report.threshold:.2f}"
    if report.attack_type is not None:
        words += f"  {ATTACK_WORDS[report.attack_type]}"
    if isinstance(report, Report) and report.freshness is not None:
        words += f"  challenge {report.freshness.status.replace('_', ' ')}"
    _text(canvas, words, (10, height + 22), colour)
    if isinstance(report, Report) and time is not None:
        _timeline(canvas, report, time, height)
        _text(canvas, _step_words(report, time), (10, 22), (255, 255, 255))
    return canvas


def _step_words(report: Report, time: float) -> str:
    """The step of the challenge that is due at a time, and whether it was done; empty where none is."""
    if report.freshness is None:
        return ""
    due = time - report.freshness.delay
    for number, step in enumerate(report.freshness.steps, 1):
        if step.at <= due <= step.at + step.seconds:
            return f"{number}. {step.kind.replace('_', ' ')}: {step.status}"
    return ""


def _timeline(canvas: Pixels, report: Report, time: float, top: int) -> None:
    """Draw the confidence of the judged frames over time into the lower half of the strip, with the present time."""
    left, right, low, high = 10, canvas.shape[1] - 10, top + STRIP - 6, top + STRIP // 2 + 2
    span = max(report.video.seconds, 1e-6)

    def point(when: float, confidence: float) -> tuple[int, int]:
        return round(left + (right - left) * min(when / span, 1.0)), round(low - (low - high) * confidence)

    cv2.line(canvas, point(0, report.threshold), point(span, report.threshold), (110, 110, 110), 1)
    line = np.array([point(look.time, look.live_confidence) for look in report.frames], np.int32)
    cv2.polylines(canvas, [line], False, COLOURS[report.verdict], 2, cv2.LINE_AA)
    cv2.line(canvas, point(time, 0), point(time, 1), (230, 230, 230), 1)


def _text(canvas: Pixels, words: str, place: tuple[int, int], colour: Colour) -> None:
    cv2.putText(canvas, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(canvas, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)

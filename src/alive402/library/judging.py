"""Judges one source or many: `analyze`, `analyze_image`, `analyze_many`, and their asynchronous forms."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from alive402.errors import CodedError
from alive402.library.sources import Order, Source, content_of, encoded, frames_of, is_array, is_url, opened
from alive402.liveness import (
    Analyzer,
    Annotator,
    Challenge,
    FrameSequence,
    ImageReport,
    Progress,
    Report,
    is_image,
    shared_analyzer,
)

Times = Sequence[float] | npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer for one of many sources: its report, or the error.

    Attributes:
        source: as it was given.
        report: the judged answer; None when there is none.
        error: why it could not be judged; None when it was. `error.code` is stable, `str(error)` is a sentence.
    """

    source: Any
    report: Report | ImageReport | None = None
    error: CodedError | OSError | None = None


def analyze(
    source: Source | Sequence[npt.NDArray[np.uint8]],
    progress: Progress | None = None,
    *,
    threshold: float | str | None = None,
    times: Times | None = None,
    fps: float | None = None,
    order: Order | None = None,
    challenge: Challenge | None = None,
    allow_private_hosts: bool = False,
    analyzer: Analyzer | None = None,
) -> Report:
    """Was the face in this video filmed from life?

    Args:
        source: a path, an http(s) URL, the bytes of a file, a file object opened in binary, or frames: a uint8 array
            of shape (frames, height, width, 3), or a list of pictures. A file is MP4, MOV, AVI, WebM, MKV, FLV, 3GP,
            MPEG, WMV or RM, of at most 30 MB and 60 s.
        progress: called with a stage and the share done, 0..1.
        threshold: live confidence from which the verdict is `live`, or the name of an operating point.
        times: of frames only: the seconds of each.
        fps: of frames only: their number a second, instead of `times`.
        order: of frames only: `"rgb"` or `"bgr"`.
        challenge: movements that the video has to show for a verdict of `live`; the report then has `freshness`.
        allow_private_hosts: also fetch URLs from your own network.
        analyzer: the engine, by default one that the process shares. An engine judges one source at a time.

    Returns:
        The judged answer; `report.to_dict()` is JSON-ready, `report.annotate("out.mp4")` draws it.

    Raises:
        UnusableVideo: the video cannot be judged; `error.code` says why.
        IntakeError: the URL cannot be fetched.
        ModelsMissing: the models could not be installed.
        OSError: the file cannot be opened.
        TypeError, ValueError: a wrong argument.
    """
    engine = analyzer or shared_analyzer()
    if is_array(source):
        report = engine.analyze_frames(frames_of(source, times, fps, order), progress, threshold, challenge).report
        return replace(report, annotator=Annotator(frames=partial(_again, source, times, fps, order)))
    _only_of_frames(times=times, fps=fps, order=order)
    kept = _kept(source)
    with opened(kept, private=allow_private_hosts) as path:
        report = engine.analyze(path, progress, threshold, challenge).report
        return replace(report, annotator=_annotator(kept, path))


def analyze_image(
    source: Source,
    *,
    threshold: float | str | None = None,
    order: Order | None = None,
    allow_private_hosts: bool = False,
    analyzer: Analyzer | None = None,
) -> ImageReport:
    """Was the face in this picture taken from life? A video shows far more.

    Args:
        source: a path, an http(s) URL, the bytes of a file, a file object opened in binary, or a uint8 array of shape
            (height, width, 3). A file is JPEG, PNG, WebP, BMP, HEIC or AVIF, of at most 10 MB and 25 million pixels.
        threshold: live confidence from which the verdict is `live`, or the name of an operating point.
        order: of an array only: `"rgb"` or `"bgr"`.
        allow_private_hosts: also fetch URLs from your own network.
        analyzer: the engine, by default one that the process shares.

    Returns:
        The judged answer; `report.to_dict()` is JSON-ready, `report.annotate("out.jpg")` draws it.

    Raises:
        UnusableVideo: the picture cannot be judged; `error.code` says why.
        IntakeError: the URL cannot be fetched.
        ModelsMissing: the models could not be installed.
        OSError: the file cannot be opened.
        TypeError, ValueError: a wrong argument.
    """
    if not is_array(source):
        _only_of_frames(order=order)
    kept = encoded(source, order) if is_array(source) else _kept(source)
    with opened(kept, private=allow_private_hosts) as path:
        report = (analyzer or shared_analyzer()).analyze_image(path, threshold).report
        return replace(report, annotator=_annotator(kept, path))


def analyze_many(
    sources: Iterable[Source],
    *,
    threshold: float | str | None = None,
    allow_private_hosts: bool = False,
    analyzer: Analyzer | None = None,
) -> Iterator[Outcome]:
    """Judge many videos and pictures, one after another, as they are asked for; an error stops nothing.

    `alive402 batch` uses all cores, resumes after a stop, and confines each file in a process of its own.

    Args:
        sources: paths, URLs, bytes or file objects, of videos and of pictures; read one at a time.
        threshold: live confidence from which a verdict is `live`, or the name of an operating point.
        allow_private_hosts: also fetch URLs from your own network.
        analyzer: the engine, by default one that the process shares.

    Raises:
        ModelsMissing: the models could not be installed.
        TypeError, ValueError: a wrong argument, or a source that is none.
    """
    engine = analyzer or shared_analyzer()
    for source in sources:
        yield _outcome(source, threshold, allow_private_hosts, engine)


async def analyze_async(source: Source | Sequence[npt.NDArray[np.uint8]], **options: Any) -> Report:
    """Judge a video in a thread, so that the event loop goes on; otherwise like `analyze`."""
    return await asyncio.to_thread(analyze, source, **options)


async def analyze_image_async(source: Source, **options: Any) -> ImageReport:
    """Judge a picture in a thread, so that the event loop goes on; otherwise like `analyze_image`."""
    return await asyncio.to_thread(analyze_image, source, **options)


async def analyze_many_async(
    sources: Iterable[Source],
    *,
    threshold: float | str | None = None,
    allow_private_hosts: bool = False,
    analyzer: Analyzer | None = None,
) -> AsyncIterator[Outcome]:
    """Judge many in a thread, so that the event loop goes on; otherwise like `analyze_many`."""
    engine = analyzer if analyzer is not None else await asyncio.to_thread(shared_analyzer)
    for source in sources:
        yield await asyncio.to_thread(_outcome, source, threshold, allow_private_hosts, engine)


def _outcome(source: Any, threshold: float | str | None, private: bool, engine: Analyzer) -> Outcome:
    kept = _kept(source)
    try:
        with opened(kept, private=private) as path:
            drawn = _annotator(kept, path)
            if is_image(path):
                return Outcome(source, replace(engine.analyze_image(path, threshold).report, annotator=drawn))
            return Outcome(source, replace(engine.analyze(path, None, threshold).report, annotator=drawn))
    except (CodedError, OSError) as error:
        return Outcome(source, error=error)


def _kept(source: Any) -> Any:
    """The source, a file object read once, because it is needed again to draw the answer."""
    if is_array(source) or isinstance(source, str) or hasattr(source, "__fspath__"):
        return source
    return content_of(source)


def _annotator(kept: Any, path: Path) -> Annotator:
    """Draws on the source; the bytes of a fetched file are kept for that."""
    return Annotator(path.read_bytes() if is_url(kept) else kept)


def _again(source: Any, times: Times | None, fps: float | None, order: Order | None) -> FrameSequence:
    return FrameSequence(frames_of(source, times, fps, order))


def _only_of_frames(**given: Any) -> None:
    for name, value in given.items():
        if value is not None:
            raise TypeError(f"{name}= is for arrays of frames; a file says it itself.")

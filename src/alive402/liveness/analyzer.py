"""Runs the whole analysis pipeline: reads a file and returns a report."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from time import perf_counter

from alive402.liveness import cues
from alive402.liveness.challenge import Challenge, capped, judge
from alive402.liveness.decision import continuity, cuts, fusion, quality, segments
from alive402.liveness.errors import AnalysisError, AnalysisFailed
from alive402.liveness.faces import FaceFinder, FaceTrack, Sample
from alive402.liveness.image import ImageAnalysis, ImageJudge, ImageReport
from alive402.liveness.looking import LOOKING_SHARE, Opened, Progress, look, with_every_frame
from alive402.liveness.media import (
    Clip,
    FrameSequence,
    ImageLimits,
    Limits,
    TimedFrames,
    VideoFile,
    check_hardware,
)
from alive402.liveness.networks import EXPERTS, AppearanceNetwork, Looks, joined, model_files, one_thread_each
from alive402.liveness.report import Engine, Face, FrameScore, Quality, Rect, Report
from alive402.version import VERSION


@dataclass(frozen=True, slots=True)
class Analysis:
    """A report with the data that stays in this process.

    Attributes:
        report: the answer.
        samples: the looks at the judged face with their pictures; in a cut clip, at the judged face of each scene.
        looks: the network's output for each sample, before calibration.
        expert: the optional expert's output for each sample.
    """

    report: Report
    samples: tuple[Sample, ...]
    looks: Looks
    expert: Looks | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """The looks at a face and the networks' output for them."""

    samples: tuple[Sample, ...]
    looks: Looks
    expert: Looks | None

    @classmethod
    def of(cls, parts: list[_Seen]) -> _Seen:
        """Joins the looks of all parts, in order."""
        experts = [one.expert for one in parts if one.expert is not None]
        return cls(
            tuple(sample for one in parts for sample in one.samples),
            joined([one.looks for one in parts]),
            joined(experts) if experts else None,
        )


class Analyzer:
    """The engine with its models loaded; one analysis at a time.

    Args:
        threads: for each network. One is enough: decoding and the cues keep the other cores busy.
        limits: limits on the size and length of a video.
        image_limits: limits on the size of a picture.
        expert: name of an optional expert that was added (`model_files.experts()`), to look at the same samples.
        hardware: kind of graphics card that decodes videos, such as `cuda` (`media/hardware.py`); None for the
            processor.

    Raises:
        ModelsMissing: a model file could not be installed, or the expert was not added.
        KeyError: there is no expert of that name.
        ValueError: there is no such hardware, or it does not decode on this machine.
    """

    def __init__(
        self,
        threads: int = 1,
        limits: Limits = Limits(),  # noqa: B008
        expert: str | None = None,
        image_limits: ImageLimits = ImageLimits(),  # noqa: B008
        hardware: str | None = None,
    ) -> None:
        if hardware is not None:
            check_hardware(hardware)
        self._hardware = hardware
        model_files.ensure()
        self._limits = limits
        self._finder = FaceFinder(threads)
        self._network = AppearanceNetwork(threads)
        self._expert = EXPERTS[expert](threads) if expert else None
        self._images = ImageJudge(self._finder, self._network, image_limits)
        self._lock = threading.Lock()

    def analyze(
        self,
        path: str | Path,
        progress: Progress | None = None,
        threshold: float | str | None = None,
        challenge: Challenge | None = None,
    ) -> Analysis:
        """Judge one video file.

        Args:
            path: the file.
            progress: progress callback.
            threshold: live confidence at which the verdict is `live`, or the name of an operating point.
            challenge: what the clip has to answer for a verdict of `live`; the report then has `freshness`.

        Raises:
            UnusableVideo: the video cannot be judged; its subclass and `code` say why.
            AnalysisFailed: our fault.
            OSError: the file cannot be opened.
            ValueError: the threshold is not between 0 and 1.
        """
        place = Path(path)
        return self._run(
            lambda every: VideoFile(place, self._limits, every, self._hardware), progress, threshold, challenge
        )

    def analyze_frames(
        self,
        frames: TimedFrames,
        progress: Progress | None = None,
        threshold: float | str | None = None,
        challenge: Challenge | None = None,
    ) -> Analysis:
        """Judge frames from memory or a camera; the other arguments and the errors are those of `analyze`."""
        return self._run(lambda every: FrameSequence(frames, self._limits), progress, threshold, challenge)

    def analyze_image(self, path: str | Path, threshold: float | str | None = None) -> ImageAnalysis:
        """Judge one picture file from a single look, without the cues that need several frames.

        Raises:
            UnusableVideo: the picture cannot be judged; its subclass and `code` say why.
            AnalysisFailed: our fault.
            OSError: the file cannot be opened.
            ValueError: the threshold is not between 0 and 1.
        """
        place, rule = Path(path), self._images.calibration.at(threshold)
        with self._lock:
            try:
                return self._images.judge(place, rule)
            except (AnalysisError, OSError):
                raise
            except Exception as error:
                raise AnalysisFailed() from error

    def _run(
        self, opened: Opened, progress: Progress | None, threshold: float | str | None, challenge: Challenge | None
    ) -> Analysis:
        rule = fusion.packaged().at(threshold)
        with self._lock:
            try:
                with one_thread_each():
                    return self._analyze(opened, progress or (lambda stage, share: None), rule, challenge)
            except (AnalysisError, OSError):
                raise
            except Exception as error:
                raise AnalysisFailed() from error

    def _analyze(
        self, opened: Opened, progress: Progress, rule: fusion.Calibration, challenge: Challenge | None
    ) -> Analysis:
        began = perf_counter()
        clip, tracks = look(opened, self._finder, self._limits, progress, every=challenge is not None)
        answering, tracks = tracks[:1], [track.with_fewer_meshes() if challenge else track for track in tracks]
        looked = perf_counter()
        checked = quality.assess(clip, tracks)
        track = tracks[0]
        progress("judging", LOOKING_SHARE)
        with ThreadPoolExecutor(1) as beside:
            scoring = beside.submit(self._score, track.samples)
            evidence = cues.measure(clip, track)
            if len(clip.unseen) and (cues.doubtful(clip, evidence) or cuts.suspected(clip)):
                clip = with_every_frame(opened, self._limits, clip)
                evidence |= cues.measure(clip, track, cues.OF_EVERY_FRAME)
            cued = perf_counter()
            division = segments.divide(clip, tracks)
            looks, expert, scored = scoring.result()
        seen = _Seen(track.samples, looks, expert)
        decision = fusion.fuse(looks, evidence, rule, expert)
        if division.cut_times or division.others:
            seen, decision = self._judge_stretches(division, seen, decision, rule)
        freshness = judge(challenge, clip, answering[0], division.cut_times) if challenge else None
        decision = capped(decision, freshness, rule.threshold) if freshness else decision
        done = perf_counter()
        progress("done", 1.0)
        timing = {"look": looked - began, "appearance": scored - looked, "cues": cued - looked, "total": done - began}
        report = self._report(clip, tracks, seen.samples, checked, decision, rule.threshold, timing)
        return Analysis(replace(report, freshness=freshness), seen.samples, seen.looks, seen.expert)

    def _judge_stretches(
        self, division: segments.Division, seen: _Seen, whole: fusion.Decision, rule: fusion.Calibration
    ) -> tuple[_Seen, fusion.Decision]:
        """Decide about a clip of several stretches; also returns the looks that the report shows."""
        judged: dict[bool, list[tuple[_Seen, continuity.Judged]]] = {True: [], False: []}
        for cut, stretches in ((True, division.scenes), (False, division.others)):
            for stretch in stretches:
                if stretch.track is not None and stretch.samples:
                    looks, expert, _ = self._score(stretch.samples)
                    decision = fusion.fuse(looks, cues.measure(stretch.clip, stretch.track), rule, expert)
                    judged[cut].append((_Seen(stretch.samples, looks, expert), continuity.Judged(stretch, decision)))
        scenes, others = ([one for _, one in judged[cut]] for cut in (True, False))
        decision = continuity.decide(division, scenes, others, whole, rule)
        if not scenes:  # the report shows the followed face; stretches of other faces only affect the decision
            return seen, replace(decision, frames=whole.frames)
        frames = tuple(frame for one in scenes for frame in one.decision.frames)
        return _Seen.of([one for one, _ in judged[True]]), replace(decision, frames=frames)

    def _score(self, samples: tuple[Sample, ...]) -> tuple[Looks, Looks | None, float]:
        """Run the network and the optional expert on the samples; also returns the time when they finished."""
        looks = self._network.look(samples)
        return looks, self._expert.look(samples) if self._expert else None, perf_counter()

    def _report(
        self,
        clip: Clip,
        tracks: list[FaceTrack],
        samples: tuple[Sample, ...],
        checked: Quality,
        decision: fusion.Decision,
        threshold: float,
        timing: dict[str, float],
    ) -> Report:
        size = clip.video.width, clip.video.height
        return Report(
            verdict=decision.verdict,
            live_confidence=decision.live_confidence,
            threshold=threshold,
            attack_type=decision.attack_type,
            reasons=decision.reasons,
            faces=tuple(_face(track, size) for track in tracks),
            frames=tuple(
                FrameScore(sample.time, _rect(sample.box.tolist(), size), sample.score, confidence)
                for sample, confidence in zip(samples, decision.frames, strict=True)
            ),
            cues=decision.cues,
            quality=checked,
            video=clip.video,
            engine=Engine(VERSION, self._network.sha256),
            timing=timing,
        )


@cache
def shared_analyzer() -> Analyzer:
    """Return the process-wide Analyzer, made on first use."""
    return Analyzer()


def analyze(path: str | Path, progress: Progress | None = None, threshold: float | str | None = None) -> Report:
    """Was the face in this video filmed from life?

    Args:
        path: a video file (MP4, MOV, AVI, WebM, MKV, FLV, 3GP, MPEG, WMV or RM), at most 30 MB and 60 s.
        progress: called with a stage and the share done, 0..1.
        threshold: live confidence at which the verdict is `live`, or the name of an operating point.

    Returns:
        The judged answer; `report.to_dict()` is JSON-ready.

    Raises:
        UnusableVideo: the video cannot be judged; `error.code` says why.
        ModelsMissing: the models could not be installed.
        OSError: the file cannot be opened.
    """
    return shared_analyzer().analyze(path, progress, threshold).report


def analyze_image(path: str | Path, threshold: float | str | None = None) -> ImageReport:
    """Was the face in this picture taken from life? A video shows far more.

    Args:
        path: a picture file (JPEG, PNG, WebP, BMP, HEIC or AVIF), at most 10 MB and 25 million pixels.
        threshold: live confidence at which the verdict is `live`, or the name of an operating point.

    Returns:
        The judged answer; `report.to_dict()` is JSON-ready.

    Raises:
        UnusableVideo: the picture cannot be judged; `error.code` says why.
        ModelsMissing: the models could not be installed.
        OSError: the file cannot be opened.
    """
    return shared_analyzer().analyze_image(path, threshold).report


def _face(track: FaceTrack, size: tuple[int, int]) -> Face:
    """The report's entry of a followed face, at the frame where it was largest."""
    sides = track.boxes[:, 2:] - track.boxes[:, :2]
    largest = int(sides.prod(axis=1).argmax())
    return Face(_rect(track.boxes[largest].tolist(), size), float(track.scores.mean()), len(track.indices))


def _rect(box: list[float], size: tuple[int, int]) -> Rect:
    """Round a box to whole px and clip it to the frame."""
    width, height = size
    x1, x2 = (min(max(round(x), 0), width) for x in box[0::2])
    y1, y2 = (min(max(round(y), 0), height) for y in box[1::2])
    return x1, y1, x2, y2

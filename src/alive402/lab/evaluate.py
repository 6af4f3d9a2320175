"""Evaluates a data set: judges each presentation once and writes its score to disk before the next one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from alive402.lab.datasets import Presentation
from alive402.lab.scores import Score, ScoreFile
from alive402.liveness import (
    AnalysisError,
    Analyzer,
    Challenge,
    ImageReport,
    ModelsMissing,
    Report,
    UnsupportedVideo,
    engine_identity,
    is_image,
)

UNREADABLE = "file_unreadable"
THREADS = 2

Progress = Callable[[int, int, Presentation], None]
"""Progress callback before each presentation: presentations done, presentations in all, and the next one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The engine's answer for one file, or the `code` of its error."""

    score: float
    verdict: str = ""
    guess: str = ""
    code: str = ""
    freshness: str = ""


class Engine:
    """The engine, loaded on first use: the whole pipeline for videos, the network alone for single pictures."""

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = threads
        self._analyzer: Analyzer | None = None

    def judge(self, path: Path, challenge: Challenge | None = None) -> Answer:
        """Judge a file, and whether it answers `challenge`.

        A file that cannot be judged gives an answer with its error code, not an exception.

        Raises:
            ModelsMissing: the models are not installed.
        """
        try:
            return self._picture(path, challenge) if is_image(path) else self._video(path, challenge)
        except ModelsMissing:
            raise
        except AnalysisError as error:
            return Answer(math.nan, code=error.code)
        except OSError:
            return Answer(math.nan, code=UNREADABLE)

    def _video(self, path: Path, challenge: Challenge | None) -> Answer:
        report = self._loaded.analyze(path, challenge=challenge).report
        answer = _answer(report)
        if report.freshness is None:
            return answer
        # A score at the threshold counts as bona fide, and such a video is not live without an answer.
        most = 1.0 if report.freshness.status == "answered" else math.nextafter(report.threshold, 0.0)
        return replace(answer, score=min(answer.score, most), freshness=report.freshness.status)

    def _picture(self, path: Path, challenge: Challenge | None) -> Answer:
        if challenge is not None:
            raise UnsupportedVideo("A picture cannot answer a challenge. Give a video.")
        return _answer(self._loaded.analyze_image(path).report)

    @property
    def _loaded(self) -> Analyzer:
        self._analyzer = self._analyzer or Analyzer(self._threads)
        return self._analyzer


def _answer(report: Report | ImageReport) -> Answer:
    return Answer(report.live_confidence, report.verdict, report.attack_type or "")


def score_presentations(
    presentations: Sequence[Presentation], path: Path, progress: Progress | None = None
) -> list[Score]:
    """Judge every presentation that is not in the score file yet; returns the scores of all, in order.

    A presentation is judged again if its score is of another challenge.

    Args:
        presentations: what to judge.
        path: the score file; it may hold scores of a stopped run.
        progress: progress callback.

    Raises:
        DatasetError: another engine wrote the score file.
        ModelsMissing: the models could not be installed.
    """
    engine, judge = engine_identity(), Engine()
    with ScoreFile(path, engine) as file:
        for done, presentation in enumerate(presentations):
            if progress is not None:
                progress(done, len(presentations), presentation)
            earlier = file.done.get(presentation.name)
            if earlier is None or earlier.challenge != _challenge_id(presentation):
                file.add(_score(presentation, judge, engine))
        return [file.done[presentation.name] for presentation in presentations]


def _score(presentation: Presentation, judge: Engine, engine: str) -> Score:
    began = perf_counter()
    answer = judge.judge(presentation.path, presentation.challenge)
    return Score(
        subject=presentation.subject,
        name=presentation.name,
        bona_fide=presentation.bona_fide,
        attack_type=presentation.attack_type,
        source=presentation.source,
        group=presentation.group,
        verdict=answer.verdict,
        guess=answer.guess,
        code=answer.code,
        seconds=perf_counter() - began,
        engine=engine,
        score=answer.score,
        challenge=_challenge_id(presentation),
        freshness=answer.freshness,
    )


def _challenge_id(presentation: Presentation) -> str:
    return presentation.challenge.challenge_id.strip() if presentation.challenge else ""

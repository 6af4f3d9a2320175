"""The engine over a data set: each presentation judged once, its score on disk before the next one begins."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from alive402.lab.datasets import Presentation
from alive402.lab.scores import Score, ScoreFile
from alive402.liveness import AnalysisError, Analyzer, ImageReport, ModelsMissing, Report
from alive402.liveness.decision.identity import identity
from alive402.liveness.media.images import is_image

UNREADABLE = "file_unreadable"
THREADS = 2

Progress = Callable[[int, int, Presentation], None]
"""Called before each presentation with how many are done, how many there are, and the one that comes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine said of one file; `code` instead, when it could not judge."""

    score: float
    verdict: str = ""
    guess: str = ""
    code: str = ""


class Engine:
    """Videos by the whole pipeline, single pictures by the network alone; loaded when first needed."""

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = threads
        self._analyzer: Analyzer | None = None

    def judge(self, path: Path) -> Answer:
        """The answer for a file; one that cannot be judged is a non-response with its code, never an exception.

        Raises:
            ModelsMissing: without the models nothing can be judged.
        """
        try:
            return self._picture(path) if is_image(path) else self._video(path)
        except ModelsMissing:
            raise
        except AnalysisError as error:
            return Answer(math.nan, code=error.code)
        except OSError:
            return Answer(math.nan, code=UNREADABLE)

    def _video(self, path: Path) -> Answer:
        return _answer(self._loaded.analyze(path).report)

    def _picture(self, path: Path) -> Answer:
        return _answer(self._loaded.analyze_image(path).report)

    @property
    def _loaded(self) -> Analyzer:
        self._analyzer = self._analyzer or Analyzer(self._threads)
        return self._analyzer


def _answer(report: Report | ImageReport) -> Answer:
    return Answer(report.live_confidence, report.verdict, report.attack_type or "")


def evaluate(presentations: Sequence[Presentation], path: Path, progress: Progress | None = None) -> list[Score]:
    """Judge every presentation that is not yet in the score file, and give the scores of all of them, in their order.

    Args:
        presentations: what to judge.
        path: the score file; it may hold scores already, from a run that was stopped.
        progress: told of each presentation.

    Raises:
        DatasetError: the score file is of another engine.
        ModelsMissing: the models could not be installed.
    """
    engine, judge = identity(), Engine()
    with ScoreFile(path, engine) as file:
        for done, presentation in enumerate(presentations):
            if progress is not None:
                progress(done, len(presentations), presentation)
            if presentation.name not in file.done:
                file.add(_score(presentation, judge, engine))
        return [file.done[presentation.name] for presentation in presentations]


def _score(presentation: Presentation, judge: Engine, engine: str) -> Score:
    began = perf_counter()
    answer = judge.judge(presentation.path)
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
    )

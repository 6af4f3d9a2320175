"""Makes and judges tasks in several processes; each answer is written to the journal at once."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache
from itertools import groupby
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import Any

from alive402.liveness import AnalysisError, Analyzer
from benchmarks.judging.journal import Answer, Journal, Key, engine
from benchmarks.judging.tasks import Task, make

UNREADABLE, NOT_MADE = "file_unreadable", "not_made"
"""Codes in addition to the engine's: a clip that cannot be opened, a clip that its maker failed to make."""
PATIENCE = 2.0
"""Seconds between two checks whether the workers still run."""

_answers: Any = None
_stopped: Any = None


def judge(
    tasks: Sequence[Task], journal: Journal, processes: int, progress: Callable[[int, int], None]
) -> dict[Key, Answer]:
    """Answer all tasks, by key; tasks in the journal are not made again.

    Args:
        tasks: those of one clip should follow each other: a worker decodes a clip once.
        journal: answers of earlier runs, and of this one.
        processes: how many judge at once.
        progress: called with the number of finished tasks and of all tasks.

    Raises:
        RuntimeError: a worker died.
    """
    known = journal.read()
    missing = [task for task in tasks if key(task) not in known]
    done = len(tasks) - len(missing)
    progress(done, len(tasks))
    if not missing:
        return known
    batches = [[(task, key(task)) for task in group] for _, group in groupby(missing, key=lambda task: task.paths[0])]
    context = multiprocessing.get_context("spawn")
    answers, stopped = context.Queue(), context.Event()
    with ProcessPoolExecutor(processes, context, _begin, (answers, stopped)) as pool:
        working = [pool.submit(_work, batch) for batch in batches]
        try:
            while done < len(tasks):
                answer = _next(answers, working)
                journal.add(answer)
                known[answer.key] = answer
                done += 1
                progress(done, len(tasks))
        except BaseException:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return known


def key(task: Task) -> Key:
    """The task's key in the journal."""
    return task.name, task.clip, task.made, engine(), task.seed


def answer_to(task: Task, known_by: Key, analyzer: Analyzer) -> Answer:
    """Make one clip and judge it; for a clip that cannot be judged, the answer's `code` is the error."""
    with tempfile.TemporaryDirectory(prefix="conditions") as folder:
        try:
            path = make(task, Path(folder))
        except AnalysisError as error:
            return Answer(*known_by, "", None, (), error.code)
        except OSError:
            return Answer(*known_by, "", None, (), UNREADABLE)
        except Exception as error:  # One clip must not end a run of hours; the table counts it as not made.
            print(f"{task.name}: {error!r}", file=sys.stderr, flush=True)
            return Answer(*known_by, "", None, (), NOT_MADE)
        began = perf_counter()
        try:
            report = analyzer.analyze(path).report
        except AnalysisError as error:
            return Answer(*known_by, "", None, (), error.code, round(perf_counter() - began, 3))
    reasons = tuple(reason.code for reason in report.reasons)
    seconds = round(perf_counter() - began, 3)
    return Answer(*known_by, report.verdict, round(report.live_confidence, 4), reasons, "", seconds)


def _next(answers: Any, working: Sequence[Future[None]]) -> Answer:
    """Wait for the next answer; raises the worker's error."""
    while True:
        try:
            answer: Answer = answers.get(timeout=PATIENCE)
            return answer
        except queue.Empty:
            for one in working:
                if one.done() and (error := one.exception()) is not None:
                    raise RuntimeError(f"A worker failed: {error!r}") from error


def _begin(answers: Any, stopped: Any) -> None:
    global _answers, _stopped
    _answers, _stopped = answers, stopped
    Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent decides when to stop.


def _work(batch: Sequence[tuple[Task, Key]]) -> None:
    for task, known_by in batch:
        if _stopped.is_set():
            return
        _answers.put(answer_to(task, known_by, _analyzer()))


def _end_with_parent() -> None:
    """End this process when its parent was killed, because nobody would read its answers."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@cache
def _analyzer() -> Analyzer:
    return Analyzer()

"""Batch on this machine: judges as many rows at once as there are processes."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from alive402.batch.judging import Judging
from alive402.batch.rows import Row
from alive402.intake import FetchLimits
from alive402.intake.sandbox import Sandbox, SandboxLimits


def judged(
    rows: Sequence[Row],
    engine: str,
    fetching: FetchLimits,
    *,
    reports: bool,
    at_once: int | None = None,
    threshold: float | str | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the results as they come, not in order; closing the iterator stops the work.

    Args:
        rows: what to judge.
        engine: version of the engine, stored with each result.
        fetching: limits of fetching.
        reports: with the whole report of each.
        at_once: parallel processes; by default one per core.
        threshold: operating point; by default the engine's.
    """
    at_once = at_once or os.cpu_count() or 1
    found: queue.Queue[dict[str, Any] | BaseException | None] = queue.Queue()
    limits = SandboxLimits(file_bytes=fetching.max_bytes, threshold=threshold)
    left = threading.Event()
    thread = threading.Thread(
        target=lambda: asyncio.run(_run(rows, engine, fetching, limits, reports, at_once, found, left)), name="batch"
    )
    thread.start()
    try:
        while (result := found.get()) is not None:
            if isinstance(result, BaseException):
                raise result
            yield result
    finally:
        left.set()
        thread.join()


async def _run(
    rows: Sequence[Row],
    engine: str,
    fetching: FetchLimits,
    limits: SandboxLimits,
    reports: bool,
    at_once: int,
    found: queue.Queue[dict[str, Any] | BaseException | None],
    left: threading.Event,
) -> None:
    waiting = iter(rows)

    async def work(judging: Judging) -> None:
        # All workers share one iterator: each takes the next row when it has finished one.
        for row in waiting:
            if left.is_set():
                return
            found.put(await judging.judge(row))

    try:
        async with (
            Sandbox(limits, kept=at_once) as sandbox,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(at_once):
                group.create_task(work(Judging(sandbox, fetching, engine, reports)))
        found.put(None)
    except BaseException as error:
        found.put(error)

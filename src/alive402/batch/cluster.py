"""Batch on a Ray cluster with Ray Data: rows stream to warm actors on every node, results stream back.

When a node is lost, Ray gives its rows to other actors. The caller here stores each result once; rows whose results
were lost with a node are judged again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from alive402.batch.judging import Judging
from alive402.batch.rows import BatchRefused, Row
from alive402.intake import FetchLimits
from alive402.intake.sandbox import Sandbox, SandboxLimits
from alive402.liveness import Challenge

BLOCK = 4
"""Rows per block: a row takes a third of a second, so little work is lost with a node."""
LOCAL = "local"
"""Instead of an address: a cluster of this machine alone, which ends with the batch."""


class JudgeOfBlocks:
    """Ray actor with its own confined processes, which stay warm."""

    def __init__(self, engine: str, fetching: FetchLimits, reports: bool, threshold: float | str | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="judge", daemon=True).start()
        sandbox = Sandbox(SandboxLimits(file_bytes=fetching.max_bytes, threshold=threshold), kept=1)
        self._judging = Judging(sandbox, fetching, engine, reports)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """The result of one row in one cell, because Ray's tables have no maps of strings."""
        asked = json.loads(row["challenge"])
        challenge = None if asked is None else Challenge.from_dict(asked)
        judging = self._judging.judge(Row(row["location"], row["place"], json.loads(row["notes"]), challenge))
        return {"result": json.dumps(asyncio.run_coroutine_threadsafe(judging, self._loop).result())}


def judged(
    rows: Sequence[Row],
    engine: str,
    fetching: FetchLimits,
    *,
    reports: bool,
    address: str,
    at_once: int | None = None,
    threshold: float | str | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the results as they come, not in order.

    Args:
        rows: what to judge; every node must be able to read it.
        engine: version of the engine, stored with each result.
        fetching: limits of fetching.
        reports: with the whole report of each.
        address: address of the cluster (`ray://host:10001`, `host:6379` or `auto`), or `local`.
        at_once: most actors; by default one for each processor of the cluster.
        threshold: operating point; by default the engine's.

    Raises:
        BatchRefused: Ray is not installed, or the cluster cannot be reached.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise BatchRefused("A cluster needs Ray. Run: pip install 'alive402[cluster]'") from error
    for name in ("ray", "ray.data"):
        # Ray Data's messages about each step are not for users of this command.
        logging.getLogger(name).setLevel(logging.ERROR)
    ours = not ray.is_initialized()
    if ours:
        try:
            ray.init(address=None if address == LOCAL else address, log_to_driver=False, configure_logging=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise BatchRefused(f"The cluster at {address} cannot be reached: {error}") from error
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.execution_options.preserve_order = False
        most = at_once or max(1, int(ray.cluster_resources().get("CPU", 1)))
        items = [
            {
                "location": row.location,
                "place": row.place,
                "notes": json.dumps(row.notes),
                "challenge": json.dumps(row.challenge and row.challenge.to_dict()),
            }
            for row in rows
        ]
        results = ray.data.from_items(items, override_num_blocks=max(1, len(items) // BLOCK)).map(
            JudgeOfBlocks,
            fn_constructor_args=(engine, fetching, reports, threshold),
            num_cpus=1,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most),
        )
        for row in results.iter_rows():
            yield json.loads(row["result"])
    finally:
        if ours:
            ray.shutdown()

"""Tracks which leases of this process belong to a running call; only those are renewed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease on a row: its owner, and a function that extends it (False: the lease is lost)."""

    owner: str
    renew: Callable[[], Awaitable[bool]]


class LiveLeases:
    """Leases with the tasks that use them. A lease whose last task has ended is dead, however the task ended."""

    def __init__(self) -> None:
        self._working: dict[str, tuple[Lease, set[asyncio.Task[Any]]]] = {}

    def keep(self, lease: Lease) -> None:
        """Keep `lease` alive while the current task runs; several tasks may keep the same lease."""
        task = asyncio.current_task()
        assert task is not None
        self._working.setdefault(lease.owner, (lease, set()))[1].add(task)

    def forget(self, lease: Lease) -> None:
        """Stop renewing a lease that was lost."""
        self._working.pop(lease.owner, None)

    def alive(self) -> list[Lease]:
        """The leases whose task is running."""
        for lease, tasks in list(self._working.values()):
            if all(task.done() for task in tasks):
                self.forget(lease)
        return [lease for lease, _ in self._working.values()]

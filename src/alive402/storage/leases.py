"""Which leases of this process belong to a call that is still running: only those are renewed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Lease:
    """What a call holds for a while: by which owner, and how to hold it longer (False: it holds it no more)."""

    owner: str
    renew: Callable[[], Awaitable[bool]]


class LiveLeases:
    """Leases with the tasks that work on them. One whose last task has ended is dead, whatever went wrong in it."""

    def __init__(self) -> None:
        self._working: dict[str, tuple[Lease, set[asyncio.Task[Any]]]] = {}

    def keep(self, lease: Lease) -> None:
        """Count `lease` as alive for as long as the current task runs; more than one task may keep it."""
        task = asyncio.current_task()
        assert task is not None
        self._working.setdefault(lease.owner, (lease, set()))[1].add(task)

    def forget(self, lease: Lease) -> None:
        """It holds nothing any more."""
        self._working.pop(lease.owner, None)

    def alive(self) -> list[Lease]:
        """The leases whose call is running."""
        for lease, tasks in list(self._working.values()):
            if all(task.done() for task in tasks):
                self.forget(lease)
        return [lease for lease, _ in self._working.values()]

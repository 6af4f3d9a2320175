"""Which claims of this process belong to a call that is still running: only their leases are renewed."""

from __future__ import annotations

import asyncio
from typing import Any

from alive402.payments.service import Claim


class LiveClaims:
    """Claims with the tasks that work on them. A claim whose last task has ended is dead, whatever went wrong in it."""

    def __init__(self) -> None:
        self._working: dict[str, tuple[Claim, set[asyncio.Task[Any]]]] = {}

    def keep(self, claim: Claim) -> None:
        """Count `claim` as alive for as long as the current task runs; more than one task may keep it."""
        task = asyncio.current_task()
        assert task is not None
        self._working.setdefault(claim.owner, (claim, set()))[1].add(task)

    def forget(self, claim: Claim) -> None:
        """It holds nothing any more."""
        self._working.pop(claim.owner, None)

    def alive(self) -> list[Claim]:
        """The claims whose call is running."""
        for claim, tasks in list(self._working.values()):
            if all(task.done() for task in tasks):
                self.forget(claim)
        return [claim for claim, _ in self._working.values()]

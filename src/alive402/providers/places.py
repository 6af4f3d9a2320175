"""Places for work of one kind: so many at once, the others wait their turn, and anyone may ask how it stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from alive402.intake.errors import Busy


class Places:
    """`capacity` places; whoever finds none within `wait_seconds` is told `Busy`."""

    def __init__(self, capacity: int, wait_seconds: float) -> None:
        self.capacity = capacity
        self.in_use = 0
        self.waiting = 0
        self._wait_seconds = wait_seconds
        self._free = asyncio.Semaphore(capacity)

    @property
    def have_room(self) -> bool:
        """Whether fewer wait than there are places, so that whoever comes now is served after those before it."""
        return self.waiting < self.capacity

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """One of them, for as long as the block lasts.

        Raises:
            Busy: none became free in time.
        """
        self.waiting += 1
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise Busy from None
        finally:
            self.waiting -= 1
        self.in_use += 1
        try:
            yield
        finally:
            self.in_use -= 1
            self._free.release()

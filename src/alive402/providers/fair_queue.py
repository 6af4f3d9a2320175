"""Places for work of one kind: so many at once. The others wait, and are served one of each payer in turn."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

# By context: a provider answers a request, and need not know who pays for it.
_payer: ContextVar[str] = ContextVar("alive402_payer", default="")

FIRST_SECONDS = 5.0
"""How long work is taken to last before any was measured."""
_WEIGHT = 0.1


@contextmanager
def waiting_as(payer: str) -> Iterator[None]:
    """Whose turn it is when a place is waited for within the block, tasks that are started in it included."""
    before = _payer.set(payer)
    try:
        yield
    finally:
        _payer.reset(before)


class Places:
    """`capacity` places; who finds none waits, and passes at most one other of each payer that was there before.

    Attributes:
        capacity, in_use: places that there are, and that are taken.
        seconds: how long one was kept of late, a moving average.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.in_use = 0
        self.seconds = FIRST_SECONDS
        # The payer whose turn is next stands first; each one's calls in the order in which they came.
        self._turns: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """Who waits for a place."""
        return sum(not turn.done() for turns in self._turns.values() for turn in turns)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """One of them, for as long as the block lasts; however long that is waited for."""
        await self._take(_payer.get())
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds += _WEIGHT * (time.monotonic() - began - self.seconds)
            self._give()

    async def _take(self, payer: str) -> None:
        if self.in_use < self.capacity:
            self.in_use += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._turns.setdefault(payer, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                # Its turn came in the same moment: it passes on.
                self._give()
            raise

    def _give(self) -> None:
        """To whoever is next; a place is never free while somebody waits."""
        while self._turns:
            payer, turns = self._turns.popitem(last=False)
            turn = turns.popleft()
            # Who went away while waiting costs its payer no turn.
            if turns:
                self._turns[payer] = turns
                self._turns.move_to_end(payer, last=not turn.done())
            if not turn.done():
                turn.set_result(None)
                return
        self.in_use -= 1

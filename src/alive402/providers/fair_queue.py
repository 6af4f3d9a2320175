"""Fair queue: a fixed number of places for one kind of work, granted to waiting payers in turn."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

# Per context, so that a provider does not need to know the payer.
_payer: ContextVar[str] = ContextVar("alive402_payer", default="")

FIRST_SECONDS = 5.0
"""Assumed duration of work before any is measured."""
_WEIGHT = 0.1


@contextmanager
def waiting_as(payer: str) -> Iterator[None]:
    """Set the payer for whom the block, and tasks started in it, wait for places."""
    before = _payer.set(payer)
    try:
        yield
    finally:
        _payer.reset(before)


class Places:
    """`capacity` places; when none is free, a call waits for at most one call of each payer that waited before.

    Attributes:
        capacity, in_use: all places, and the places in use.
        seconds: moving average of how long a place is held.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.in_use = 0
        self.seconds = FIRST_SECONDS
        # The payer whose turn is next is first; each payer's calls are in order of arrival.
        self._turns: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """Number of calls that wait for a place."""
        return sum(not turn.done() for turns in self._turns.values() for turn in turns)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Hold one place during the block; waits for it without a limit."""
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
                # The place was granted at the moment of the cancellation: pass it on.
                self._give()
            raise

    def _give(self) -> None:
        """Give a place to the next waiting call; a place is never free while a call waits."""
        while self._turns:
            payer, turns = self._turns.popitem(last=False)
            turn = turns.popleft()
            # A call that was cancelled while waiting costs its payer no turn.
            if turns:
                self._turns[payer] = turns
                self._turns.move_to_end(payer, last=not turn.done())
            if not turn.done():
                turn.set_result(None)
                return
        self.in_use -= 1

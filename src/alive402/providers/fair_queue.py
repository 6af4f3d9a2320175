"""Fair queue: a fixed number of places for one kind of work, granted to waiting payers in turn."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterator
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


class Tally:
    """The calls in one state, counted over time: two calls of three seconds each make `seconds` 6.0.

    `seconds` never falls, and includes the calls that are still in the state. So the difference of two readings,
    divided by the time between them, is the average number of calls.

    Attributes:
        calls: how many calls are in the state now.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.calls = 0
        self._clock = clock
        self._seconds, self._until = 0.0, clock()

    @property
    def seconds(self) -> float:
        """The seconds of all calls together, up to now."""
        self._add()
        return self._seconds

    def change(self, calls: int) -> None:
        """Add so many calls, or remove them if the number is negative."""
        self._add()
        self.calls += calls

    def _add(self) -> None:
        now = self._clock()
        # Added piece by piece: a difference of two large sums could fall by a rounding error, and Prometheus takes a
        # counter that falls for one that began anew.
        self._seconds += self.calls * (now - self._until)
        self._until = now


class Places:
    """`capacity` places; when none is free, a call waits for at most one call of each payer that waited before.

    Attributes:
        capacity: the number of places.
        seconds: moving average of how long a place is held.
    """

    def __init__(self, capacity: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.capacity = capacity
        self.seconds = FIRST_SECONDS
        self._clock = clock
        self._busy, self._waits = Tally(clock), Tally(clock)
        # The payer whose turn is next is first; each payer's calls are in order of arrival.
        self._turns: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def in_use(self) -> int:
        """Number of places in use."""
        return self._busy.calls

    @property
    def waiting(self) -> int:
        """Number of calls that wait for a place."""
        return sum(not turn.done() for turns in self._turns.values() for turn in turns)

    @property
    def busy_seconds(self) -> float:
        """Seconds that places were in use, over all places, up to now."""
        return self._busy.seconds

    @property
    def waiting_seconds(self) -> float:
        """Seconds that calls waited for a place, over all calls, up to now."""
        return self._waits.seconds

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Hold one place during the block; waits for it without a limit."""
        await self._take(_payer.get())
        began = self._clock()
        try:
            yield
        finally:
            self.seconds += _WEIGHT * (self._clock() - began - self.seconds)
            self._give()

    async def _take(self, payer: str) -> None:
        if self.in_use < self.capacity:
            self._busy.change(1)
            return
        turn = asyncio.get_running_loop().create_future()
        self._turns.setdefault(payer, deque()).append(turn)
        self._waits.change(1)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                # The place was granted at the moment of the cancellation: pass it on.
                self._give()
            raise
        finally:
            self._waits.change(-1)

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
        self._busy.change(-1)

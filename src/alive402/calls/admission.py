"""Admission control: bounds concurrency and shares it between payers, before anything is verified or held."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from alive402.intake.errors import Busy
from alive402.providers.fair_queue import Places, waiting_as

log = structlog.get_logger(__name__)

STOPPING_RETRY_SECONDS = 5
_STOPPING = "The service is stopping and accepts no new calls. Send the same request again soon."


class Ticket:
    """An admitted call; call `leave` when it has ended."""

    def __init__(self, admission: Admission, payer: str, address: str | None) -> None:
        self._admission = admission
        self._payer = payer
        self.counted_as = _unproved(payer, address)
        self._work: asyncio.Timeout | None = None

    def prove(self) -> None:
        """Mark the payer of the call as verified."""
        self._admission.recount(self, self._payer)

    def leave(self) -> None:
        """Release the call's room. A second call does nothing."""
        self._admission.forget(self)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Context of the call's work: its places are granted in the payer's turn, and a stop of the service cancels it.

        Raises:
            Busy: the service stopped before the work was done.
        """
        work = self._work = asyncio.timeout_at(self._admission.work_ends_at)
        try:
            async with work:
                with waiting_as(self.counted_as):
                    yield
        except TimeoutError:
            if not work.expired():
                raise
            raise stopping() from None
        finally:
            self._work = None

    def end_at(self, when: float) -> None:
        """Cancel the work at a time of the event loop's clock."""
        if self._work is not None and not self._work.expired():
            self._work.reschedule(when)


class Admission:
    """Admits calls for the places of `work` and `queue` more; all services of one machine share it.

    While other payers have calls, or were refused a moment ago, one payer may have at most the places of `work` and
    half of the queue. Unverified payers are counted separately per address, so that a forger takes no payer's place.
    """

    def __init__(self, work: Places, queue: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.capacity = work.capacity + queue
        self.share = work.capacity + queue // 2
        self.work_ends_at: float | None = None
        self._work, self._clock = work, clock
        self._tickets: set[Ticket] = set()
        self._counts: Counter[str] = Counter()
        self._turned_away = ("", 0.0)
        self._left = asyncio.Event()

    @property
    def in_use(self) -> int:
        """Number of admitted calls."""
        return len(self._tickets)

    @property
    def waiting(self) -> int:
        """Number of admitted calls beyond the places to work."""
        return max(0, self.in_use - self._work.capacity)

    @property
    def idle(self) -> bool:
        """Whether there is no admitted call."""
        return not self._tickets

    @property
    def have_room(self) -> bool:
        """Whether a new call would be admitted."""
        return self.in_use < self.capacity and self.work_ends_at is None

    def admit(self, payer: str, address: str | None = None) -> Ticket:
        """Admit a call; `payer` is the claimed payer.

        Raises:
            Busy: there is no room, or this payer has its share; `retry_after` is estimated from recent durations.
        """
        if self.work_ends_at is not None:
            raise stopping()
        unproved = _unproved(payer, address)
        mine = self._counts[payer] + self._counts[unproved]
        if self.in_use >= self.capacity or (mine >= self.share and self._others(payer, mine)):
            seconds = self.seconds_to_wait()
            if mine < self.share:
                self._turned_away = (payer, self._clock() + 2 * seconds)
            error = Busy()
            error.retry_after = seconds
            raise error
        if payer == self._turned_away[0]:
            self._turned_away = ("", 0.0)
        ticket = Ticket(self, payer, address)
        self._tickets.add(ticket)
        self._counts[ticket.counted_as] += 1
        return ticket

    def seconds_to_wait(self) -> int:
        """Estimated seconds until the admitted calls are served; at least 1."""
        return max(1, math.ceil(self._work.seconds * self.in_use / self._work.capacity))

    def recount(self, ticket: Ticket, payer: str) -> None:
        """Count a call for another payer."""
        if ticket in self._tickets:
            self._discount(ticket)
            ticket.counted_as = payer
            self._counts[payer] += 1

    def forget(self, ticket: Ticket) -> None:
        """Remove a call that has left."""
        if ticket in self._tickets:
            self._tickets.remove(ticket)
            self._discount(ticket)
            self._left.set()

    def stop(self, seconds: float) -> None:
        """Admit no more calls, and cancel those still running after so many seconds. A second call does nothing."""
        if self.work_ends_at is not None:
            return
        self.work_ends_at = asyncio.get_running_loop().time() + seconds
        log.info("stopping", calls=self.in_use, seconds=seconds)
        for ticket in self._tickets:
            ticket.end_at(self.work_ends_at)

    async def emptied(self, seconds: float) -> bool:
        """Wait at most so many seconds until there is no admitted call; returns whether that is so."""
        try:
            async with asyncio.timeout(seconds):
                while self._tickets:
                    self._left.clear()
                    await self._left.wait()
        except TimeoutError:
            log.warning("calls are left", calls=self.in_use)
        return self.idle

    def _others(self, payer: str, mine: int) -> bool:
        who, until = self._turned_away
        return self.in_use > mine or (who not in ("", payer) and self._clock() < until)

    def _discount(self, ticket: Ticket) -> None:
        self._counts[ticket.counted_as] -= 1
        if not self._counts[ticket.counted_as]:
            del self._counts[ticket.counted_as]


def stopping() -> Busy:
    """The error for a call that a stopping service cannot start or finish."""
    error = Busy(_STOPPING)
    error.retry_after = STOPPING_RETRY_SECONDS
    return error


def _unproved(payer: str, address: str | None) -> str:
    return f"{payer}, says {address}"

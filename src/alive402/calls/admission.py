"""Admission control: bounds concurrent calls and shares them between payers, before payments are verified."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from alive402.intake import Busy
from alive402.providers import Places, waiting_as

log = structlog.get_logger(__name__)

STOPPING_RETRY_SECONDS = 5
_STOPPING = "The service is shutting down and accepts no new calls. Send the same request again soon."


class Ticket:
    """One admitted call; call `leave` when it has ended."""

    def __init__(self, admission: Admission, payer: str, address: str | None) -> None:
        self._admission = admission
        self._payer = payer
        self.counted_as = _unproved(payer, address)
        self._work: asyncio.Timeout | None = None

    def prove(self) -> None:
        """Record that the payment is verified, so the call counts for its payer."""
        self._admission.recount(self, self._payer)

    def leave(self) -> None:
        """Free the call's slot. A second time does nothing."""
        self._admission.forget(self)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Context manager around the work: waits for a work slot, and ends the work when the service stops.

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
    """Admits `queue` calls in addition to the slots of `work`; all services on one machine share it.

    While others are present, or were turned away a moment ago, one payer may have the slots of `work` and half of the
    queue. Calls whose payment is not verified yet count per address, so a forger takes no slot of the named payer.
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
        """The number of admitted calls."""
        return len(self._tickets)

    @property
    def waiting(self) -> int:
        """The number of admitted calls that exceed the work slots."""
        return max(0, self.in_use - self._work.capacity)

    @property
    def idle(self) -> bool:
        """Whether no call is admitted."""
        return not self._tickets

    @property
    def have_room(self) -> bool:
        """Whether a new call would be admitted now."""
        return self.in_use < self.capacity and self.work_ends_at is None

    def admit(self, payer: str, address: str | None = None) -> Ticket:
        """Admit a call that claims to be paid by `payer`.

        Raises:
            Busy: there is no room, or no more for this payer; `retry_after` is an estimate from recent durations of
                work.
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
        """Estimated time until all present calls are served; at least 1."""
        return max(1, math.ceil(self._work.seconds * self.in_use / self._work.capacity))

    def recount(self, ticket: Ticket, payer: str) -> None:
        """Count a call for another payer than before."""
        if ticket in self._tickets:
            self._discount(ticket)
            ticket.counted_as = payer
            self._counts[payer] += 1

    def forget(self, ticket: Ticket) -> None:
        """Remove a call that has ended."""
        if ticket in self._tickets:
            self._tickets.remove(ticket)
            self._discount(ticket)
            self._left.set()

    def stop(self, seconds: float) -> None:
        """Admit no new calls, and cancel running work after so many seconds. A second time does nothing."""
        if self.work_ends_at is not None:
            return
        self.work_ends_at = asyncio.get_running_loop().time() + seconds
        log.info("stopping", calls=self.in_use, seconds=seconds)
        for ticket in self._tickets:
            ticket.end_at(self.work_ends_at)

    async def emptied(self, seconds: float) -> bool:
        """Wait at most so many seconds until no call is left; returns whether none is."""
        try:
            async with asyncio.timeout(seconds):
                while self._tickets:
                    self._left.clear()
                    await self._left.wait()
        except TimeoutError:
            log.warning("calls still running", calls=self.in_use)
        return self.idle

    def _others(self, payer: str, mine: int) -> bool:
        who, until = self._turned_away
        return self.in_use > mine or (who not in ("", payer) and self._clock() < until)

    def _discount(self, ticket: Ticket) -> None:
        self._counts[ticket.counted_as] -= 1
        if not self._counts[ticket.counted_as]:
            del self._counts[ticket.counted_as]


def stopping() -> Busy:
    """The error for a call that the service cannot start or finish because it is shutting down."""
    error = Busy(_STOPPING)
    error.retry_after = STOPPING_RETRY_SECONDS
    return error


def _unproved(payer: str, address: str | None) -> str:
    return f"{payer}, says {address}"

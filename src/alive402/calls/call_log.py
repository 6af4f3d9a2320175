"""Call log for public statistics: kind, code, milliseconds and time of each call; no URL, no face, no payer."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median_low
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, String, func, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from alive402.payments.ledger import Ledger
from alive402.storage import Base, Clock, Utc, utc_now
from alive402.upkeep import Upkeep

TALLIED = timedelta(days=30)
WRITE_SECONDS = 5.0
FRESH_SECONDS = 10.0
# How many calls wait to be written while the database is unreachable; beyond that the oldest are dropped.
WAITING_AT_MOST = 10_000
RECENT = 1000


class CallKind(StrEnum):
    """How a call ended. The first three kinds did work, the others did not."""

    ANSWERED = "answered"
    UNUSABLE = "unusable"
    FAULT = "fault"
    REPEATED = "repeated"
    REFUSED = "refused"
    UNPAID = "unpaid"


WORKED_ON = frozenset({CallKind.ANSWERED, CallKind.UNUSABLE, CallKind.FAULT})


class LoggedCall(Base):
    """One call that did work; or several calls without work at one time, with their number in `calls`."""

    __tablename__ = "calls"
    __table_args__ = (Index("ix_calls_service_kind_at", "service_id", "kind", "at"), Index("ix_calls_at", "at"))

    # SQLite autoincrements only INTEGER PRIMARY KEY.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    service_id: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[str] = mapped_column(String(64))
    milliseconds: Mapped[int | None] = mapped_column(Integer)
    calls: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Utc)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one service's calls within the last 30 days.

    `milliseconds` is the median of the newest answers, including the video's download; None before the first answer.
    """

    kinds: dict[CallKind, int]
    milliseconds: int | None
    last_call_at: datetime | None

    @property
    def calls(self) -> int:
        """The number of calls, unpaid ones included."""
        return sum(self.kinds.values())

    @property
    def worked_on(self) -> int:
        """The number of calls that did work, whatever the result."""
        return sum(count for kind, count in self.kinds.items() if kind in WORKED_ON)


class CallLog:
    """Buffers calls in memory and writes them together every few seconds, so that a call waits for no write.

    A killed process loses what it had not written; only statistics depend on it.
    """

    def __init__(self, ledger: Ledger, now: Clock = utc_now) -> None:
        self._ledger = ledger
        self._now = now
        self._worked_on: list[dict[str, Any]] = []
        self._others: Counter[tuple[str, CallKind, str]] = Counter()
        self._tallies: dict[str, tuple[float, Tally]] = {}
        self._writing = asyncio.Lock()
        # Listeners that receive each call as it ends, in addition to the log.
        self.heard_by: list[Callable[[str, CallKind, str, float], None]] = []

    def note(self, service_id: str, kind: CallKind, outcome: str, seconds: float) -> None:
        """Record a call that ended: `outcome` is its verdict or the code of its error."""
        for hear in self.heard_by:
            hear(service_id, kind, outcome, seconds)
        if kind in WORKED_ON:
            self._worked_on.append(_row(service_id, kind, outcome, round(1000 * seconds), 1, self._now()))
            del self._worked_on[:-WAITING_AT_MOST]
        else:
            # Aggregated, because a stranger can send unpaid calls without end, and they must not fill the disk.
            self._others[service_id, kind, outcome] += 1

    async def tally(self, service_id: str) -> Tally:
        """Count the calls of a service; a few seconds out of date where other processes write too.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database cannot be read or written.
        """
        await self.write()
        made, known = self._tallies.get(service_id, (0.0, None))
        if known is not None and time.monotonic() - made < FRESH_SECONDS:
            return known
        mine = LoggedCall.service_id == service_id, LoggedCall.at > self._now() - TALLIED
        counted = select(LoggedCall.kind, func.sum(LoggedCall.calls), func.max(LoggedCall.at)).where(*mine)
        newest = (
            select(LoggedCall.milliseconds)
            .where(*mine, LoggedCall.kind == str(CallKind.ANSWERED))
            .order_by(LoggedCall.at.desc())
            .limit(RECENT)
        )
        async with self._ledger.reading() as session:
            rows = (await session.execute(counted.group_by(LoggedCall.kind))).all()
            lasted = [value for value in await session.scalars(newest) if value is not None]
        found = Tally(
            kinds={CallKind(kind): int(calls) for kind, calls, _ in rows},
            milliseconds=median_low(lasted) if lasted else None,
            last_call_at=max((at for *_, at in rows), default=None),
        )
        self._tallies[service_id] = (time.monotonic(), found)
        return found

    async def write(self) -> None:
        """Write the buffered calls.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database cannot be written; the calls stay buffered.
        """
        # In its own task: a cancelled write may have been committed or not, and repeating it could count calls twice.
        await asyncio.shield(self._write())

    async def _write(self) -> None:
        async with self._writing:
            if not self._worked_on and not self._others:
                return
            now = self._now()
            worked_on, self._worked_on = self._worked_on, []
            others, self._others = self._others, Counter()
            rows = [*worked_on, *(_row(*what, None, count, now) for what, count in others.items())]
            try:
                async with self._ledger.session() as session:
                    await session.execute(insert(LoggedCall), rows)
            except BaseException:
                self._worked_on[:0], self._others = worked_on, others + self._others
                raise
            self._tallies.clear()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write every few seconds until the block ends, and once more at the end."""
        writing = Upkeep("call log", self.write, expected=SQLAlchemyError)
        try:
            async with writing.running(WRITE_SECONDS, at_once=False):
                yield
        finally:
            await writing.once()


def _row(
    service_id: str, kind: CallKind, outcome: str, milliseconds: int | None, calls: int, at: datetime
) -> dict[str, Any]:
    return {
        "service_id": service_id,
        "kind": str(kind),
        "outcome": outcome,
        "milliseconds": milliseconds,
        "calls": calls,
        "at": at,
    }

"""How calls went, counted for whoever chooses: kind, code, milliseconds, time; no URL, no face, no payer."""

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

from alive402.payments.ledger.ledger import Ledger
from alive402.storage.database import Clock, utc_now
from alive402.storage.models import Base, Utc
from alive402.upkeep import Upkeep

TALLIED = timedelta(days=30)
WRITE_SECONDS = 5.0
FRESH_SECONDS = 10.0
# While the database is away, so many calls wait to be written; then the oldest are forgotten.
WAITING_AT_MOST = 10_000
RECENT = 1000


class CallKind(StrEnum):
    """How a call ended. The first three were worked on, the others were not."""

    ANSWERED = "answered"
    UNUSABLE = "unusable"
    FAULT = "fault"
    REPEATED = "repeated"
    REFUSED = "refused"
    UNPAID = "unpaid"


WORKED_ON = frozenset({CallKind.ANSWERED, CallKind.UNUSABLE, CallKind.FAULT})


class LoggedCall(Base):
    """One call that was worked on, or several of one moment that were not: then `calls` is how many."""

    __tablename__ = "calls"
    __table_args__ = (Index("ix_calls_service_kind_at", "service_id", "kind", "at"), Index("ix_calls_at", "at"))

    # SQLite counts only INTEGER PRIMARY KEY up by itself.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    service_id: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[str] = mapped_column(String(64))
    milliseconds: Mapped[int | None] = mapped_column(Integer)
    calls: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Utc)


@dataclass(frozen=True, slots=True)
class Tally:
    """The calls of one service within the last 30 days.

    `milliseconds` is the median of the newest answers, fetching the video included; None before the first.
    """

    kinds: dict[CallKind, int]
    milliseconds: int | None
    last_call_at: datetime | None

    @property
    def calls(self) -> int:
        """All of them, unpaid ones too."""
        return sum(self.kinds.values())

    @property
    def worked_on(self) -> int:
        """Those that were worked on, whatever came of it."""
        return sum(count for kind, count in self.kinds.items() if kind in WORKED_ON)


class CallLog:
    """Notes calls in memory and writes them in one go every few seconds: it costs a call nothing.

    What a killed process had not written yet is lost; nothing but statistics hangs on it.
    """

    def __init__(self, ledger: Ledger, now: Clock = utc_now) -> None:
        self._ledger = ledger
        self._now = now
        self._worked_on: list[dict[str, Any]] = []
        self._others: Counter[tuple[str, CallKind, str]] = Counter()
        self._tallies: dict[str, tuple[float, Tally]] = {}
        self._writing = asyncio.Lock()
        # Whoever counts calls as they end, beside the log.
        self.heard_by: list[Callable[[str, CallKind, str, float], None]] = []

    def note(self, service_id: str, kind: CallKind, outcome: str, seconds: float) -> None:
        """A call has ended: `outcome` is its verdict or the code of its error."""
        for hear in self.heard_by:
            hear(service_id, kind, outcome, seconds)
        if kind in WORKED_ON:
            self._worked_on.append(_row(service_id, kind, outcome, round(1000 * seconds), 1, self._now()))
            del self._worked_on[:-WAITING_AT_MOST]
        else:
            # A stranger may send these without end; they must not fill the disk.
            self._others[service_id, kind, outcome] += 1

    async def tally(self, service_id: str) -> Tally:
        """How the calls of a service went; at most some seconds old where other processes write too.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database cannot be read or written now.
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
        """Write down what was noted.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database cannot be written now; it is written the next time.
        """
        # In a task of its own: whether a write that is cancelled was committed is not known, and it would be repeated.
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
        """Write every few seconds, and once more when the block ends."""
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

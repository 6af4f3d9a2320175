"""Queries for the operator's summary, over the ledger and the call log; each uses an index."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from alive402.calls import CallKind, LoggedCall
from alive402.payments.ledger import HELD, Payment, PaymentEvent, State
from alive402.payments.prepaid import Prepayment

LATEST = 10
CASES_SHOWN = 50
PERCENTILES = (50, 90, 95, 99)


class Span(StrEnum):
    """The period of a summary; a day is split into hours, longer periods into days."""

    DAY = "24h"
    WEEK = "7d"
    QUARTER = "90d"

    @property
    def step(self) -> timedelta:
        """The length of one interval."""
        return timedelta(hours=1) if self is Span.DAY else timedelta(days=1)

    def intervals(self, now: datetime) -> list[datetime]:
        """When each interval begins, oldest first; the last one is not over yet. `now` is in UTC."""
        last = now.replace(hour=now.hour if self is Span.DAY else 0, minute=0, second=0, microsecond=0)
        count = {Span.DAY: 24, Span.WEEK: 7, Span.QUARTER: 90}[self]
        return [last - back * self.step for back in reversed(range(count))]


@dataclass(slots=True)
class Interval:
    """The calls that ended between `begins` and the next interval, by kind, and the verdicts of the answered ones."""

    begins: datetime
    kinds: dict[str, int] = field(default_factory=dict)
    verdicts: dict[str, int] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """The number of calls."""
        return sum(self.kinds.values())


@dataclass(frozen=True, slots=True)
class Failure:
    """An error code that calls ended with, and how often."""

    code: str
    kind: str
    calls: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Latency of answered calls: their number, and each percentile in milliseconds; None without any."""

    answered: int
    milliseconds: dict[int, int] | None


@dataclass(frozen=True, slots=True)
class Income:
    """One day (UTC, `YYYY-MM-DD`) of one token in atomic units: received and refunded."""

    day: str
    network: str
    asset: str
    payments: int
    income: int
    refunds: int
    refunded: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """A settled payment, `amount` in atomic units; without its payer, whom the ledger's own command shows."""

    at: datetime
    request_id: str | None
    service_id: str
    network: str
    asset: str
    amount: int
    transaction: str | None


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A payment that may need attention: its settlement is unknown, or its lease has expired."""

    payment_id: str
    request_id: str | None
    state: str
    network: str
    amount: int
    since: datetime
    valid_before: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """The payments whose settlement is unknown: their number, and for how long the oldest one has been so."""

    payments: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Outstanding:
    """Unused calls of prepaid tokens and keys of one service, and what was paid for them in atomic units."""

    service_id: str
    prepayments: int
    calls: int
    worth: int


class Insight:
    """Read-only queries within the caller's transaction; `now` is the time they refer to."""

    def __init__(self, session: AsyncSession, now: datetime) -> None:
        self._session = session
        self._now = now

    async def calls(self, span: Span) -> tuple[list[Interval], list[Failure]]:
        """Every interval of the span, empty ones included, and the error codes, most frequent first."""
        intervals = [Interval(begins) for begins in span.intervals(self._now)]
        named = {_key(each.begins, span): each for each in intervals}
        interval = self._interval(LoggedCall.at, span).label("interval")
        query = (
            select(interval, LoggedCall.kind, LoggedCall.outcome, func.sum(LoggedCall.calls))
            .where(LoggedCall.at >= intervals[0].begins)
            .group_by(interval, LoggedCall.kind, LoggedCall.outcome)
        )
        failures: dict[tuple[str, str], int] = {}
        for key, kind, outcome, counted in await self._session.execute(query):
            calls, found = int(counted), named.get(key)
            # Calls that another process wrote after `now` belong to no interval yet.
            if found is None:
                continue
            found.kinds[kind] = found.kinds.get(kind, 0) + calls
            if kind == CallKind.ANSWERED:
                found.verdicts[outcome] = found.verdicts.get(outcome, 0) + calls
            elif kind in (CallKind.UNUSABLE, CallKind.FAULT, CallKind.REFUSED):
                failures[kind, outcome] = failures.get((kind, outcome), 0) + calls
        listed = [Failure(code, kind, calls) for (kind, code), calls in failures.items()]
        return intervals, sorted(listed, key=lambda each: (-each.calls, each.kind, each.code))

    async def latency(self, span: Span) -> Latency:
        """Latency percentiles of answered calls, including the video's download, by nearest rank."""
        rank = func.row_number().over(order_by=LoggedCall.milliseconds).label("rank")
        answered = (
            select(LoggedCall.milliseconds, rank, func.count().over().label("among"))
            .where(
                LoggedCall.at >= span.intervals(self._now)[0],
                LoggedCall.kind == str(CallKind.ANSWERED),
                LoggedCall.milliseconds.is_not(None),
            )
            .subquery()
        )
        wanted = [answered.c.rank == _rank(answered.c.among, percent) for percent in PERCENTILES]
        query = select(answered.c.rank, answered.c.milliseconds, answered.c.among).where(or_(*wanted))
        rows = (await self._session.execute(query)).all()
        if not rows:
            return Latency(0, None)
        among, at_rank = int(rows[0].among), {int(row.rank): int(row.milliseconds) for row in rows}
        return Latency(among, {percent: at_rank[-(-among * percent // 100)] for percent in PERCENTILES})

    async def income(self, span: Span) -> list[Income]:
        """Each day's income, oldest first; the days of `24h` are today and yesterday."""
        since = span.intervals(self._now)[0].replace(hour=0)
        day = self._interval(PaymentEvent.at, Span.WEEK).label("day")
        query = (
            select(
                day, Payment.network, Payment.asset, PaymentEvent.state, func.count().label("rows"),
                func.sum(Payment.amount).label("amount"),
            )
            .join(Payment, Payment.id == PaymentEvent.payment_id)
            .where(PaymentEvent.state.in_([str(State.SETTLED), str(State.REFUNDED)]), PaymentEvent.at >= since)
            .group_by(day, Payment.network, Payment.asset, PaymentEvent.state)
        )  # fmt: skip
        days: dict[tuple[str, str, str], dict[str, tuple[int, int]]] = {}
        for row in await self._session.execute(query):
            moved = days.setdefault((row.day, row.network, row.asset), {})
            moved[row.state] = (int(row.rows), int(row.amount))
        return [
            Income(*key, *moved.get(State.SETTLED, (0, 0)), *moved.get(State.REFUNDED, (0, 0)))
            for key, moved in sorted(days.items())
        ]

    async def settlements(self) -> list[Settlement]:
        """The newest settlements, newest first."""
        query = (
            select(PaymentEvent.at, PaymentEvent.request_id, Payment)
            .join(Payment, Payment.id == PaymentEvent.payment_id)
            .where(PaymentEvent.state == str(State.SETTLED))
            .order_by(PaymentEvent.at.desc())
            .limit(LATEST)
        )
        return [
            Settlement(at, request_id, paid.service_id, paid.network, paid.asset, paid.amount, paid.transaction)
            for at, request_id, paid in await self._session.execute(query)
        ]

    async def open_cases(self) -> tuple[int, list[OpenCase]]:
        """The number of open cases, and the longest waiting ones."""
        held = and_(Payment.state.in_([str(state) for state in HELD]), Payment.lease_until < self._now)
        which = or_(Payment.state == str(State.SETTLE_UNKNOWN), held)
        count = (await self._session.scalars(select(func.count()).select_from(Payment).where(which))).one()
        query = select(Payment).where(which).order_by(Payment.created_at, Payment.id).limit(CASES_SHOWN)
        found = [
            OpenCase(each.id, each.request_id, each.state, each.network, each.amount, each.created_at,
                     each.valid_before)
            for each in await self._session.scalars(query)
        ]  # fmt: skip
        return count, found

    async def outstanding(self) -> list[Outstanding]:
        """Prepaid calls not used yet, by service; without refunded ones."""
        query = (
            select(
                Prepayment.service_id, func.count().label("rows"), func.sum(Prepayment.remaining).label("calls"),
                func.sum(Prepayment.amount * Prepayment.remaining // Prepayment.max_calls).label("worth"),
            )
            .outerjoin(Payment, Payment.id == Prepayment.ledger_id)
            .where(
                Prepayment.expires_at > self._now, Prepayment.paid_at.is_not(None), Prepayment.remaining > 0,
                or_(Payment.state.is_(None), Payment.state != str(State.REFUNDED)),
            )
            .group_by(Prepayment.service_id)
            .order_by(Prepayment.service_id)
        )  # fmt: skip
        return [
            Outstanding(row.service_id, int(row.rows), int(row.calls), int(row.worth))
            for row in await self._session.execute(query)
        ]

    async def states(self) -> dict[State, int]:
        """The number of payments in each state, zeros included."""
        counted = select(Payment.state, func.count().label("payments")).group_by(Payment.state)
        found = {row.state: row.payments for row in (await self._session.execute(counted)).all()}
        return {state: found.get(str(state), 0) for state in State}

    async def backlog(self) -> Backlog:
        """The reconciler's backlog."""
        unknown = str(State.SETTLE_UNKNOWN)
        query = (
            select(func.count(Payment.id.distinct()), func.min(PaymentEvent.at))
            .join(PaymentEvent, PaymentEvent.payment_id == Payment.id)
            .where(Payment.state == unknown, PaymentEvent.state == unknown)
        )
        payments, since = (await self._session.execute(query)).one()
        return Backlog(payments, max(0.0, (self._now - since).total_seconds()) if since else 0.0)

    def _interval(self, at: InstrumentedAttribute[datetime], span: Span) -> ColumnElement[Any]:
        """The interval of a timestamp as text, the same on both databases."""
        # Literals, not parameters: GROUP BY needs the same expression, and two parameters never compare as equal.
        hours = span is Span.DAY
        if self._session.get_bind().dialect.name == "postgresql":
            form: ColumnElement[str] = literal_column("'YYYY-MM-DD HH24'" if hours else "'YYYY-MM-DD'")
            return func.to_char(func.timezone(literal_column("'UTC'"), at), form)
        return func.strftime(literal_column("'%Y-%m-%d %H'" if hours else "'%Y-%m-%d'"), at)


def _key(begins: datetime, span: Span) -> str:
    return begins.strftime("%Y-%m-%d %H" if span is Span.DAY else "%Y-%m-%d")


def _rank(among: ColumnElement[int], percent: int) -> ColumnElement[int]:
    """The nearest rank of a percentile, from 1: rounded up with integer arithmetic, as both databases do it."""
    return (among * percent + 99) // 100

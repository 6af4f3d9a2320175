"""Statements of the ledger: payments, one payment's history, and income by day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from alive402.payments.ledger.models import ChainPosition, Payment, PaymentEvent
from alive402.payments.ledger.states import State


@dataclass(frozen=True, slots=True)
class Filter:
    """Selects payments; None selects all. `payer` is lower-case hex; `since` and `until` are days in UTC."""

    state: State | None = None
    payer: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(slots=True)
class Day:
    """One day of one token, in atomic units: received and refunded. `payer` is None for all together."""

    day: date
    network: str
    asset: str
    payer: str | None
    payments: int = 0
    income: int = 0
    refunds: int = 0
    refunded: int = 0

    @property
    def net(self) -> int:
        """Received minus refunded."""
        return self.income - self.refunded


class Statements:
    """Read-only queries within the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def payments(self, wanted: Filter, limit: int | None = None) -> AsyncIterator[Payment]:
        """The payments that `wanted` selects, newest first."""
        query = select(Payment).order_by(Payment.created_at.desc(), Payment.id)
        if wanted.state is not None:
            query = query.where(Payment.state == wanted.state)
        if wanted.payer is not None:
            query = query.where(Payment.payer == wanted.payer)
        if wanted.since is not None:
            query = query.where(Payment.created_at >= wanted.since)
        if wanted.until is not None:
            query = query.where(Payment.created_at < wanted.until)
        rows = await self._session.stream_scalars(query.limit(limit))
        async for payment in rows:
            yield payment

    async def payment(self, key: str) -> tuple[Payment, list[PaymentEvent]] | None:
        """The payment with this id, request id or transaction, and its history, oldest first; None if there is none."""
        query = select(Payment).where((Payment.id == key) | (Payment.request_id == key) | (Payment.transaction == key))
        payment = (await self._session.scalars(query.limit(1))).first()
        if payment is None:
            return None
        events = select(PaymentEvent).where(PaymentEvent.payment_id == payment.id).order_by(PaymentEvent.id)
        return payment, list(await self._session.scalars(events))

    async def positions(self) -> list[ChainPosition]:
        """Up to which block the ledger has every payment, for each token and address."""
        return list(await self._session.scalars(select(ChainPosition).order_by(ChainPosition.network)))

    async def waiting_for_buyers(self) -> tuple[int, int]:
        """The recovered payments that no buyer has come for: how many, and their sum in atomic units."""
        query = select(func.count(), func.sum(Payment.amount)).where(Payment.state == State.RECOVERED)
        count, amount = (await self._session.execute(query)).one()
        return count, int(amount or 0)

    async def income(self, since: datetime | None = None, *, by_payer: bool = False) -> list[Day]:
        """Each day's income and refunds, oldest first, one entry per token and, if `by_payer`, per payer."""
        query = (
            select(PaymentEvent.at, PaymentEvent.state, Payment.network, Payment.asset, Payment.payer, Payment.amount)
            .join(Payment, Payment.id == PaymentEvent.payment_id)
            .where(PaymentEvent.state.in_([State.SETTLED, State.REFUNDED]))
        )
        if since is not None:
            query = query.where(PaymentEvent.at >= since)
        days: dict[tuple[date, str, str, str], Day] = {}
        async for at, state, network, asset, payer, amount in await self._session.stream(query):
            whose = payer if by_payer else None
            day = days.setdefault((at.date(), network, asset, whose or ""), Day(at.date(), network, asset, whose))
            if state == State.SETTLED:
                day.payments, day.income = day.payments + 1, day.income + amount
            else:
                day.refunds, day.refunded = day.refunds + 1, day.refunded + amount
        return [days[key] for key in sorted(days)]

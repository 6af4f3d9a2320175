"""Queries of prepaid payments, without rules and commits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from alive402.payments.ledger import Payment
from alive402.payments.prepaid.models import PrepaidUse, Prepayment, UseState


class PrepaidRepository:
    """Reads and writes prepayments and their uses within the session's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def add(self, row: Prepayment | PrepaidUse) -> None:
        """Insert a row."""
        self.session.add(row)
        await self.session.flush()

    async def forget_unpaid(self, before: datetime) -> None:
        """Delete payments that expired before then and never got an authorization; granted ones stay."""
        unpaid = and_(Prepayment.ledger_id.is_(None), Prepayment.paid_at.is_(None), Prepayment.expires_at < before)
        await self.session.execute(delete(Prepayment).where(unpaid).execution_options(synchronize_session=False))

    async def by_id(self, prepayment_id: str) -> Prepayment | None:
        """The prepayment, locked until the transaction ends, or None."""
        return await self._one(Prepayment.id == prepayment_id)

    async def by_token(self, token_hash: str) -> Prepayment | None:
        """The prepayment with this token hash, locked until the transaction ends, or None."""
        return await self._one(Prepayment.token_hash == token_hash)

    async def change(self, prepayment_id: str, values: dict[str, Any]) -> None:
        """Change a prepayment that is locked in this transaction."""
        statement = update(Prepayment).where(Prepayment.id == prepayment_id).values(values)
        await self.session.execute(statement.execution_options(synchronize_session=False))

    async def payment(self, ledger_id: str) -> Payment | None:
        """The authorization that pays a prepayment."""
        return await self.session.get(Payment, ledger_id)

    async def take_one(self, prepayment_id: str) -> bool:
        """Deduct one remaining call; False when none remains."""
        statement = (
            update(Prepayment)
            .where(Prepayment.id == prepayment_id, Prepayment.remaining > 0)
            .values(remaining=Prepayment.remaining - 1)
            .returning(Prepayment.id)
            .execution_options(synchronize_session=False)
        )
        return (await self.session.execute(statement)).scalar_one_or_none() is not None

    async def put_back(self, prepayment_id: str, calls: int) -> None:
        """Add calls back to what remains."""
        await self.change(prepayment_id, {"remaining": Prepayment.remaining + calls})

    async def end_use(self, use_id: str, values: dict[str, Any]) -> bool:
        """Change a use that is still held; returns whether it was."""
        ended = await self._change_held(PrepaidUse.id == use_id, values)
        return ended == 1

    async def renew(self, use_id: str, lease_until: datetime) -> bool:
        """Extend the lease of a use; False when it is no longer held."""
        return await self._change_held(PrepaidUse.id == use_id, {"lease_until": lease_until}) == 1

    async def end_dead_uses(self, prepayment_id: str, now: datetime, latest: datetime) -> int:
        """Return uses whose lease ended before `now`, or lasts beyond `latest`; returns how many there were."""
        over = or_(PrepaidUse.lease_until < now, PrepaidUse.lease_until > latest)
        return await self._change_held(
            and_(PrepaidUse.prepayment_id == prepayment_id, over),
            {"state": UseState.RETURNED, "ended_at": now, "detail": "lease ran out"},
        )

    async def use_of_key(self, prepayment_id: str, key: str) -> PrepaidUse | None:
        """The held or spent use with an idempotency key, or None."""
        query = select(PrepaidUse).where(
            PrepaidUse.prepayment_id == prepayment_id,
            PrepaidUse.idempotency_key == key,
            PrepaidUse.state != UseState.RETURNED,
        )
        return (await self.session.scalars(query)).one_or_none()

    async def last_answer(self, prepayment_id: str, request_hash: str) -> PrepaidUse | None:
        """The newest use that answered this very request, or None."""
        query = (
            select(PrepaidUse)
            .where(
                PrepaidUse.prepayment_id == prepayment_id,
                PrepaidUse.request_hash == request_hash,
                PrepaidUse.state == UseState.SPENT,
            )
            .order_by(PrepaidUse.ended_at.desc(), PrepaidUse.id)
            .limit(1)
        )
        return (await self.session.scalars(query)).one_or_none()

    async def answer_to(self, request_id: str) -> tuple[Prepayment, str | None, Payment | None] | None:
        """The prepayment that paid for a request, its answer as JSON text, and the payment; None: no such request."""
        query = (
            select(Prepayment, PrepaidUse.result, Payment)
            .join(PrepaidUse, Prepayment.id == PrepaidUse.prepayment_id)
            .outerjoin(Payment, Payment.id == Prepayment.ledger_id)
            .where(PrepaidUse.request_id == request_id, PrepaidUse.state == UseState.SPENT)
        )
        row = (await self.session.execute(query.limit(1))).one_or_none()
        return (row[0], row[1], row[2]) if row is not None else None

    async def held(self, prepayment_id: str) -> int:
        """The number of uses that are held now."""
        query = select(func.count()).where(PrepaidUse.prepayment_id == prepayment_id, PrepaidUse.state == UseState.HELD)
        return (await self.session.execute(query)).scalar_one()

    async def _one(self, condition: ColumnElement[bool]) -> Prepayment | None:
        query = select(Prepayment).where(condition).with_for_update().execution_options(populate_existing=True)
        return (await self.session.scalars(query)).one_or_none()

    async def _change_held(self, which: ColumnElement[bool], values: dict[str, Any]) -> int:
        statement = (
            update(PrepaidUse)
            .where(which, PrepaidUse.state == UseState.HELD)
            .values(values)
            .returning(PrepaidUse.id)
            .execution_options(synchronize_session=False)
        )
        return len((await self.session.execute(statement)).all())

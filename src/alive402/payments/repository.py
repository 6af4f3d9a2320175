"""Every query on the ledger; no rule and no commit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from alive402.payments.models import Payment, PaymentEvent, State


class PaymentRepository:
    """Reads and writes payments within the session's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, network: str, asset: str, payer: str, nonce: str) -> Payment | None:
        """The payment that this money is, locked until the transaction ends, or None."""
        query = (
            select(Payment)
            .where(Payment.network == network, Payment.asset == asset, Payment.payer == payer, Payment.nonce == nonce)
            .with_for_update()
        )
        return (await self._session.scalars(query)).one_or_none()

    async def add(self, values: dict[str, Any]) -> bool:
        """Insert a payment; False when the same money is there already."""
        dialect = postgresql if self._session.get_bind().dialect.name == "postgresql" else sqlite
        statement = dialect.insert(Payment).values(values).on_conflict_do_nothing().returning(Payment.id)
        return (await self._session.execute(statement)).scalar_one_or_none() is not None

    async def change(self, payment_id: str, values: dict[str, Any]) -> None:
        """Change a payment that `find` locked in this transaction."""
        await self._session.execute(update(Payment).where(Payment.id == payment_id).values(values))

    async def move(self, payment_id: str, owner: str, before: Iterable[State], values: dict[str, Any]) -> bool:
        """Change a payment only if `owner` holds it in one of the states `before`; whether it did."""
        statement = (
            update(Payment)
            .where(
                Payment.id == payment_id, Payment.owner == owner, Payment.state.in_([str(state) for state in before])
            )
            .values(values)
            .returning(Payment.id)
        )
        return (await self._session.execute(statement)).scalar_one_or_none() is not None

    async def note(self, payment_id: str, at: datetime, state: State, request_id: str | None, detail: str) -> None:
        """Add one event to a payment's history."""
        self._session.add(PaymentEvent(payment_id=payment_id, at=at, state=state, request_id=request_id, detail=detail))
        await self._session.flush()

    async def events(self, payment_id: str) -> list[PaymentEvent]:
        """A payment's history, oldest first."""
        query = select(PaymentEvent).where(PaymentEvent.payment_id == payment_id).order_by(PaymentEvent.id)
        return list((await self._session.execute(query)).scalars())

    async def all(self, limit: int = 1000) -> list[Payment]:
        """The newest payments, newest first."""
        query = select(Payment).order_by(Payment.created_at.desc(), Payment.id).limit(limit)
        return list((await self._session.execute(query)).scalars())

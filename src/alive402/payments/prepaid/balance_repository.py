"""Queries of the prepayments of API keys, without rules and commits."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, column, exists, or_, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from alive402.payments.prepaid.models import PrepaidUse, Prepayment, UseState

_KEYS = table("api_keys", column("id"))


class BalanceRepository:
    """Reads prepayments and their uses by API key, within the session's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, key_id: str) -> None:
        """Lock this key's balance until the transaction ends."""
        await self._session.execute(select(_KEYS.c.id).where(_KEYS.c.id == key_id).with_for_update())

    async def open(self, key_id: str, service_id: str) -> list[Prepayment]:
        """Prepayments that may have a call left: unused calls, a running call, or payment pending; oldest first."""
        held = exists().where(PrepaidUse.prepayment_id == Prepayment.id, PrepaidUse.state == UseState.HELD)
        some = or_(Prepayment.remaining > 0, Prepayment.paid_at.is_(None), held)
        query = select(Prepayment).where(_filling(key_id, service_id), some)
        query = query.order_by(Prepayment.created_at, Prepayment.id).with_for_update(of=Prepayment)
        return [*await self._session.scalars(query.execution_options(populate_existing=True))]

    async def filled(self) -> list[str]:
        """The keys that have ever been credited."""
        query = select(Prepayment.api_key_id).where(Prepayment.api_key_id.is_not(None)).distinct()
        return [str(key) for key in await self._session.scalars(query)]

    async def of(self, key_id: str) -> list[Prepayment]:
        """Every prepayment of a key, used up or not."""
        query = select(Prepayment).where(Prepayment.api_key_id == key_id).with_for_update()
        return [*await self._session.scalars(query.execution_options(populate_existing=True))]

    async def use_of_key(self, key_id: str, service_id: str, idempotency_key: str) -> PrepaidUse | None:
        """The held or spent use with an idempotency key, or None."""
        return await self._newest(
            _filling(key_id, service_id),
            PrepaidUse.idempotency_key == idempotency_key,
            PrepaidUse.state != UseState.RETURNED,
        )

    async def last_answer(self, key_id: str, service_id: str, request_hash: str) -> PrepaidUse | None:
        """The newest use that answered this very request, or None."""
        return await self._newest(
            _filling(key_id, service_id),
            PrepaidUse.request_hash == request_hash,
            PrepaidUse.state == UseState.SPENT,
        )

    async def _newest(self, *conditions: ColumnElement[bool]) -> PrepaidUse | None:
        query = select(PrepaidUse).join(Prepayment, Prepayment.id == PrepaidUse.prepayment_id).where(*conditions)
        return (
            await self._session.scalars(query.order_by(PrepaidUse.created_at.desc(), PrepaidUse.id).limit(1))
        ).first()


def _filling(key_id: str, service_id: str) -> ColumnElement[bool]:
    return and_(Prepayment.api_key_id == key_id, Prepayment.service_id == service_id)

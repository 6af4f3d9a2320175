"""Queries of prepaid payments, without rules and commits."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Executable, Table, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from alive402.payments.ledger import Payment
from alive402.payments.prepaid.models import PrepaidUse, Prepayment, UseState

# Built once, because building a statement and its cache key costs more than running it.
_PREPAYMENT = select(Prepayment).with_for_update().execution_options(populate_existing=True)
_BY_ID = _PREPAYMENT.where(Prepayment.id == bindparam("_id"))
_BY_TOKEN = _PREPAYMENT.where(Prepayment.token_hash == bindparam("_token"))
_TABLE, _USES = cast(Table, Prepayment.__table__), cast(Table, PrepaidUse.__table__)
_THIS = _TABLE.c.id == bindparam("_id")
_TAKING = (
    update(_TABLE).where(_THIS, _TABLE.c.remaining > 0).values(remaining=_TABLE.c.remaining - 1).returning(_TABLE.c.id)
)
_PUTTING_BACK = update(_TABLE).where(_THIS).values(remaining=_TABLE.c.remaining + bindparam("_calls"))
_USE = _USES.c.id == bindparam("_use")
_DEAD_USES = and_(
    _USES.c.prepayment_id == bindparam("_id"),
    or_(_USES.c.lease_until < bindparam("_now"), _USES.c.lease_until > bindparam("_latest")),
)
_OF_KEY = select(PrepaidUse).where(
    PrepaidUse.prepayment_id == bindparam("_id"),
    PrepaidUse.idempotency_key == bindparam("_key"),
    PrepaidUse.state != UseState.RETURNED,
)
_LAST_ANSWER = (
    select(PrepaidUse)
    .where(
        PrepaidUse.prepayment_id == bindparam("_id"),
        PrepaidUse.request_hash == bindparam("_request"),
        PrepaidUse.state == UseState.SPENT,
    )
    .order_by(PrepaidUse.ended_at.desc(), PrepaidUse.id)
    .limit(1)
)
_HELD = select(func.count()).where(PrepaidUse.prepayment_id == bindparam("_id"), PrepaidUse.state == UseState.HELD)


@cache
def _changing(columns: tuple[str, ...]) -> Executable:
    return update(_TABLE).where(_THIS).values({name: bindparam(name) for name in columns})


@cache
def _ending(dead: bool, columns: tuple[str, ...]) -> Executable:
    """Changes uses that are held: the one of an id, or the dead ones of a prepayment."""
    return (
        update(_USES)
        .where(_DEAD_USES if dead else _USE, _USES.c.state == UseState.HELD)
        .values({name: bindparam(name) for name in columns})
        .returning(_USES.c.id)
    )


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
        return (await self.session.scalars(_BY_ID, {"_id": prepayment_id})).one_or_none()

    async def by_token(self, token_hash: str) -> Prepayment | None:
        """The prepayment with this token hash, locked until the transaction ends, or None."""
        return (await self.session.scalars(_BY_TOKEN, {"_token": token_hash})).one_or_none()

    async def change(self, prepayment_id: str, values: dict[str, Any]) -> None:
        """Change a prepayment that is locked in this transaction."""
        await self.session.execute(_changing(tuple(values)), {"_id": prepayment_id, **values})

    async def payment(self, ledger_id: str) -> Payment | None:
        """The authorization that pays a prepayment."""
        return await self.session.get(Payment, ledger_id)

    async def take_one(self, prepayment_id: str) -> bool:
        """Deduct one remaining call; False when none remains."""
        taken = await self.session.execute(_TAKING, {"_id": prepayment_id})
        return taken.scalar_one_or_none() is not None

    async def put_back(self, prepayment_id: str, calls: int) -> None:
        """Add calls back to what remains."""
        await self.session.execute(_PUTTING_BACK, {"_id": prepayment_id, "_calls": calls})

    async def end_use(self, use_id: str, values: dict[str, Any]) -> bool:
        """Change a use that is still held; returns whether it was."""
        return await self._change_held(False, {"_use": use_id}, values) == 1

    async def renew(self, use_id: str, lease_until: datetime) -> bool:
        """Extend the lease of a use; False when it is no longer held."""
        return await self._change_held(False, {"_use": use_id}, {"lease_until": lease_until}) == 1

    async def end_dead_uses(self, prepayment_id: str, now: datetime, latest: datetime) -> int:
        """Return uses whose lease ended before `now`, or lasts beyond `latest`; returns how many there were."""
        return await self._change_held(
            True,
            {"_id": prepayment_id, "_now": now, "_latest": latest},
            {"state": UseState.RETURNED, "ended_at": now, "detail": "lease ran out"},
        )

    async def use_of_key(self, prepayment_id: str, key: str) -> PrepaidUse | None:
        """The held or spent use with an idempotency key, or None."""
        used = await self.session.scalars(_OF_KEY, {"_id": prepayment_id, "_key": key})
        return used.one_or_none()

    async def last_answer(self, prepayment_id: str, request_hash: str) -> PrepaidUse | None:
        """The newest use that answered this very request, or None."""
        answers = await self.session.scalars(_LAST_ANSWER, {"_id": prepayment_id, "_request": request_hash})
        return answers.one_or_none()

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
        return (await self.session.execute(_HELD, {"_id": prepayment_id})).scalar_one()

    async def _change_held(self, dead: bool, named: dict[str, Any], values: dict[str, Any]) -> int:
        ended = await self.session.execute(_ending(dead, tuple(values)), {**named, **values})
        return len(ended.all())

"""Queries of the ledger, without rules and commits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import ColumnElement, Executable, Table, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from alive402.payments.core import Answered, AnswerGone, Money
from alive402.payments.ledger.models import ChainPosition, Payment, PaymentEvent, PaymentIdentifier
from alive402.payments.ledger.notifications import notify_step
from alive402.payments.ledger.states import HELD, PAID, State

# Built once, because building a statement and its cache key costs more than running it.
_TABLE = cast(Table, Payment.__table__)
_PAYMENTS = _TABLE.c
_NOTING = insert(cast(Table, PaymentEvent.__table__))
_AUTHORIZATION = and_(
    _PAYMENTS.network == bindparam("_network"),
    _PAYMENTS.asset == bindparam("_asset"),
    _PAYMENTS.payer == bindparam("_payer"),
    _PAYMENTS.nonce == bindparam("_nonce"),
)
_IS_KNOWN = select(_PAYMENTS.id).where(_AUTHORIZATION)
_FIND = select(Payment).where(_AUTHORIZATION).with_for_update()


@cache
def _adding(dialect: str, columns: tuple[str, ...]) -> Executable:
    dialect_insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    row: dict[str, Any] = {name: bindparam(name) for name in columns}
    return dialect_insert(_TABLE).values(row).on_conflict_do_nothing().returning(_PAYMENTS.id)


@cache
def _moving(before: tuple[str, ...], columns: tuple[str, ...]) -> Executable:
    # The states are written out: a list would be expanded at each execution.
    return (
        update(_TABLE)
        .where(
            _PAYMENTS.id == bindparam("_id"),
            _PAYMENTS.owner == bindparam("_owner"),
            or_(*(_PAYMENTS.state == state for state in before)),
        )
        .values({name: bindparam(name) for name in columns})
        .returning(_PAYMENTS.id)
    )


def was_refused(payment: Payment) -> bool:
    """Whether a refused settlement has an answer: the money may still move, so the payment stays with its request."""
    return payment.result is not None and payment.state in (State.EXECUTED, State.FAILED)


def answered(payment: Payment) -> Answered:
    """The stored answer of a paid payment. Raises `AnswerGone` when it has been erased."""
    if payment.result is None:
        raise AnswerGone
    return Answered(payment.request_id or "", json.loads(payment.result), json.loads(payment.receipt or "{}"))


async def is_known(database: AsyncSession | AsyncConnection, network: str, asset: str, payer: str, nonce: str) -> bool:
    """Whether the database has a payment of an authorization."""
    money = {"_network": network, "_asset": asset, "_payer": payer, "_nonce": nonce}
    return (await database.execute(_IS_KNOWN, money)).scalar_one_or_none() is not None


class PaymentRepository:
    """Reads and writes payments within the session's transaction. `webhook_urls` are notified of each step."""

    def __init__(self, session: AsyncSession, webhook_urls: Sequence[str] = ()) -> None:
        self.session = self._session = session
        self._webhook_urls = webhook_urls

    async def find(self, network: str, asset: str, payer: str, nonce: str) -> Payment | None:
        """The payment of an authorization, locked until the transaction ends, or None."""
        # Most are new. A query without the object costs half as much.
        if not await is_known(self._session, network, asset, payer, nonce):
            return None
        money = {"_network": network, "_asset": asset, "_payer": payer, "_nonce": nonce}
        return (await self._session.scalars(_FIND, money)).one_or_none()

    async def get(self, payment_id: str) -> Payment | None:
        """A payment by id, locked until the transaction ends, or None."""
        return (await self._session.scalars(select(Payment).where(Payment.id == payment_id).with_for_update())).first()

    async def answer_to(self, request_id: str) -> Payment | None:
        """The payment that bought the answer to a request, or None; `result` is None when the answer was deleted."""
        paid = Payment.state.in_([str(state) for state in PAID])
        return (await self._session.scalars(select(Payment).where(Payment.request_id == request_id, paid))).first()

    async def ended(self, now: datetime, furthest: datetime, limit: int) -> list[Payment]:
        """Held payments whose lease ended before `now`, or lasts beyond `furthest`; locked, oldest lease first.

        Rows that another transaction has locked are skipped.
        """
        over = or_(Payment.lease_until <= now, Payment.lease_until > furthest)
        query = (
            select(Payment)
            .where(Payment.state.in_([str(state) for state in HELD]), over)
            .order_by(Payment.lease_until)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return list(await self._session.scalars(query))

    async def unresolved(self, ran_out_before: int, failed_after: datetime, limit: int) -> list[Payment]:
        """Payments that may have moved: of unknown settlement, or failed.

        Of the failed ones, those that failed after that time, and those that ran out before that unix time. At most
        `limit` of each network, the ones changed longest ago first.
        """
        lately = select(PaymentEvent.payment_id).where(
            PaymentEvent.state == str(State.FAILED), PaymentEvent.at > failed_after
        )
        due = or_(Payment.valid_before < ran_out_before, Payment.id.in_(lately))
        refused: ColumnElement[bool] = and_(Payment.state == State.FAILED, due)
        turn = func.row_number().over(partition_by=Payment.network, order_by=Payment.updated_at)
        waiting = (
            select(Payment.id, turn.label("turn")).where(or_(Payment.state == State.SETTLE_UNKNOWN, refused)).subquery()
        )
        query = (
            select(Payment)
            .join(waiting, waiting.c.id == Payment.id)
            .where(waiting.c.turn <= limit)
            .order_by(Payment.updated_at)
        )
        return list(await self._session.scalars(query))

    async def refunded_by(self, transaction: str, like: Payment) -> int:
        """How many payments with the same amount, token and payer are marked as refunded by that transaction."""
        query = select(func.count()).where(
            Payment.refund == transaction,
            Payment.network == like.network,
            Payment.asset == like.asset,
            Payment.payer == like.payer,
            Payment.amount == like.amount,
        )
        return (await self._session.scalars(query)).one()

    async def renew(self, payment_id: str, owner: str, lease_until: datetime) -> bool:
        """Extend the lease of a payment that `owner` holds; returns whether it does."""
        held = Payment.state.in_([str(state) for state in HELD])
        statement = (
            update(Payment)
            .where(Payment.id == payment_id, Payment.owner == owner, held)
            .values(lease_until=lease_until)
            .returning(Payment.id)
        )
        return (await self._session.execute(statement)).scalar_one_or_none() is not None

    async def add(self, values: dict[str, Any]) -> bool:
        """Insert a payment; False when the same authorization is stored already."""
        statement = _adding(self._session.get_bind().dialect.name, tuple(values))
        return (await self._session.execute(statement, values)).scalar_one_or_none() is not None

    async def add_recovered(self, money: Money, transaction: str, now: datetime) -> str | None:
        """Insert a payment that the chain shows, with the amount that moved; None when it is stored already."""
        values: dict[str, Any] = {
            "id": uuid4().hex,
            "service_id": "",
            **asdict(money),
            "state": str(State.RECOVERED),
            "transaction": transaction,
            "created_at": now,
            "updated_at": now,
        }
        if not await self.add(values):
            return None
        await self.note(values["id"], now, State.RECOVERED, None, transaction)
        return str(values["id"])

    async def paid_by(self, transactions: Sequence[str]) -> dict[str, int]:
        """How many payments each of these transactions has paid."""
        known = (*PAID, State.RECOVERED)
        query = (
            select(Payment.transaction, func.count())
            .where(Payment.transaction.in_(transactions), Payment.state.in_([str(state) for state in known]))
            .group_by(Payment.transaction)
        )
        return {str(transaction): count for transaction, count in await self._session.execute(query)}

    async def position(self, network: str, asset: str, pay_to: str) -> int | None:
        """The recorded height of an address, or None."""
        place = await self._session.get(ChainPosition, (network, asset, pay_to))
        return place.height if place is not None else None

    async def reach(self, network: str, asset: str, pay_to: str, height: int, now: datetime) -> None:
        """Record the height of an address, unless a greater one is recorded."""
        dialect = postgresql if self._session.get_bind().dialect.name == "postgresql" else sqlite
        row = {"network": network, "asset": asset, "pay_to": pay_to, "height": height, "updated_at": now}
        statement = dialect.insert(ChainPosition).values(row)
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=["network", "asset", "pay_to"],
                set_={"height": height, "updated_at": now},
                where=ChainPosition.height <= height,
            )
        )

    async def named(self, service_id: str, identifier: str) -> Payment | None:
        """The payment of a buyer's identifier, locked until the transaction ends, or None."""
        query = (
            select(Payment)
            .join(PaymentIdentifier, PaymentIdentifier.payment_id == Payment.id)
            .where(PaymentIdentifier.service_id == service_id, PaymentIdentifier.identifier == identifier)
            .with_for_update()
        )
        return (await self._session.scalars(query)).one_or_none()

    async def name(self, service_id: str, identifier: str, payment_id: str) -> bool:
        """Bind an identifier to this payment; False when another transaction bound it since `named`."""
        dialect = postgresql if self._session.get_bind().dialect.name == "postgresql" else sqlite
        row = {"service_id": service_id, "identifier": identifier, "payment_id": payment_id}
        free = select(Payment.id).where(Payment.state.in_([str(State.RELEASED), str(State.EXPIRED)]))
        statement = (
            dialect.insert(PaymentIdentifier)
            .values(row)
            .on_conflict_do_update(
                index_elements=["service_id", "identifier"],
                set_={"payment_id": payment_id},
                where=or_(PaymentIdentifier.payment_id == payment_id, PaymentIdentifier.payment_id.in_(free)),
            )
            .returning(PaymentIdentifier.payment_id)
        )
        return (await self._session.execute(statement)).scalar_one_or_none() is not None

    async def change(self, payment_id: str, values: dict[str, Any]) -> None:
        """Change a payment that `find` locked in this transaction."""
        await self._session.execute(update(Payment).where(Payment.id == payment_id).values(values))

    async def move(self, payment_id: str, owner: str, before: Iterable[State], values: dict[str, Any]) -> bool:
        """Change a payment only if `owner` holds it in one of the states `before`; returns whether it did."""
        statement = _moving(tuple(map(str, before)), tuple(values))
        moved = await self._session.execute(statement, {"_id": payment_id, "_owner": owner, **values})
        return moved.scalar_one_or_none() is not None

    async def note(self, payment_id: str, at: datetime, state: State, request_id: str | None, detail: str) -> None:
        """Add one event to a payment's history and to the outbox."""
        await self.note_all(payment_id, at, (state,), request_id, detail)

    async def note_all(
        self, payment_id: str, at: datetime, states: Sequence[State], request_id: str | None, detail: str
    ) -> None:
        """Add several events of one time, in order, like `note`."""
        rows = [
            {"payment_id": payment_id, "at": at, "state": str(state), "request_id": request_id, "detail": detail}
            for state in states
        ]
        await self._session.execute(_NOTING, rows)
        for state in states if self._webhook_urls else ():
            await notify_step(self._session, self._webhook_urls, payment_id, at, state, request_id, detail)

    async def events(self, payment_id: str) -> list[PaymentEvent]:
        """A payment's history, oldest first."""
        query = select(PaymentEvent).where(PaymentEvent.payment_id == payment_id).order_by(PaymentEvent.id)
        return list((await self._session.execute(query)).scalars())

    async def all(self, limit: int = 1000) -> list[Payment]:
        """The newest payments, newest first."""
        query = select(Payment).order_by(Payment.created_at.desc(), Payment.id).limit(limit)
        return list((await self._session.execute(query)).scalars())

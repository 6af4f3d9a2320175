"""What is to be told to the operator's other systems, written down in the transaction in which it happened."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Integer, String, Text, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from alive402.payments.models import Base, Payment, Utc
from alive402.payments.prepaid import Prepayment, bought_by, share
from alive402.payments.states import State

BOUGHT = "prepaid.bought"
PREPAID_USED = "prepaid.used"
KEY_USED = "key.used"
TYPES = {
    State.SETTLED: "call.settled",
    State.RELEASED: "call.failed",
    State.FAILED: "payment.refused",
    State.SETTLE_UNKNOWN: "payment.settle_unknown",
    State.EXPIRED: "payment.expired",
    State.REFUNDED: "payment.refunded",
}
"""The states of a payment that are told, and the names under which they are.

Each answer is told once: as `call.settled`, `PREPAID_USED` or `KEY_USED`. An authorization that pays ahead, for no
answer yet, is told as `BOUGHT` when it is settled.
"""


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class WebhookDelivery(Base):
    """One message for one URL. `id` stays the same however often it is sent; `due_at` is when it is sent next.

    `secret` signs a message to a stranger, whose address is checked anew each time; None: it is for the operator.
    """

    __tablename__ = "webhook_deliveries"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime] = mapped_column(Utc)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Utc)
    delivered_at: Mapped[datetime | None] = mapped_column(Utc)
    secret: Mapped[str | None] = mapped_column(Text)


class Outbox:
    """The messages, within the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def put_step(
        self, urls: Sequence[str], payment_id: str, at: datetime, state: State, request_id: str | None, detail: str
    ) -> None:
        """Tell every one of `urls` of a payment's step, when it is one that is told."""
        if state in TYPES and urls:
            payment = await self._session.get(Payment, payment_id, populate_existing=True)
            assert payment is not None
            settled = state in (State.SETTLED, State.REFUNDED)
            prepayment_id = bought_by(payment.result)
            data = {
                "requestId": request_id,
                "serviceId": payment.service_id,
                **_paid(payment),
                "amount": str(payment.amount),
                "state": str(state),
                **({"prepaymentId": prepayment_id} if prepayment_id else {}),
                **({} if settled or not detail else {"reason": detail}),
            }
            bought = prepayment_id is not None and state is State.SETTLED
            self.put(urls, BOUGHT if bought else TYPES[state], at, data)
            await self._session.flush()

    def put_prepaid_use(
        self, urls: Sequence[str], at: datetime, prepayment: Prepayment, payment: Payment | None, request_id: str
    ) -> None:
        """Tell every one of `urls` of an answer that one call of a prepayment paid for.

        `payment` is the authorization that paid it ahead, None when the operator gave it away.
        """
        paid = {"amount": str(share(payment.amount, prepayment.max_calls)), **_paid(payment)} if payment else {}
        left = {"prepaymentId": prepayment.id, "remainingCalls": prepayment.remaining}
        self.put(urls, PREPAID_USED, at, {"requestId": request_id, "serviceId": prepayment.service_id, **paid, **left})

    def put_key_use(self, urls: Sequence[str], at: datetime, key_id: str, service_id: str, request_id: str) -> None:
        """Tell every one of `urls` of an answer to a call by an API key that costs nothing."""
        self.put(urls, KEY_USED, at, {"requestId": request_id, "serviceId": service_id, "keyId": key_id})

    def put(self, urls: Sequence[str], kind: str, at: datetime, data: dict[str, Any]) -> None:
        """Tell every one of `urls`. `data` holds no personal data and no address of a video."""
        body = json.dumps({"type": kind, "timestamp": at.isoformat(), "data": data})
        for url in urls:
            self._add(f"msg_{uuid4().hex}", url, kind, at, body, None)

    def put_for_stranger(
        self, message_id: str, url: str, kind: str, at: datetime, body: dict[str, Any], secret: str
    ) -> None:
        """Tell a caller what it asked to be told, signed with a secret of its own; `message_id` is the message's."""
        self._add(message_id, url, kind, at, json.dumps(body), secret)

    def _add(self, message_id: str, url: str, kind: str, at: datetime, body: str, secret: str | None) -> None:
        self._session.add(
            WebhookDelivery(
                id=message_id,
                url=url,
                type=kind,
                body=body,
                state=str(DeliveryState.PENDING),
                attempts=0,
                due_at=at,
                created_at=at,
                secret=secret,
            )
        )

    async def any_due(self, now: datetime, *, strangers: bool = False) -> bool:
        """Whether `take_due` would find a message; a reading, which hinders no writer."""
        due = _due(now, strangers=strangers)
        return await self._session.scalar(select(WebhookDelivery.id).where(*due).limit(1)) is not None

    async def take_due(
        self, now: datetime, again_after: timedelta, limit: int, *, strangers: bool = False
    ) -> list[WebhookDelivery]:
        """Messages that are to be sent now, oldest first; nobody else gets them before `again_after` is over.

        Those for the operator, or those for `strangers`.
        """
        query = (
            select(WebhookDelivery)
            .where(*_due(now, strangers=strangers))
            .order_by(WebhookDelivery.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        taken = list(await self._session.scalars(query))
        for delivery in taken:
            delivery.attempts += 1
            delivery.due_at = now + again_after
        await self._session.flush()
        return taken

    async def end(self, delivery_id: str, attempt: int, **values: Any) -> None:
        """Write down how one sending ended; nothing happens when it was taken again meanwhile."""
        statement = (
            update(WebhookDelivery)
            .where(WebhookDelivery.id == delivery_id, WebhookDelivery.attempts == attempt)
            .values(values)
        )
        await self._session.execute(statement)

    async def all(self, state: DeliveryState | None, limit: int) -> list[WebhookDelivery]:
        """The newest messages, newest first."""
        query = select(WebhookDelivery).order_by(WebhookDelivery.created_at.desc(), WebhookDelivery.id).limit(limit)
        if state is not None:
            query = query.where(WebhookDelivery.state == str(state))
        return list(await self._session.scalars(query))

    async def revive(self, now: datetime, delivery_id: str | None) -> int:
        """Send again, from the first attempt on: one message that was not delivered, or all dead ones; how many."""
        chosen = WebhookDelivery.state == str(DeliveryState.DEAD)
        if delivery_id is not None:
            chosen = (WebhookDelivery.id == delivery_id) & (WebhookDelivery.state != str(DeliveryState.DELIVERED))
        statement = (
            update(WebhookDelivery)
            .where(chosen)
            .values(state=str(DeliveryState.PENDING), attempts=0, due_at=now, last_error=None)
            .returning(WebhookDelivery.id)
        )
        return len(list(await self._session.scalars(statement)))


def _paid(payment: Payment) -> dict[str, Any]:
    """What is told of the authorization that paid."""
    return {
        "paymentId": payment.id,
        "network": payment.network,
        "asset": payment.asset,
        "payer": payment.payer,
        "payTo": payment.pay_to,
        "transaction": payment.transaction,
    }


def _due(now: datetime, *, strangers: bool) -> tuple[ColumnElement[bool], ...]:
    whose = WebhookDelivery.secret.is_not(None) if strangers else WebhookDelivery.secret.is_(None)
    return WebhookDelivery.state == str(DeliveryState.PENDING), WebhookDelivery.due_at <= now, whose

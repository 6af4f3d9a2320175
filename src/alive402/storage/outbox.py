"""Outbox of notifications: written in the transaction of the event, sent later."""

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

from alive402.storage.models import Base, Utc


class DeliveryState(StrEnum):
    """The state of a delivery."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class WebhookDelivery(Base):
    """One message for one URL. `id` is the same for every try; `due_at` is the time of the next one.

    `secret` signs a message to a caller's URL, whose address is checked again each time; None: it is for the operator.
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
    """Operations on messages within the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def put(self, urls: Sequence[str], kind: str, at: datetime, data: dict[str, Any]) -> None:
        """Queue a notification for each of `urls`. `data` holds no personal data and no URL of a video."""
        body = json.dumps({"type": kind, "timestamp": at.isoformat(), "data": data})
        for url in urls:
            self._add(f"msg_{uuid4().hex}", url, kind, at, body, None)

    def put_for_stranger(
        self, message_id: str, url: str, kind: str, at: datetime, body: dict[str, Any], secret: str
    ) -> None:
        """Queue a callback that a caller requested, signed with its own secret; `message_id` is its id."""
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
        """Whether `take_due` would find a message; read-only, so it blocks no writer."""
        due = _due(now, strangers=strangers)
        return await self._session.scalar(select(WebhookDelivery.id).where(*due).limit(1)) is not None

    async def take_due(
        self, now: datetime, again_after: timedelta, limit: int, *, strangers: bool = False
    ) -> list[WebhookDelivery]:
        """Take the messages that are due, oldest first; no other process gets them until `again_after` has passed.

        Either those for the operator, or those for `strangers`.
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
        """Record the result of a try; does nothing if the message was taken again meanwhile."""
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
        """Send again from the first try: one undelivered message, or all dead ones; returns how many."""
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


def _due(now: datetime, *, strangers: bool) -> tuple[ColumnElement[bool], ...]:
    whose = WebhookDelivery.secret.is_not(None) if strangers else WebhookDelivery.secret.is_(None)
    return WebhookDelivery.state == str(DeliveryState.PENDING), WebhookDelivery.due_at <= now, whose

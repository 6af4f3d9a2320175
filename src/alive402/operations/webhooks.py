"""Delivers the outbox as signed webhooks (standardwebhooks.com), with retries at growing intervals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import structlog
from sqlalchemy.exc import SQLAlchemyError
from standardwebhooks import Webhook

from alive402.intake import FetchLimits, IntakeError, callbacks
from alive402.payments.ledger import Ledger
from alive402.storage import DeliveryState, Outbox, WebhookDelivery
from alive402.upkeep import Upkeep
from alive402.version import VERSION

log = structlog.get_logger(__name__)

# Delays between tries, as the specification advises; after the last one the message is dead.
WAITS = tuple(
    timedelta(**wait)
    for wait in (
        {"seconds": 5},
        {"minutes": 5},
        {"minutes": 30},
        {"hours": 2},
        {"hours": 5},
        {"hours": 10},
        {"hours": 14},
        {"hours": 20},
        {"hours": 24},
    )
)
WEBHOOK_ANSWER_SECONDS = 15.0
AT_ONCE = 20
POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Courier:
    """Sends due messages; several processes may do so over one ledger. `secret` is `whsec_` and base64.

    With `strangers` it sends callers' notifications, each signed with its own secret, to addresses that these limits
    allow; without, the operator's webhooks. Neither waits for the other.
    """

    ledger: Ledger
    secret: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    strangers: FetchLimits | None = None

    async def deliver_due(self) -> int:
        """Send every due message once; returns how many were tried.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the ledger cannot be read or written.
        """
        sent = 0
        async with AsyncExitStack() as stack:
            http: httpx.AsyncClient | None = None
            while due := await self._take_due():
                # Created only when needed: a client loads every certificate authority, and usually nothing is due.
                if http is None:
                    http = httpx.AsyncClient(timeout=WEBHOOK_ANSWER_SECONDS, follow_redirects=False, trust_env=False)
                    await stack.enter_async_context(http)
                await asyncio.gather(*[self._send(http, each) for each in due])
                sent += len(due)
        return sent

    async def _take_due(self) -> list[WebhookDelivery]:
        # If a process dies while sending, the message is sent again.
        again_after, strangers = timedelta(seconds=2 * WEBHOOK_ANSWER_SECONDS), self.strangers is not None
        async with self.ledger.reading() as session:
            if not await Outbox(session).any_due(self.now(), strangers=strangers):
                return []
        async with self.ledger.session() as session:
            return await Outbox(session).take_due(self.now(), again_after, AT_ONCE, strangers=strangers)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver messages until the block ends."""
        name = "webhooks" if self.strangers is None else "callbacks"
        async with Upkeep(name, self.deliver_due, expected=SQLAlchemyError).running(POLL_SECONDS):
            yield

    async def _send(self, http: httpx.AsyncClient, delivery: WebhookDelivery) -> None:
        at = self.now()
        headers = {
            "webhook-id": delivery.id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(delivery.secret or self.secret).sign(delivery.id, at, delivery.body),
            "content-type": "application/json",
            "user-agent": f"alive402/{VERSION}",
        }
        try:
            if self.strangers is None:
                status = (await http.post(delivery.url, content=delivery.body, headers=headers)).status_code
            else:
                status = await callbacks.post(delivery.url, delivery.body.encode(), headers, self.strangers)
            error = None if 200 <= status < 300 else f"HTTP {status}"
            gone = status == httpx.codes.GONE
        except (httpx.HTTPError, httpx.InvalidURL, IntakeError) as failure:
            error, gone = type(failure).__name__, False
        async with self.ledger.session() as session:
            await self._write_down(Outbox(session), delivery, error, gone=gone)
        log.info("webhook", id=delivery.id, type=delivery.type, attempt=delivery.attempts, error=error)

    async def _write_down(self, outbox: Outbox, delivery: WebhookDelivery, error: str | None, *, gone: bool) -> None:
        now, attempt = self.now(), delivery.attempts
        if error is None:
            done = str(DeliveryState.DELIVERED)
            await outbox.end(delivery.id, attempt, state=done, delivered_at=now, last_error=None)
        elif gone or attempt > len(WAITS):
            await outbox.end(delivery.id, attempt, state=str(DeliveryState.DEAD), last_error=error)
        else:
            await outbox.end(delivery.id, attempt, due_at=now + WAITS[attempt - 1], last_error=error)

"""Tests of the delivery of job callbacks: retried, and only to addresses that are checked each time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from alive402.calls.jobs.store import JobStore, erase
from alive402.intake import FetchLimits
from alive402.operations import Courier
from alive402.payments.ledger import Ledger
from alive402.storage import DeliveryState, Outbox, WebhookDelivery
from tests.receivers import Called, called_back

pytestmark = pytest.mark.anyio
PRIVATE = FetchLimits(allow_private=True)


@pytest.fixture
def called() -> Iterator[Called]:
    with called_back() as made:
        yield made


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(database_url, lease_seconds=60)
    yield opened
    await opened.close()


async def told(called: Called) -> tuple[dict[str, str], bytes]:
    return await asyncio.to_thread(called.heard.get, timeout=30)


async def finished(ledger: Ledger, url: str) -> dict[str, object]:
    """Make a failed job with a callback to `url`."""
    books = JobStore(ledger)
    job = await books.add("service", "request", "http://here", 2, url)
    closed = await books.finish(job, error={"code": "no_face", "status": 422}, owner=books.owner)
    assert closed is not None
    return closed.to_dict()


async def deliveries(ledger: Ledger) -> list[WebhookDelivery]:
    async with ledger.session() as session:
        return await Outbox(session).all(None, 10)


async def test_failed_callback_is_retried(ledger: Ledger, called: Called) -> None:
    job = await finished(ledger, called.url)
    clock = datetime.now(UTC)
    courier = Courier(ledger, "", lambda: clock, strangers=PRIVATE)
    for status in (500, 302):
        called.status = status
        assert await courier.deliver_due() == 1
        await told(called)
        ((said),) = [each.last_error for each in await deliveries(ledger)]
        assert said == f"HTTP {status}"
        assert await courier.deliver_due() == 0
        clock += timedelta(hours=1)
    called.status = 204
    assert await courier.deliver_due() == 1
    headers, body = await told(called)
    assert json.loads(body) == job
    assert headers["webhook-id"].startswith("job_")
    (delivery,) = await deliveries(ledger)
    assert (delivery.state, delivery.attempts) == (DeliveryState.DELIVERED, 3)
    assert called.heard.empty()


async def test_callback_to_a_private_address_is_not_dialled(ledger: Ledger, called: Called) -> None:
    await finished(ledger, called.url.replace("127.0.0.1", "localhost"))
    ports = frozenset({int(called.url.split(":")[2].split("/")[0])})
    assert await Courier(ledger, "", strangers=FetchLimits(ports=ports)).deliver_due() == 1
    (delivery,) = await deliveries(ledger)
    assert (delivery.state, delivery.last_error) == (DeliveryState.PENDING, "ForbiddenAddress")
    assert called.heard.empty()


async def test_callbacks_and_webhooks_do_not_wait_for_each_other(ledger: Ledger, called: Called) -> None:
    await finished(ledger, called.url)
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"
    assert await Courier(ledger, secret).deliver_due() == 0
    async with ledger.session() as session:
        Outbox(session).put([called.url], "call.settled", datetime.now(UTC), {})
    strangers = Courier(ledger, "", strangers=PRIVATE)
    assert (await strangers.deliver_due(), await Courier(ledger, secret).deliver_due()) == (1, 1)


async def test_erased_answer_is_removed_from_callbacks(ledger: Ledger, called: Called) -> None:
    job = await finished(ledger, called.url)
    async with ledger.session() as session:
        await erase(session, "another")
    assert await JobStore(ledger).find(str(job["jobId"])) is not None
    async with ledger.session() as session:
        await erase(session, "request")
    assert await JobStore(ledger).find(str(job["jobId"])) is None
    assert await Courier(ledger, "", strangers=PRIVATE).deliver_due() == 0


async def test_old_jobs_are_deleted(ledger: Ledger, called: Called) -> None:
    job = await finished(ledger, called.url)
    later = JobStore(ledger, lambda: datetime.now(UTC) + timedelta(days=2))
    async with ledger.session() as session:
        await session.execute(update(WebhookDelivery).values(state=str(DeliveryState.DEAD)))
    await JobStore(ledger).prune(timedelta(days=1))
    assert await later.find(str(job["jobId"])) is not None
    await later.prune(timedelta(days=1))
    assert await later.find(str(job["jobId"])) is None
    assert await deliveries(ledger) == []

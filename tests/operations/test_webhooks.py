"""Tests of webhooks: stored with the step that they report, retried until accepted, finally given up."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr, ValidationError
from typer.testing import CliRunner, Result

from alive402.cli.main import app
from alive402.operations.webhooks import WAITS, Courier
from alive402.payments.core import Claim, Money, Use
from alive402.payments.ledger import Ledger
from alive402.settings import Settings
from alive402.storage import DeliveryState, Outbox, WebhookDelivery
from tests.receivers import SECRET, Receiver, receiving

pytestmark = pytest.mark.anyio
MONEY = Money("eip155:84532", "0xaa", "0xbb", "0xcc", "0xdd", 200_000, 4_000_000_000, "proof")
USE = Use("video-face-liveness-detection", "request", "first")


@dataclass
class Clock:
    """A clock that is moved by hand."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at

    def go(self, time: timedelta) -> None:
        self.at += time


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
async def ledger(database_url: str, receiver: Receiver) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(database_url, lease_seconds=60)
    opened.webhook_urls = (receiver.url,)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(UTC) + timedelta(minutes=1))


@pytest.fixture
def courier(ledger: Ledger, clock: Clock) -> Courier:
    return Courier(ledger, SECRET, clock)


async def reserve(ledger: Ledger) -> Claim:
    async with ledger.begin() as payments:
        claim = await payments.reserve(MONEY, USE, verified=True)
    assert isinstance(claim, Claim)
    return claim


async def fail(ledger: Ledger) -> None:
    """A call that ends without an answer: one message."""
    claim = await reserve(ledger)
    async with ledger.begin() as payments:
        await payments.release(claim, "no_face")


async def deliveries(ledger: Ledger) -> list[WebhookDelivery]:
    async with ledger.session() as session:
        return await Outbox(session).all(None, 100)


async def test_bought_answer_sends_one_webhook_with_its_transaction(
    ledger: Ledger, courier: Courier, receiver: Receiver
) -> None:
    claim = await reserve(ledger)
    async with ledger.begin() as payments:
        await payments.settling(claim, {"Elements": [{"Rect": [1, 2, 3, 4]}]})
    async with ledger.begin() as payments:
        await payments.settled(claim, "0x1", {"success": True})
    assert await courier.deliver_due() == 1
    ((_, event),) = receiver.all()
    assert event["type"] == "call.settled"
    assert event["data"] == {
        "paymentId": claim.payment_id,
        "requestId": "first",
        "serviceId": "video-face-liveness-detection",
        "network": "eip155:84532",
        "asset": "0xaa",
        "amount": "200000",
        "payer": "0xbb",
        "payTo": "0xdd",
        "state": "settled",
        "transaction": "0x1",
    }
    assert await courier.deliver_due() == 0


async def test_failed_call_and_unknown_settlement_send_webhooks(
    ledger: Ledger, courier: Courier, receiver: Receiver
) -> None:
    await fail(ledger)
    claim = await reserve(ledger)
    async with ledger.begin() as payments:
        await payments.settling(claim, {})
    async with ledger.begin() as payments:
        await payments.unknown(claim, "facilitator_silent")
    await courier.deliver_due()
    told = {event["type"]: event["data"]["reason"] for _, event in receiver.all()}
    assert told == {"call.failed": "no_face", "payment.settle_unknown": "facilitator_silent"}


async def test_rollback_sends_no_webhook(ledger: Ledger, courier: Courier) -> None:
    claim = await reserve(ledger)

    async def release_and_fail() -> None:
        async with ledger.begin() as payments:
            await payments.release(claim, "no_face")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await release_and_fail()
    assert await deliveries(ledger) == []
    assert await courier.deliver_due() == 0


async def test_webhook_is_retried_with_backoff_and_given_up(
    ledger: Ledger, courier: Courier, clock: Clock, receiver: Receiver
) -> None:
    receiver.status = 500
    await fail(ledger)
    assert await courier.deliver_due() == 1
    for wait in WAITS:
        clock.go(wait - timedelta(seconds=1))
        assert await courier.deliver_due() == 0
        clock.go(timedelta(seconds=1))
        assert await courier.deliver_due() == 1
    clock.go(timedelta(days=30))
    assert await courier.deliver_due() == 0
    (dead,) = await deliveries(ledger)
    assert (dead.state, dead.attempts, dead.last_error) == (DeliveryState.DEAD, len(WAITS) + 1, "HTTP 500")
    assert {name for name, _ in receiver.all()} == {dead.id}
    async with ledger.session() as session:
        assert await Outbox(session).revive(clock(), None) == 1
    receiver.status = 200
    assert await courier.deliver_due() == 1
    (delivered,) = await deliveries(ledger)
    assert (delivered.state, delivered.attempts, delivered.last_error) == (DeliveryState.DELIVERED, 1, None)
    assert delivered.delivered_at == clock()


@pytest.mark.parametrize(("status", "state"), [(410, DeliveryState.DEAD), (302, DeliveryState.PENDING)])
async def test_gone_is_final_and_a_redirect_is_a_failure(
    ledger: Ledger, courier: Courier, receiver: Receiver, status: int, state: DeliveryState
) -> None:
    receiver.status = status
    await fail(ledger)
    await courier.deliver_due()
    (delivery,) = await deliveries(ledger)
    assert (delivery.state, delivery.last_error) == (state, f"HTTP {status}")


async def test_silent_host_is_retried(ledger: Ledger, courier: Courier, clock: Clock) -> None:
    ledger.webhook_urls = ("http://127.0.0.1:9/",)
    await fail(ledger)
    await courier.deliver_due()
    (delivery,) = await deliveries(ledger)
    assert (delivery.state, delivery.last_error) == (DeliveryState.PENDING, "ConnectError")
    assert delivery.due_at == clock() + WAITS[0]


async def test_two_couriers_send_each_message_once(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    for _ in range(30):
        await fail(ledger)
    sent = await asyncio.gather(*[Courier(ledger, SECRET, clock).deliver_due() for _ in range(4)])
    assert sum(sent) == 30
    heard = receiver.all()
    assert (len(heard), len({name for name, _ in heard})) == (30, 30)


async def test_next_courier_sends_messages_of_a_dead_one(
    ledger: Ledger, courier: Courier, clock: Clock, receiver: Receiver
) -> None:
    await fail(ledger)
    async with ledger.session() as session:
        assert len(await Outbox(session).take_due(clock(), timedelta(seconds=30), 10)) == 1
    assert await courier.deliver_due() == 0
    clock.go(timedelta(seconds=30))
    assert await courier.deliver_due() == 1
    assert len(receiver.all()) == 1


async def test_command_line_lists_and_resends_webhooks(
    ledger: Ledger, courier: Courier, clock: Clock, receiver: Receiver, database_url: str
) -> None:
    receiver.status = 410
    await fail(ledger)
    await courier.deliver_due()

    environment = {"ALIVE402_DATABASE_URL": database_url}

    def command(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["webhooks", *arguments], env=environment)

    def process(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-c", "from alive402.cli.main import main; main()", "webhooks", *arguments]
        given = {**os.environ, **environment}
        return subprocess.run(line, env=given, capture_output=True, text=True, timeout=60, check=False)

    listed = await asyncio.to_thread(command, "list", "--state", "dead")
    (delivery,) = await deliveries(ledger)
    assert delivery.id in listed.stdout, listed.output
    assert "HTTP 410" in listed.stdout
    assert (await asyncio.to_thread(command, "retry", "msg_none")).exit_code == 1
    assert (await asyncio.to_thread(process, "retry")).returncode == 64
    retried = await asyncio.to_thread(command, "retry", delivery.id)
    assert (retried.exit_code, retried.stdout) == (0, "1 to be sent again.\n")
    receiver.status = 200
    clock.go(timedelta(minutes=1))
    assert await courier.deliver_due() == 1


@pytest.mark.parametrize(
    "secret", [None, "", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!"]
)
def test_invalid_webhook_secret_is_refused(secret: str | None) -> None:
    given = SecretStr(secret) if secret is not None else None
    with pytest.raises(ValidationError, match="ALIVE402_WEBHOOK_SECRET"):
        Settings(webhook_urls=("http://127.0.0.1/",), webhook_secret=given)  # type: ignore[arg-type]

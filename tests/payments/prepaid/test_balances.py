"""Tests of balances of prepaid keys under failures, dead processes and concurrency: never more calls than credited."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alive402.payments.core import (
    AccessKeyUnknown,
    Answered,
    ApiKeyRefused,
    PaymentInUse,
    PaymentsMisconfigured,
    TokenExhausted,
    Use,
)
from alive402.payments.keys import AccessKeys, Keys, Scope, SecretBox
from alive402.payments.ledger import Ledger
from alive402.payments.prepaid.balances import Balances
from alive402.payments.prepaid.tokens import TokenHold, Tokens
from alive402.storage import Outbox
from tests.ledgers import MakeDatabase
from tests.payments.prepaid.signing import judged, verdicts

LEASE = 30
START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


async def opened(url: str, clock: Clock) -> tuple[Ledger, Balances, str]:
    ledger = await Ledger.open(url, LEASE)
    row, _ = await Keys(ledger, clock).create("customer", [Scope.CALL], prepaid=True)
    return ledger, Balances(ledger, Tokens(ledger, 90, clock), 90, clock), row.id


async def left(balances: Balances, key: str) -> int:
    return (await balances.all()).get(key, {}).get("service", 0)


@given(
    fills=st.lists(st.integers(1, 3), max_size=3),
    steps=st.lists(st.sampled_from(["take", "answer", "fail", "die"]), max_size=12),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_balance_invariant_holds_in_any_order(make_database: MakeDatabase, fills: list[int], steps: list[str]) -> None:
    async def walk() -> None:
        clock = Clock()
        ledger, balances, key = await opened(make_database(), clock)
        for calls in fills:
            await balances.grant(key, "service", calls)
        held: list[TokenHold] = []
        filled, spent = sum(fills), 0
        for number, step in enumerate(steps):
            if step == "take":
                use = Use("service", f"hash {number}", f"request {number}")
                try:
                    got = await balances.take(key, use)
                except TokenExhausted:
                    assert spent == filled
                    assert not held
                except PaymentInUse:
                    assert spent + len(held) == filled
                    assert held
                else:
                    assert isinstance(got, TokenHold)
                    held.append(got)
            elif step == "die":
                # The process of every call dies, and the leases run out.
                clock.now += timedelta(seconds=LEASE + 1)
                held.clear()
            elif held and step == "answer":
                await held.pop().settle(judged(), verdicts(ledger))
                spent += 1
            elif held:
                await held.pop().give_back("no_face")
            assert await left(balances, key) == filled - spent - len(held)
        assert await left(balances, "another key") == 0
        await ledger.close()

    asyncio.run(walk())


def test_forty_concurrent_calls_use_only_the_balance(database_url: str) -> None:
    async def at_once() -> None:
        clock = Clock()
        ledger, balances, key = await opened(database_url, clock)
        for _ in range(3):
            await balances.grant(key, "service", 3)

        async def one(number: int) -> bool:
            try:
                return isinstance(
                    await balances.take(key, Use("service", f"hash {number}", f"request {number}")), TokenHold
                )
            except PaymentInUse:
                return False

        assert sum(await asyncio.gather(*(one(number) for number in range(40)))) == 9
        assert await left(balances, key) == 0
        await ledger.close()

    asyncio.run(at_once())


def test_balance_is_per_service_and_expires(database_url: str) -> None:
    async def walk() -> None:
        clock = Clock()
        ledger, balances, key = await opened(database_url, clock)
        await balances.grant(key, "service", 2)
        with pytest.raises(TokenExhausted):
            await balances.take(key, Use("another", "hash", "request 1"))
        first = await balances.take(key, Use("service", "hash", "request 2"), "my key")
        assert isinstance(first, TokenHold)
        with pytest.raises(PaymentInUse):
            await balances.recall(key, Use("service", "hash", "request 3"), "my key")
        ledger.webhook_urls = ("https://ops.example/hooks",)
        await first.settle(judged(), verdicts(ledger))
        async with ledger.session() as session:
            (told,) = await Outbox(session).all(None, 10)
        assert told.type == "prepaid.used"
        assert json.loads(told.body)["data"]["keyId"] == key
        again = await balances.take(key, Use("service", "hash", "request 4"), "my key")
        assert isinstance(again, Answered)
        assert again.request_id == "request 2"
        clock.now += timedelta(days=91)
        with pytest.raises(TokenExhausted):
            await balances.take(key, Use("service", "other", "request 5"))
        assert await left(balances, key) == 0
        await ledger.close()

    asyncio.run(walk())


def test_secret_is_stored_encrypted(database_url: str, tmp_path: Path) -> None:
    async def walk() -> None:
        ledger = await Ledger.open(database_url, LEASE)
        keys, file = Keys(ledger), tmp_path / "secrets.key"
        row, secret = await keys.create("signer", [Scope.CALL], secret_box=SecretBox(file))
        assert file.stat().st_mode & 0o777 == 0o600
        assert row.sealed_secret is not None
        assert row.access_key_id is not None
        assert secret not in row.sealed_secret
        assert (await AccessKeys(ledger, SecretBox(file)).find(row.access_key_id)).secret == secret
        given = file.read_text().strip()
        newer = SecretBox(tmp_path / "none", f"{'A' * 43}=,{given}")
        assert (await AccessKeys(ledger, newer).find(row.access_key_id)).secret == secret
        for secret_box in (SecretBox(tmp_path / "missing"), SecretBox(file, "A" * 43 + "=")):
            with pytest.raises(PaymentsMisconfigured):
                await AccessKeys(ledger, secret_box).find(row.access_key_id)
        file.chmod(0o644)
        with pytest.raises(PaymentsMisconfigured, match="chmod 600"):
            await AccessKeys(ledger, SecretBox(file)).find(row.access_key_id)
        with pytest.raises(PaymentsMisconfigured, match="Fernet"):
            SecretBox(file, "no key")
        with pytest.raises(AccessKeyUnknown):
            await AccessKeys(ledger, SecretBox(file)).prepaid(row.access_key_id)
        await keys.revoke(row.id)
        with pytest.raises(ApiKeyRefused):
            await AccessKeys(ledger, SecretBox(file)).find(row.access_key_id)
        await ledger.close()

    asyncio.run(walk())

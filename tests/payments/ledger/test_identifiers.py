"""Tests of payment identifiers and Idempotency-Keys in the ledger: one name binds one payment, also concurrently."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import pytest

from alive402.payments.core import (
    Answered,
    Claim,
    KeyReused,
    Money,
    PaymentIdentifierTaken,
    PaymentInUse,
    Unverified,
    Use,
)
from alive402.payments.ledger.ledger import Ledger

pytestmark = pytest.mark.anyio
MONEY = Money("eip155:84532", "0xaa", "0xbb", "0xcc", "0xdd", 200_000, 4_000_000_000, "proof")
USE = Use("video-face-liveness-detection", "request", "first", "an identifier of a buyer")


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(database_url, lease_seconds=60)
    yield opened
    await opened.close()


def another(number: int) -> Money:
    return dataclasses.replace(MONEY, nonce=f"0x{number}", proof=f"proof {number}")


async def reserve(ledger: Ledger, money: Money, use: Use = USE) -> Claim | Answered | Unverified:
    async with ledger.begin() as payments:
        return await payments.reserve(money, use, verified=True)


async def test_one_of_ten_payments_with_one_identifier_is_accepted(ledger: Ledger) -> None:
    got = await asyncio.gather(*[reserve(ledger, another(each)) for each in range(10)], return_exceptions=True)
    assert sum(isinstance(each, Claim) for each in got) == 1
    assert sum(isinstance(each, PaymentIdentifierTaken) for each in got) == 9
    async with ledger.begin() as payments:
        assert len(await payments.history()) == 1


async def test_forged_copy_of_a_payment_is_refused(ledger: Ledger) -> None:
    await reserve(ledger, MONEY)
    with pytest.raises(PaymentIdentifierTaken):
        await reserve(ledger, dataclasses.replace(MONEY, proof="forged"))


async def test_identifiers_are_separate_per_service(ledger: Ledger) -> None:
    await reserve(ledger, MONEY)
    elsewhere = dataclasses.replace(USE, service_id="another service")
    assert isinstance(await reserve(ledger, another(1), elsewhere), Claim)


async def test_unpaid_payment_frees_its_identifier(ledger: Ledger) -> None:
    claim = await reserve(ledger, MONEY)
    assert isinstance(claim, Claim)
    async with ledger.begin() as payments:
        await payments.release(claim, "no_face")
    assert isinstance(await reserve(ledger, another(1)), Claim)
    with pytest.raises(PaymentIdentifierTaken):
        await reserve(ledger, MONEY)


KEYED = dataclasses.replace(USE, identifier=None, repeat_key="order-17")


async def brought_to(ledger: Ledger, state: str) -> None:
    """Bring `MONEY`, reserved with the key, to a state."""
    claim = await reserve(ledger, MONEY, KEYED)
    assert isinstance(claim, Claim)
    async with ledger.begin() as payments:
        if state == "released":
            await payments.release(claim, "no_face")
        if state in ("settling", "failed", "expired", "settle_unknown", "consumed"):
            await payments.settling(claim, {"answer": 1})
        if state in ("failed", "expired"):
            await payments.refused(claim, "refused", expired=state == "expired")
        if state == "settle_unknown":
            await payments.unknown(claim, "facilitator_silent")
        if state == "consumed":
            await payments.settled(claim, "0x1", {"success": True})


async def test_one_of_ten_payments_with_one_key_is_accepted(ledger: Ledger) -> None:
    got = await asyncio.gather(*[reserve(ledger, another(each), KEYED) for each in range(10)], return_exceptions=True)
    assert sum(isinstance(each, Claim) for each in got) == 1
    assert sum(isinstance(each, PaymentInUse) for each in got) == 9
    async with ledger.begin() as payments:
        assert len(await payments.history()) == 1


@pytest.mark.parametrize("state", ["released", "expired"])
async def test_payment_that_cannot_move_frees_its_key(ledger: Ledger, state: str) -> None:
    await brought_to(ledger, state)
    other = dataclasses.replace(KEYED, request_hash="another request")
    assert isinstance(await reserve(ledger, another(1), other), Claim)
    with pytest.raises(KeyReused):
        await reserve(ledger, MONEY, KEYED)


@pytest.mark.parametrize("state", ["reserved", "settling", "failed", "settle_unknown", "consumed"])
async def test_key_keeps_its_request_while_its_payment_may_move(ledger: Ledger, state: str) -> None:
    await brought_to(ledger, state)
    with pytest.raises(KeyReused):
        await reserve(ledger, another(1), dataclasses.replace(KEYED, request_hash="another request"))
    if state == "consumed":
        assert await reserve(ledger, another(1), KEYED) == Answered("first", {"answer": 1}, {"success": True})
    else:
        with pytest.raises(PaymentInUse):
            await reserve(ledger, another(1), KEYED)
    async with ledger.begin() as payments:
        assert len(await payments.history()) == 1
    # Another payer, another key and another service are free.
    stranger = dataclasses.replace(another(2), payer="0xee")
    assert isinstance(await reserve(ledger, stranger, KEYED), Claim)
    assert isinstance(await reserve(ledger, another(3), dataclasses.replace(KEYED, repeat_key="order-18")), Claim)
    assert isinstance(await reserve(ledger, another(4), dataclasses.replace(KEYED, service_id="other")), Claim)


async def test_unverified_payment_learns_nothing_by_a_key(ledger: Ledger) -> None:
    await brought_to(ledger, "consumed")
    async with ledger.begin() as payments:
        assert await payments.reserve(another(1), KEYED, verified=False) == Unverified()

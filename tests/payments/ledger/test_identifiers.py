"""Tests of buyers' payment identifiers in the ledger: one identifier binds one payment, also concurrently."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import pytest

from alive402.payments.core import Answered, Claim, Money, PaymentIdentifierTaken, Unverified, Use
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

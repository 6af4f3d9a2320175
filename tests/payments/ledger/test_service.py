"""Tests of the state machine on a real ledger: reservation, conflicts, and recovery after a dead process."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from alive402.payments.core import Answered, Claim, Money, PaymentInUse, PaymentSpent, Stage, Unverified, Use
from alive402.payments.ledger.ledger import Ledger
from alive402.payments.ledger.statements import Filter

pytestmark = pytest.mark.anyio
MONEY = Money("eip155:84532", "0xaa", "0xbb", "0xcc", "0xdd", 200_000, 4_000_000_000, "proof")
USE = Use("video-face-liveness-detection", "request", "first")
OTHER = dataclasses.replace(USE, request_hash="another request", request_id="second")
RESULT = {"Elements": [1]}


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(database_url, lease_seconds=60)
    yield opened
    await opened.close()


@pytest.fixture
async def dead(database_url: str) -> AsyncIterator[Ledger]:
    """A ledger whose leases end at once, so that every holder counts as dead."""
    opened = await Ledger.open(database_url, lease_seconds=-1)
    yield opened
    await opened.close()


async def reserve(ledger: Ledger, use: Use = USE, money: Money = MONEY) -> Claim | Answered | Unverified:
    async with ledger.begin() as payments:
        return await payments.reserve(money, use, verified=True)


async def bring(ledger: Ledger, stage: str) -> Claim:
    """Bring a payment to `stage`."""
    claim = await reserve(ledger)
    assert isinstance(claim, Claim)
    if stage != "reserved":
        async with ledger.begin() as payments:
            await payments.settling(claim, RESULT)
    if stage == "executed":
        async with ledger.begin() as payments:
            await payments.refused(claim, "no")
        taken = await reserve(ledger)
        assert isinstance(taken, Claim)
        return taken
    if stage == "settled":
        async with ledger.begin() as payments:
            await payments.settled(claim, "0x1", {"success": True})
    return claim


async def test_unverified_payment_is_not_reserved(ledger: Ledger) -> None:
    async with ledger.begin() as payments:
        assert isinstance(await payments.reserve(MONEY, USE, verified=False), Unverified)
        assert await payments.history() == []


async def test_lookup_waits_for_no_writer_and_sees_what_is_committed(ledger: Ledger) -> None:
    async with ledger.begin() as payments:
        await payments.reserve(MONEY, USE, verified=True)
        assert not await ledger.knows(MONEY)
    assert await ledger.knows(MONEY)
    assert not await ledger.knows(dataclasses.replace(MONEY, nonce="0xee"))


async def test_only_one_of_fifty_calls_reserves_a_payment(ledger: Ledger) -> None:
    got = await asyncio.gather(*[reserve(ledger) for _ in range(50)], return_exceptions=True)
    assert sum(isinstance(each, Claim) for each in got) == 1
    assert sum(isinstance(each, PaymentInUse) for each in got) == 49


@pytest.mark.parametrize("stage", ["reserved", "executed", "settling"])
async def test_reserved_payment_is_refused_to_others(ledger: Ledger, stage: str) -> None:
    await bring(ledger, stage)
    with pytest.raises(PaymentInUse):
        await reserve(ledger)
    with pytest.raises(PaymentSpent):
        await reserve(ledger, OTHER)


async def test_bought_answer_is_returned_to_its_payer_only(ledger: Ledger) -> None:
    await bring(ledger, "settled")
    assert await reserve(ledger) == Answered("first", RESULT, {"success": True})
    with pytest.raises(PaymentSpent):
        await reserve(ledger, OTHER)
    with pytest.raises(PaymentSpent):
        await reserve(ledger, USE, dataclasses.replace(MONEY, proof="forged"))


@pytest.mark.parametrize(
    ("stage", "left"), [("reserved", Stage.EXECUTE), ("executed", Stage.SETTLE), ("settling", Stage.RESOLVE)]
)
async def test_next_call_resumes_after_a_dead_process(dead: Ledger, stage: str, left: Stage) -> None:
    old = await bring(dead, stage)
    new = await reserve(dead)
    assert isinstance(new, Claim)
    assert (new.stage, new.result) == (left, None if left is Stage.EXECUTE else RESULT)
    async with dead.begin() as payments:
        with pytest.raises(PaymentInUse):
            await payments.settling(old, RESULT)
    async with dead.begin() as payments:
        with pytest.raises(PaymentInUse):
            await payments.settled(old, "0x1", {})


async def test_answer_is_stored_with_the_start_of_settlement(dead: Ledger) -> None:
    """A process that loses the race for a payment stores nothing and settles nothing."""
    late = await bring(dead, "reserved")
    now = await reserve(dead)
    assert isinstance(now, Claim)
    async with dead.begin() as payments:
        with pytest.raises(PaymentInUse):
            await payments.settling(late, {"late": True})
    async with dead.begin() as payments:
        await payments.settling(now, RESULT)
        ((payment, states),) = await payments.history()
    assert states[-2:] == ["executed", "settling"]
    assert json.loads(payment.result or "") == RESULT


async def test_settling_payment_is_bound_to_its_request(dead: Ledger) -> None:
    await bring(dead, "settling")
    with pytest.raises(PaymentSpent):
        await reserve(dead, OTHER)


async def test_released_payment_is_free_for_any_request(ledger: Ledger) -> None:
    claim = await bring(ledger, "reserved")
    async with ledger.begin() as payments:
        await payments.release(claim, "no_face")
    async with ledger.begin() as payments:
        assert isinstance(await payments.reserve(MONEY, OTHER, verified=False), Unverified)
    again = await reserve(ledger, OTHER)
    assert isinstance(again, Claim)
    assert again.payment_id == claim.payment_id
    assert again.owner != claim.owner


async def test_late_release_does_not_free_a_new_reservation(dead: Ledger) -> None:
    late = await bring(dead, "reserved")
    now = await reserve(dead)
    assert isinstance(now, Claim)
    async with dead.begin() as payments:
        await payments.release(late, "late")
    async with dead.begin() as payments:
        await payments.settling(now, RESULT)


@pytest.mark.parametrize("verb", ["UPDATE payment_events SET state = 'x'", "DELETE FROM payment_events"])
async def test_history_cannot_be_rewritten(ledger: Ledger, verb: str) -> None:
    await bring(ledger, "settled")
    with pytest.raises(DBAPIError, match=r"append-only"):
        async with ledger._engine.begin() as connection:
            await connection.execute(text(verb))


async def test_existing_ledger_is_opened_again(ledger: Ledger, database_url: str) -> None:
    await bring(ledger, "settled")
    again = await Ledger.open(database_url, lease_seconds=60)
    async with again.begin() as payments:
        ((payment, states),) = await payments.history()
    await again.close()
    assert (payment.amount, payment.transaction, states[-1]) == (200_000, "0x1", "consumed")


async def test_amount_of_the_answer_replaces_the_signed_limit(dead: Ledger) -> None:
    claim = await reserve(dead)
    assert isinstance(claim, Claim)
    assert claim.amount == 200_000
    async with dead.begin() as payments:
        await payments.settling(claim, RESULT, 60_000)
    taken = await reserve(dead)
    assert isinstance(taken, Claim)
    assert (taken.stage, taken.result, taken.amount) == (Stage.RESOLVE, RESULT, 60_000)
    async with dead.begin() as payments:
        await payments.settling(taken, RESULT, 60_000)
        await payments.settled(taken, "0x1", {"success": True})
    async with dead.statements() as statements:
        (day,) = await statements.income()
        (paid,) = [payment async for payment in statements.payments(Filter())]
    assert (day.income, paid.amount, paid.money.amount) == (60_000, 60_000, 60_000)


async def refuse(ledger: Ledger, amount: int) -> None:
    claim = await reserve(ledger)
    assert isinstance(claim, Claim)
    async with ledger.begin() as payments:
        await payments.settling(claim, RESULT, amount)
    async with ledger.begin() as payments:
        await payments.refused(claim, "no")


async def test_answer_of_a_refused_payment_is_kept_for_its_request(ledger: Ledger) -> None:
    """The refusal may be wrong: the first signature may still move its money."""
    await refuse(ledger, 60_000)
    for use, money in ((OTHER, MONEY), (USE, dataclasses.replace(MONEY, proof="another proof"))):
        with pytest.raises(PaymentSpent):
            await reserve(ledger, use, money)
    async with ledger.begin() as payments:
        with pytest.raises(PaymentSpent):
            await payments.is_free(MONEY)
    again = await reserve(ledger)
    assert isinstance(again, Claim)
    assert (again.stage, again.result, again.amount) == (Stage.SETTLE, RESULT, 60_000)


async def test_limit_is_whole_again_for_another_request(ledger: Ledger) -> None:
    await refuse(ledger, 60_000)
    async with ledger.session() as session:
        await session.execute(text("UPDATE payments SET result = NULL"))
    again = await reserve(ledger, OTHER)
    assert isinstance(again, Claim)
    assert (again.stage, again.result, again.amount) == (Stage.EXECUTE, None, 200_000)
    async with ledger.begin() as payments:
        ((payment, _),) = await payments.history()
        assert payment.amount == 200_000


class Seat:
    """Something of which there is one: what a call uses up besides its money."""

    def __init__(self) -> None:
        self.taken: list[str | None] = []
        self.full = False

    async def take(self, session: AsyncSession, instead_of: str | None) -> None:
        assert session.in_transaction()
        if self.full:
            raise LookupError
        self.taken.append(instead_of)

    async def spend(self, session: AsyncSession, result: dict[str, Any]) -> None:
        raise AssertionError("the hold spends it, and not the ledger")


@pytest.mark.parametrize("how", ["new", "recovered"])
async def test_money_is_reserved_only_with_what_else_the_call_uses(ledger: Ledger, how: str) -> None:
    seat = Seat()
    use = dataclasses.replace(USE, also=seat)

    async def claim() -> Claim | Answered | Unverified:
        if how == "new":
            return await reserve(ledger, use)
        async with ledger.begin() as payments:
            return await payments.recover(MONEY, use, "0x1")

    seat.full = True
    with pytest.raises(LookupError):
        await claim()
    async with ledger.begin() as payments:
        assert await payments.history() == []
    seat.full = False
    assert isinstance(await claim(), Claim)
    assert seat.taken == [None]


async def test_call_that_takes_over_says_whose_place_it_takes(dead: Ledger) -> None:
    seat = Seat()
    await reserve(dead)
    taken = await reserve(dead, dataclasses.replace(USE, request_id="second", also=seat))
    assert isinstance(taken, Claim)
    assert seat.taken == ["first"]
    async with dead.begin() as payments:
        await payments.settling(taken, RESULT)
    # The answer is stored: nothing more is used up for it.
    stored = await reserve(dead, dataclasses.replace(USE, request_id="third", also=seat))
    assert isinstance(stored, Claim)
    assert (stored.result, seat.taken) == (RESULT, ["first"])


async def test_payment_that_was_released_takes_nobody_s_place(ledger: Ledger) -> None:
    seat, claim = Seat(), await reserve(ledger)
    assert isinstance(claim, Claim)
    async with ledger.begin() as payments:
        await payments.release(claim, "failed")
    await reserve(ledger, dataclasses.replace(USE, request_id="second", also=seat))
    assert seat.taken == [None]

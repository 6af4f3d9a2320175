"""Tests of recovery without a running call: every transition, refunds, and income."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import text

from alive402.payments.core import Claim, Money, NoSuchPayment, PaymentExpiresSoon, RefundRefused, Use
from alive402.payments.ledger.ledger import Ledger
from alive402.payments.ledger.recovery import Seen
from alive402.payments.ledger.statements import Filter
from alive402.payments.ledger.states import TRANSITIONS, State

pytestmark = pytest.mark.anyio
START = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
MONEY = Money("eip155:84532", "0xaa", "0xbb", "0xcc", "0xdd", 200_000, int(START.timestamp()) + 600, "proof")
USE = Use("video-face-liveness-detection", "request", "first")
OTHER = dataclasses.replace(USE, request_hash="another")
RESULT = {"Elements": [1]}


class Desk:
    """A ledger with a clock that is moved by hand, and one method for each step of a call."""

    def __init__(self) -> None:
        self.now = START
        self.ledger: Ledger
        self.claim: Claim

    async def reserve(self, use: Use = USE, money: Money = MONEY) -> None:
        async with self.ledger.begin() as payments:
            claim = await payments.reserve(money, use, verified=True)
        assert isinstance(claim, Claim)
        self.claim = claim

    async def call(self, step: str, *given: object, **named: object) -> None:
        async with self.ledger.begin() as payments:
            await getattr(payments, step)(self.claim, *given, **named)

    async def bring(self, *steps: str) -> None:
        for step in steps:
            match step:
                case "reserve":
                    await self.reserve()
                case "reserve other":
                    await self.reserve(OTHER)
                case "erase":
                    async with self.ledger.session() as session:
                        await session.execute(text("UPDATE payments SET result = NULL"))
                case "send":
                    await self.call("settling", RESULT)
                case "settle":
                    await self.call("settled", "0x1", {"success": True})
                case "lose":
                    await self.call("unknown", "silent")
                case "refuse":
                    await self.call("refused", "no")
                case "run out":
                    await self.call("refused", "expired", expired=True)
                case "release":
                    await self.call("release", "no_face")
                case "die":
                    self.now += timedelta(seconds=31)
                case "sweep":
                    assert await self.close("let_go") == 1
                case "find":
                    assert await self.decide("moved", "0x1", {"success": True})
                case "find elsewhere":
                    assert await self.decide("never_moves", "spent_elsewhere", expired=False)
                case "find run out":
                    self.now += timedelta(seconds=1000)
                    assert await self.decide("never_moves", "expired", expired=True)
                case "see":
                    await self.close("seen", MONEY, "0x1", {"success": True}, add=True)
                case "come back":
                    async with self.ledger.begin() as payments:
                        claim = await payments.recover(MONEY, USE, "0x1")
                    assert isinstance(claim, Claim)
                    self.claim = claim
                case "refund":
                    await self.close("refund", self.claim.payment_id, "0x2", 1)

    async def close(self, step: str, *given: object, **named: object) -> object:
        async with self.ledger.recovery() as recovery:
            return await getattr(recovery, step)(*given, **named)

    async def decide(self, step: str, *given: object, **named: object) -> bool:
        self.now += timedelta(seconds=1000)
        async with self.ledger.recovery() as recovery:
            (case,) = await recovery.cases()
            decided: bool = await getattr(recovery, step)(case, *given, **named)
        return decided

    async def states(self) -> list[State]:
        async with self.ledger.statements() as books:
            found = await books.payment(self.claim.payment_id)
        assert found is not None
        return [State(event.state) for event in found[1]]


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    made = Desk()
    made.ledger = await Ledger.open(database_url, lease_seconds=30, now=lambda: made.now)
    yield made
    await made.ledger.close()


@pytest.fixture
def new_desk(make_database: Callable[[], str]) -> Callable[[], AsyncIterator[Desk]]:
    async def one() -> AsyncIterator[Desk]:
        made = Desk()
        made.ledger = await Ledger.open(make_database(), lease_seconds=30, now=lambda: made.now)
        yield made
        await made.ledger.close()

    return one


STORIES = [
    "reserve, send, settle, refund",
    "reserve, release, reserve other, die, reserve, die, sweep",
    "reserve, send, refuse, reserve, die, reserve, die, sweep, reserve, die, erase, reserve other",
    "reserve, send, die, reserve, send, run out",
    "reserve, send, die, sweep, reserve, lose, find",
    "reserve, send, lose, find elsewhere, erase, reserve other",
    "reserve, send, lose, find run out",
    "reserve, send, refuse, reserve, send, refuse, find",
    "reserve, send, refuse, find run out",
    "reserve, release, see, come back, release, come back, die, sweep, refund",
    "reserve, send, run out, see",
    "reserve, send, run out, erase, see",
    "reserve, send, refuse, erase, see",
    "reserve, release, come back, send, settle",
]


async def test_every_transition_is_covered(new_desk: Callable[[], AsyncIterator[Desk]]) -> None:
    walked: set[tuple[State, State]] = set()
    for story in STORIES:
        async for desk in new_desk():
            await desk.bring(*story.split(", "))
            walked |= set(pairwise(await desk.states()))
    assert walked == {(before, after) for before, afters in TRANSITIONS.items() for after in afters}


@pytest.mark.parametrize(
    ("story", "seen"),
    [
        ("", Seen.RECOVERED),
        ("reserve", Seen.WAITING),
        ("reserve, release", Seen.RECOVERED),
        ("reserve, send", Seen.WAITING),
        ("reserve, send, lose", Seen.WAITING),
        ("reserve, send, refuse", Seen.SETTLED),
        ("reserve, send, settle", Seen.KNOWN),
        ("reserve, release, see", Seen.KNOWN),
    ],
)
async def test_transfer_on_chain_is_compared_with_the_ledger(desk: Desk, story: str, seen: Seen) -> None:
    if story:
        await desk.bring(*story.split(", "))
    assert await desk.close("seen", MONEY, "0x1", {"success": True}, add=True) is seen
    elsewhere = dataclasses.replace(MONEY, nonce="0xother")
    assert await desk.close("seen", elsewhere, "0x2", {}, add=False) is Seen.UNKNOWN


async def test_recovered_payment_is_refunded_once_and_counts_as_income(desk: Desk) -> None:
    await desk.close("seen", MONEY, "0x1", {}, add=True)
    async with desk.ledger.statements() as books:
        (payment,) = [each async for each in books.payments(Filter(State.RECOVERED))]
    async with desk.ledger.statements() as books:
        assert await books.waiting_for_buyers() == (1, 200_000)
    await desk.close("refund", payment.id, "0x2", 1)
    with pytest.raises(RefundRefused):
        await desk.close("refund", payment.id, "0x3", 1)
    async with desk.ledger.statements() as books:
        assert await books.waiting_for_buyers() == (0, 0)
        (day,) = await books.income()
    assert (day.income, day.refunded, day.net) == (200_000, 200_000, 0)


async def test_position_on_the_chain_never_goes_back(desk: Desk) -> None:
    address = MONEY.network, MONEY.asset, MONEY.pay_to
    assert await desk.close("position", *address) is None
    for height, recorded in ((70, 70), (60, 70), (80, 80)):
        await desk.close("reached", *address, height)
        assert await desk.close("position", *address) == recorded


async def test_expired_payment_cannot_be_reserved(desk: Desk) -> None:
    await desk.bring("reserve", "send", "lose", "find run out")
    with pytest.raises(PaymentExpiresSoon):
        await desk.reserve()


async def test_recovery_skips_a_payment_that_changed(desk: Desk) -> None:
    await desk.bring("reserve", "send", "lose")
    async with desk.ledger.recovery() as recovery:
        (case,) = await recovery.cases()
    await desk.reserve()
    async with desk.ledger.recovery() as recovery:
        assert not await recovery.moved(case, "0x1", {})
        assert not await recovery.never_moves(case, "expired", expired=True)
    assert (await desk.states())[-1] is State.SETTLING


async def test_lease_of_a_fast_clock_holds_no_payment(desk: Desk) -> None:
    await desk.bring("reserve")
    desk.now -= timedelta(hours=1)
    await desk.reserve()


async def test_running_call_keeps_its_lease_and_a_dead_one_does_not(desk: Desk) -> None:
    await desk.bring("reserve")
    for _ in range(5):
        desk.now += timedelta(seconds=20)
        async with desk.ledger.begin() as payments:
            assert await payments.renew(desk.claim.payment_id, desk.claim.owner)
        assert await desk.close("let_go") == 0
    desk.now += timedelta(seconds=31)
    assert await desk.close("let_go") == 1
    async with desk.ledger.begin() as payments:
        assert not await payments.renew(desk.claim.payment_id, desk.claim.owner)


async def test_one_transfer_is_one_refund(desk: Desk) -> None:
    ids = []
    for number in range(3):
        await desk.reserve(money=dataclasses.replace(MONEY, nonce=f"0x{number}"))
        await desk.bring("send", "settle")
        ids.append(desk.claim.payment_id)
    await desk.close("refund", ids[0], "0x2", 2)
    await desk.close("refund", ids[1], "0x2", 2)
    with pytest.raises(RefundRefused, match="already counts for another refund"):
        await desk.close("refund", ids[2], "0x2", 2)
    with pytest.raises(RefundRefused, match="does not move that money"):
        await desk.close("refund", ids[2], "0x3", 0)
    with pytest.raises(RefundRefused, match="only a paid payment can be refunded"):
        await desk.close("refund", ids[0], "0x3", 1)
    with pytest.raises(NoSuchPayment):
        await desk.close("refund", "nothing", "0x3", 1)


async def test_income_is_summed_by_day_and_payer(desk: Desk) -> None:
    for number, payer in enumerate(["0xbb", "0xbb", "0xb0"]):
        await desk.reserve(money=dataclasses.replace(MONEY, nonce=f"0x{number}", payer=payer))
        await desk.bring("send", "settle")
        desk.now += timedelta(minutes=25)
    await desk.bring("refund")
    async with desk.ledger.statements() as books:
        days = await books.income()
        payers = await books.income(datetime(2026, 3, 1, tzinfo=UTC), by_payer=True)
        none = await books.income(datetime(2027, 1, 1, tzinfo=UTC))
        newest = [each.nonce async for each in books.payments(Filter(), limit=2)]
        ours = [each.nonce async for each in books.payments(Filter(state=State.CONSUMED, payer="0xbb"))]
        late = [each.nonce async for each in books.payments(Filter(since=START + timedelta(minutes=40)))]
    assert [(day.day, day.payments, day.income, day.refunded, day.net) for day in days] == [
        (date(2026, 3, 1), 3, 600_000, 0, 600_000),
        (date(2026, 3, 2), 0, 0, 200_000, -200_000),
    ]
    assert [(day.payer, day.net) for day in payers] == [("0xb0", 200_000), ("0xbb", 400_000), ("0xb0", -200_000)]
    assert none == []
    assert newest == ["0x2", "0x1"]
    assert ours == ["0x1", "0x0"]
    assert late == ["0x2"]

"""Model test of the ledger: any order of callers, deaths, clocks and reconcilers, on both databases."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from alive402.payments.core import (
    Answered,
    Claim,
    Money,
    PaymentExpiresSoon,
    PaymentInUse,
    PaymentSpent,
    RefundRefused,
    Stage,
    Unverified,
    Use,
)
from alive402.payments.ledger.ledger import Ledger
from alive402.payments.ledger.models import Payment, PaymentEvent
from alive402.payments.ledger.recovery import Seen, UnresolvedPayment
from alive402.payments.ledger.statements import Filter
from alive402.payments.ledger.states import HELD, PAID, TRANSITIONS, State
from tests.conftest import EXAMPLES
from tests.ledgers import MakeDatabase

LEASE = 30
START = datetime(2026, 1, 1, tzinfo=UTC)
SIGNED = Money("eip155:84532", "0xaa", "0xbb", "0xcc", "0xdd", 200_000, int(START.timestamp()) + 600, "proof")
# Two authorizations; the first one also signed anew for another amount, as only its payer can.
MONEYS = [SIGNED, dataclasses.replace(SIGNED, amount=1, proof="again"), dataclasses.replace(SIGNED, nonce="0xee")]
REQUESTS = ["one request", "one request", "another"]
ENDS = ["moves", "moves", "refused", "refused but moves", "lost", "lost but moves"]
Story = tuple[Payment, list[PaymentEvent]]


class Books(RuleBasedStateMachine):
    """Callers come, work and vanish; the model remembers each answer and compares the ledger with it."""

    make_database: MakeDatabase

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.now = START
        self.claims: list[tuple[Claim, Money, Use]] = []
        self.moved: set[str] = set()
        self.told: dict[int, tuple[str, str]] = {}
        self.calls = 0
        self.ledger = self.runner.run(Ledger.open(type(self).make_database(), LEASE, now=lambda: self.now))

    def teardown(self) -> None:
        self.runner.run(self.ledger.close())
        self.runner.close()

    @rule(
        money=st.sampled_from(MONEYS), request=st.sampled_from(REQUESTS), verified=st.sampled_from([True, True, False])
    )
    def a_buyer_comes(self, money: Money, request: str, verified: bool) -> None:
        self.calls += 1
        use = Use("service", request, f"request {self.calls}")
        before = self.stories().get(money.nonce)
        # The facilitator vouches for nothing that has moved already or has run out.
        good = verified and money.nonce not in self.moved and not self.ran_out(money)
        try:
            got = self.reserve(money, use, good)
        except (PaymentInUse, PaymentSpent, PaymentExpiresSoon):
            return
        if isinstance(got, Answered):
            assert before is not None
            assert State(before[0].state) in PAID
            assert (before[0].proof, before[0].request_hash) == (money.proof, request)
            assert got.result == {"answer to": request}
        elif isinstance(got, Claim):
            assert before is None or not self.is_held(before[0])
            assert got.stage is not Stage.EXECUTE or good
            assert got.result is None or got.result == {"answer to": request}
            self.claims.append((got, money, use))
        else:
            assert isinstance(got, Unverified)

    @rule(crowd=st.integers(2, 5), money=st.sampled_from(MONEYS), request=st.sampled_from(REQUESTS))
    def buyers_come_at_once(self, crowd: int, money: Money, request: str) -> None:
        good = money.nonce not in self.moved and not self.ran_out(money)
        uses = [Use("service", request, f"request {self.calls + number}") for number in range(crowd)]
        self.calls += crowd

        async def together() -> list[object]:
            return await asyncio.gather(*[self._reserve(money, use, good) for use in uses], return_exceptions=True)

        got = self.runner.run(together())
        refusals = (PaymentInUse, PaymentSpent, PaymentExpiresSoon)
        assert all(isinstance(each, (Claim, Answered, Unverified, *refusals)) for each in got)
        won = [(each, money, use) for each, use in zip(got, uses, strict=True) if isinstance(each, Claim)]
        assert len(won) <= 1
        self.claims += won

    @precondition(lambda self: self.claims)
    @rule(steps=st.integers(1, 3), data=st.data())
    def a_call_goes_on(self, steps: int, data: st.DataObject) -> None:
        for _ in range(steps):
            self.a_caller_does(self.claims[-1], "work", data)

    @precondition(lambda self: self.claims)
    @rule(step=st.sampled_from(["work", "give back", "renew"]), data=st.data())
    def any_caller_does_anything(self, step: str, data: st.DataObject) -> None:
        """Let any caller act, also one whose claim is lost: it notices, and changes nothing."""
        self.a_caller_does(data.draw(st.sampled_from(self.claims)), step, data)

    def a_caller_does(self, call: tuple[Claim, Money, Use], step: str, data: st.DataObject) -> None:
        claim, money, use = call
        before = self.story_of(claim)
        owns = before[0].owner == claim.owner and State(before[0].state) in HELD
        try:
            self.step(claim, money, use, State(before[0].state), step, data)
        except PaymentInUse:
            assert not owns
        after = self.story_of(claim)
        if not owns:
            assert [event.id for event in after[1]] == [event.id for event in before[1]]

    def step(self, claim: Claim, money: Money, use: Use, state: State, step: str, data: st.DataObject) -> None:
        if step == "renew":
            self.do("begin", "renew", claim.payment_id, claim.owner)
        elif step == "give back":
            self.do("begin", "release", claim, "failed")
        elif state in (State.RESERVED, State.EXECUTED):
            self.do("begin", "settling", claim, {"answer to": use.request_hash})
        elif state is State.SETTLING:
            self.settle(claim, money, data.draw(st.sampled_from(ENDS)))
        else:
            self.do("begin", "settled", claim, "0x0", {})

    def settle(self, claim: Claim, money: Money, how: str) -> None:
        """Settle as facilitator and chain do; the chain moves each authorization once, and no expired one."""
        can = money.nonce not in self.moved and not self.ran_out(money)
        if how.endswith("moves") and can and self.story_of(claim)[0].owner == claim.owner:
            self.moved.add(money.nonce)
        if how.startswith("lost"):
            self.do("begin", "unknown", claim, "silent")
        elif how == "refused but moves":
            self.do("begin", "refused", claim, "no")
        elif money.nonce in self.moved:
            self.do("begin", "settled", claim, f"0x{money.nonce}", {"success": True})
        else:
            self.do("begin", "refused", claim, "no", expired=self.ran_out(money))

    @rule()
    def the_sweeper_frees_what_the_dead_held(self) -> None:
        freed = sum(State(each.state) in HELD and not self.is_held(each) for each, _ in self.stories().values())
        assert self.do("recovery", "let_go") == freed

    @rule()
    def the_reconciler_asks_the_chain(self) -> None:
        for case in self.do("recovery", "cases"):
            assert isinstance(case, UnresolvedPayment)
            if case.money.nonce in self.moved:
                assert self.do("recovery", "moved", case, f"0x{case.money.nonce}", {"success": True})
            elif self.ran_out(case.money):
                assert self.do("recovery", "never_moves", case, "expired", expired=True)
            else:
                self.do("recovery", "looked", case)

    @rule(money=st.sampled_from(MONEYS))
    def the_ledger_loses_a_sale(self, money: Money) -> None:
        """Money moved after the backup from which this ledger was restored."""
        story = self.stories().get(money.nonce)
        if not self.ran_out(money) and (story is None or story[0].state == State.RELEASED):
            self.moved.add(money.nonce)

    @rule()
    def the_chain_is_swept(self) -> None:
        for money in (each for each in MONEYS if each.nonce in self.moved):
            before = self.stories().get(money.nonce)
            seen = self.do("recovery", "seen", money, f"0x{money.nonce}", {"success": True}, add=True)
            if before is None or before[0].state == State.RELEASED:
                assert seen is Seen.RECOVERED
            elif before[0].state in (*PAID, State.RECOVERED):
                assert seen is Seen.KNOWN

    @rule(money=st.sampled_from(MONEYS), request=st.sampled_from(REQUESTS))
    def a_buyer_of_a_lost_sale_comes(self, money: Money, request: str) -> None:
        self.calls += 1
        if money.nonce not in self.moved:
            return
        use = Use("service", request, f"request {self.calls}")
        try:
            got = self.do("begin", "recover", money, use, f"0x{money.nonce}")
        except (PaymentInUse, PaymentSpent):
            return
        if isinstance(got, Claim):
            self.claims.append((got, money, use))
        else:
            assert isinstance(got, Answered)
            assert got.result == {"answer to": request}

    @rule(transfers=st.integers(0, 1))
    def the_operator_gives_money_back(self, transfers: int) -> None:
        for payment, _ in self.stories().values():
            try:
                self.do("recovery", "refund", payment.id, f"0xback {payment.nonce}", transfers)
            except RefundRefused:
                assert payment.state not in (State.CONSUMED, State.RECOVERED) or not transfers
            else:
                assert payment.state in (State.CONSUMED, State.RECOVERED)
                assert transfers

    @rule(seconds=st.sampled_from([LEASE // 2, LEASE + 1, LEASE + 1, 700, -3600]))
    def the_clock_moves(self, seconds: int) -> None:
        """Move the clock past a lease, so that holders count as dead, or an hour back, as wrong clocks do."""
        self.now += timedelta(seconds=seconds)

    @invariant()
    def the_books_tell_the_truth(self) -> None:
        seen: dict[int, tuple[str, str]] = {}
        for payment, events in self.stories().values():
            states = [State(event.state) for event in events]
            assert states[0] in (State.CREATED, State.RECOVERED)
            assert all(after in TRANSITIONS[before] for before, after in pairwise(states)), states
            assert states[-1] == payment.state
            assert (payment.owner is not None) == (payment.state in HELD)
            if payment.state in PAID:
                assert payment.nonce in self.moved
                assert payment.result is not None or State.RECOVERED in states
                assert payment.transaction is not None
            if payment.state == State.EXPIRED:
                assert payment.nonce not in self.moved
            seen |= {event.id: (event.payment_id, event.state) for event in events}
        # What was written before stands as it was written.
        assert self.told.items() <= seen.items()
        self.told = seen

    def ran_out(self, money: Money) -> bool:
        """Whether a payment has expired by the chain's clock, which never moves back."""
        self.chain = max(getattr(self, "chain", START), self.now)
        return money.valid_before < self.chain.timestamp()

    def is_held(self, payment: Payment) -> bool:
        far = self.now + timedelta(seconds=2 * LEASE)
        return payment.state in HELD and payment.lease_until is not None and self.now < payment.lease_until <= far

    def story_of(self, claim: Claim) -> Story:
        return next(story for story in self.stories().values() if story[0].id == claim.payment_id)

    def stories(self) -> dict[str, Story]:
        async def read() -> dict[str, Story]:
            async with self.ledger.statements() as books:
                payments = [each async for each in books.payments(Filter())]
                found = [await books.payment(each.id) for each in payments]
            return {story[0].nonce: story for story in found if story is not None}

        return self.runner.run(read())

    def reserve(self, money: Money, use: Use, verified: bool) -> Claim | Answered | Unverified:
        return self.runner.run(self._reserve(money, use, verified))

    async def _reserve(self, money: Money, use: Use, verified: bool) -> Claim | Answered | Unverified:
        async with self.ledger.begin() as payments:
            return await payments.reserve(money, use, verified=verified)

    def do(self, which: str, what: str, *given: object, **named: object) -> object:
        async def one() -> object:
            async with getattr(self.ledger, which)() as service:
                return await getattr(service, what)(*given, **named)

        return self.runner.run(one())


# When it fails, it is worth the minutes in which the story is made short.
@pytest.mark.timeout(600)
def test_ledger_invariants_hold_in_any_order(make_database: MakeDatabase, ledger_kind: str) -> None:
    Books.make_database = staticmethod(make_database)  # type: ignore[method-assign]
    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=EXAMPLES // (2 if ledger_kind == "sqlite" else 4),
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

"""Tests of token uses under failures, dead processes and concurrency: exactly the calls that were paid for."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from alive402.payments.core import (
    Answered,
    KeyReused,
    PaymentInUse,
    TokenExhausted,
    TokenExpired,
    TokenOffer,
    TokenPending,
    TokenRefunded,
    TokenUnknown,
    Use,
)
from alive402.payments.keys import Keys, Scope
from alive402.payments.ledger import Ledger, State
from alive402.payments.prepaid.models import PrepaidUse, Prepayment, UseState, share
from alive402.payments.prepaid.repository import PrepaidRepository
from alive402.payments.prepaid.tokens import TokenHold, Tokens, token_digest
from alive402.storage import Outbox
from tests.conftest import EXAMPLES
from tests.ledgers import MakeDatabase
from tests.operations.ledger_rows import payment
from tests.payments.prepaid.signing import judged, verdicts

LEASE = 30
START = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = "pt_token"


async def prepay(ledger: Ledger, max_calls: int) -> None:
    """A paid payment, as the ledger stores it after settlement."""
    row = Prepayment(
        id="payment",
        service_id="service",
        client_id="client",
        amount=200_000 * max_calls,
        max_calls=max_calls,
        remaining=max_calls,
        token_hash=token_digest(TOKEN),
        created_at=START,
        paid_at=START,
        expires_at=START + timedelta(days=1),
    )
    async with ledger.session() as session:
        await PrepaidRepository(session).add(row)


async def standing(ledger: Ledger) -> tuple[int, Counter[str]]:
    """The remaining calls, and the number of uses in each state."""
    async with ledger.session() as session:
        remaining = await session.scalar(select(Prepayment.remaining))
        uses = await session.execute(select(PrepaidUse.state, func.count()).group_by(PrepaidUse.state))
        return int(remaining or 0), Counter(dict(uses.tuples().all()))


async def answers_told(ledger: Ledger) -> list[str]:
    """The requests whose answers are in the outbox."""
    async with ledger.session() as session:
        messages = await Outbox(session).all(None, 100)
    assert {message.type for message in messages} <= {"prepaid.used"}
    return [json.loads(message.body)["data"]["requestId"] for message in messages]


class Uses(RuleBasedStateMachine):
    """Compares the token with the answers that its callers received."""

    make_database: MakeDatabase
    holdings = Bundle("holdings")
    MAX_CALLS = 3

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.now = START
        self.calls = 0
        self.taken: dict[str, datetime] = {}
        self.asked: dict[str, tuple[str, str | None]] = {}
        self.answers: dict[str, dict[str, object]] = {}
        self.ledger = self.runner.run(Ledger.open(type(self).make_database(), LEASE))
        self.ledger.webhook_urls = ("http://told.example/",)
        self.tokens = Tokens(self.ledger, 90, now=lambda: self.now)
        self.runner.run(prepay(self.ledger, self.MAX_CALLS))

    def teardown(self) -> None:
        self.runner.run(self.ledger.close())
        self.runner.close()

    def held(self) -> list[str]:
        return [use for use, until in self.taken.items() if until >= self.now]

    @rule(
        target=holdings,
        request=st.sampled_from(["one request", "another"]),
        key=st.sampled_from([None, None, "first", "second"]),
    )
    def a_call_comes(self, request: str, key: str | None) -> object:
        self.calls += 1
        held, remaining = self.held(), self.MAX_CALLS - len(self.answers) - len(self.held())
        live = {self.asked[use][1]: use for use in [*held, *self.answers] if self.asked[use][1] is not None}
        use = Use("service", request, f"request {self.calls}")
        try:
            got = self.runner.run(self.tokens.take(TokenOffer(TOKEN, None, key), use))
        except KeyReused:
            assert self.asked[live[key]][0] != request
            return multiple()
        except PaymentInUse:
            assert live.get(key) in held if key in live else remaining == 0 and held
            return multiple()
        except TokenExhausted:
            assert len(self.answers) == self.MAX_CALLS
            return multiple()
        if isinstance(got, Answered):
            bought = live[key] if key is not None else got.request_id
            assert self.asked[bought][0] == request
            assert (got.request_id, got.result) == (bought, self.answers[bought])
            assert key is not None or remaining == 0
            return multiple()
        assert remaining > 0
        assert key not in live
        assert got.request_id == use.request_id
        self.asked[use.request_id] = (request, key)
        self.taken[use.request_id] = self.now + timedelta(seconds=LEASE)
        return got

    @rule(hold=consumes(holdings))
    def it_is_answered(self, hold: TokenHold) -> None:
        result = judged(answer_to=hold.request_id)
        try:
            answered = self.runner.run(hold.settle(result, verdicts(self.ledger)))
        except PaymentInUse:
            # Too late: the lease ran out, and the call was given back already.
            assert self.taken[hold.request_id] < self.now
        else:
            assert answered.result.items() > result.items()
            self.answers[hold.request_id] = result
        self.taken.pop(hold.request_id)

    @rule(hold=consumes(holdings))
    def it_fails(self, hold: TokenHold) -> None:
        self.runner.run(hold.give_back("no_face"))
        self.taken.pop(hold.request_id)

    @rule(hold=consumes(holdings))
    def its_process_dies(self, hold: TokenHold) -> None:
        """Drop the use without writing anything."""

    @rule(seconds=st.sampled_from([1, LEASE - 1, LEASE + 1]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def every_call_is_left_held_or_spent(self) -> None:
        remaining, uses = self.runner.run(standing(self.ledger))
        assert remaining >= 0
        assert remaining + uses[UseState.HELD] + uses[UseState.SPENT] == self.MAX_CALLS
        assert uses[UseState.SPENT] == len(self.answers)
        assert len(self.held()) <= uses[UseState.HELD]
        told = self.runner.run(answers_told(self.ledger))
        assert sorted(told) == sorted(self.answers)


def test_token_invariant_holds_in_any_order(make_database: MakeDatabase, ledger_kind: str) -> None:
    Uses.make_database = staticmethod(make_database)
    examples = EXAMPLES // (2 if ledger_kind == "sqlite" else 4)
    run_state_machine_as_test(
        Uses,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@given(price=st.integers(0, 10**18), max_calls=st.integers(1, 1000), odd=st.integers(0, 10**6))
def test_call_costs_at_most_its_share(price: int, max_calls: int, odd: int) -> None:
    """A price divides without remainder; of any other amount, the remainder belongs to no call."""
    assert share(price * max_calls, max_calls) == price
    assert 0 <= price * max_calls + odd - max_calls * share(price * max_calls + odd, max_calls) < max_calls


@pytest.mark.anyio
@pytest.mark.parametrize("max_calls", [1, 7])
async def test_hundred_concurrent_calls_use_exactly_the_paid_calls(database_url: str, max_calls: int) -> None:
    ledger = await Ledger.open(database_url, LEASE)
    try:
        await prepay(ledger, max_calls)
        tokens = Tokens(ledger, 90, now=lambda: START)
        offer = TokenOffer(TOKEN)
        got = await asyncio.gather(
            *[tokens.take(offer, Use("service", "request", f"request {index}")) for index in range(100)],
            return_exceptions=True,
        )
        kinds = Counter(type(each) for each in got)
        assert kinds == {TokenHold: max_calls, PaymentInUse: 100 - max_calls}
        assert await standing(ledger) == (0, Counter({UseState.HELD: max_calls}))
    finally:
        await ledger.close()


@pytest.mark.anyio
async def test_answers_outlive_an_expired_token(database_url: str) -> None:
    now = START
    ledger = await Ledger.open(database_url, LEASE)
    try:
        await prepay(ledger, 2)
        tokens, offer = Tokens(ledger, 90, now=lambda: now), TokenOffer(TOKEN, None, "key")
        use = Use("service", "request", "first")
        held = await tokens.take(offer, use)
        assert isinstance(held, TokenHold)
        now = START + timedelta(days=2)
        await held.settle(judged(late="but in time"), verdicts(ledger))
        with pytest.raises(TokenExpired):
            await tokens.take(TokenOffer(TOKEN), use)
        again = await tokens.recall(offer, use)
        assert again is not None
        assert (again.request_id, again.result) == ("first", judged(late="but in time"))
        with pytest.raises(TokenUnknown):
            await tokens.recall(TokenOffer("pt_other"), use)
    finally:
        await ledger.close()


async def prepay_later(ledger: Ledger, state: State | None, lease: int | None, **values: object) -> None:
    """A payment that is not recorded as paid; the ledger has its authorization in `state`, or none."""
    until = None if lease is None else START + timedelta(seconds=lease)
    authorization = None if state is None else payment(state, START, lease_until=until)
    given: dict[str, Any] = {
        "id": "payment", "service_id": "service", "client_id": "client", "amount": 400_000, "max_calls": 2,
        "remaining": 0, "token_hash": token_digest(TOKEN), "created_at": START,
        "expires_at": START + timedelta(minutes=15), "ledger_id": authorization and authorization.id,
    }  # fmt: skip
    async with ledger.session() as session:
        if authorization is not None:
            session.add(authorization)
            await session.flush()
        await PrepaidRepository(session).add(Prepayment(**{**given, **values}))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("state", "lease", "expected"),
    [
        (None, None, TokenPending),
        (State.RESERVED, LEASE, PaymentInUse),
        (State.RESERVED, -1, TokenPending),
        (State.EXECUTED, LEASE, PaymentInUse),
        (State.SETTLING, -1, PaymentInUse),
        (State.SETTLE_UNKNOWN, None, PaymentInUse),
        (State.RELEASED, None, TokenPending),
        (State.FAILED, None, TokenPending),
        (State.EXPIRED, None, TokenPending),
        (State.SETTLED, LEASE, TokenHold),
        (State.CONSUMED, None, TokenHold),
        (State.REFUNDED, None, TokenRefunded),
    ],
)
async def test_token_is_valid_once_the_ledger_is_paid(
    database_url: str, state: State | None, lease: int | None, expected: type
) -> None:
    """Nobody has looked at the payment since: the call itself records that it is paid."""
    ledger = await Ledger.open(database_url, LEASE)
    try:
        await prepay_later(ledger, state, lease)
        tokens = Tokens(ledger, 90, now=lambda: START)
        try:
            got: object = await tokens.take(TokenOffer(TOKEN), Use("service", "request", "first"))
        except Exception as error:
            got = error
        assert type(got) is expected
        remaining, uses = await standing(ledger)
        assert (remaining, uses[UseState.HELD]) == ((1, 1) if expected is TokenHold else (remaining, 0))
    finally:
        await ledger.close()


@pytest.mark.anyio
@pytest.mark.parametrize(("state", "expected"), [(None, TokenExpired), (State.SETTLING, PaymentInUse)])
async def test_unpaid_token_expires_unless_money_moves(
    database_url: str, state: State | None, expected: type[Exception]
) -> None:
    ledger = await Ledger.open(database_url, LEASE)
    try:
        await prepay_later(ledger, state, LEASE)
        tokens = Tokens(ledger, 90, now=lambda: START + timedelta(minutes=16))
        with pytest.raises(expected):
            await tokens.recall(TokenOffer(TOKEN), Use("service", "request", "first"))
    finally:
        await ledger.close()


@pytest.mark.anyio
@pytest.mark.parametrize(("state", "expected"), [(State.FAILED, TokenPending), (State.CONSUMED, TokenUnknown)])
async def test_token_of_a_credited_key_is_void(database_url: str, state: State, expected: type[Exception]) -> None:
    """A credit that failed leaves the payment, and its token, to others."""
    ledger = await Ledger.open(database_url, LEASE)
    try:
        key, _ = await Keys(ledger).create("customer", [Scope.CALL], prepaid=True)
        await prepay_later(ledger, state, None, api_key_id=key.id)
        tokens = Tokens(ledger, 90, now=lambda: START)
        with pytest.raises(expected):
            await tokens.recall(TokenOffer(TOKEN), Use("service", "request", "first"))
    finally:
        await ledger.close()

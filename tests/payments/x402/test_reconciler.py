"""Tests of the reconciler on a real chain: only the chain decides unresolved payments."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from eth_account import Account
from fastapi import FastAPI, Request
from web3 import Web3

from alive402.payments.core import Answered, Claim, Money, Use
from alive402.payments.devchain import NETWORK, TOKEN_ADDRESS, DevChain, DevFacilitator
from alive402.payments.ledger import Ledger
from alive402.payments.x402.options import PaymentOption, PaymentOptions
from alive402.payments.x402.protocol import PaymentGate
from alive402.payments.x402.reconciler import ASKED_AT_ONCE, CASES_AT_ONCE, Reconciler, Swept
from alive402.payments.x402.schemes import Terms
from alive402.payments.x402.schemes.exact_evm import EXACT_EVM, Web3ChainReader
from alive402.payments.x402.schemes.exact_permit2 import EXACT_PERMIT2
from alive402.storage import utc_now
from tests.http.facilitators import Facilitator, running_facilitator
from tests.payments.devchain.test_chain import SELLER, authorization
from tests.payments.x402.schemes.permit2.signing import Proxy, signed

pytestmark = pytest.mark.anyio
PRICE = 200_000
SILENT = "eip155:8453"
CROWD, BACKLOG = 8, 24
USE = Use("video-face-liveness-detection", "request", "first")
RESULT = {"Elements": [1]}


class Setup:
    """A ledger, a chain, a node that can be silent, and a reconciler."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.chain = DevChain()
        self.node = Web3(Web3.HTTPProvider("http://127.0.0.1:9/nobody", request_kwargs={"timeout": 1}))
        self.payer = Account.create()
        self.chain.mint(self.payer.address, 30 * PRICE)
        self.clock = timedelta()

    def now(self) -> datetime:
        return utc_now() + self.clock

    def reconciler(self, *, silent: bool = False, others: bool = False, node: str | None = None) -> Reconciler:
        asset = SELLER if others else TOKEN_ADDRESS
        terms = Terms(NETWORK, asset, PRICE, SELLER, 300, "USDC", "2")
        away = Terms(SILENT, asset, PRICE, SELLER, 300, "USDC", "2")
        chain = Web3ChainReader.at(node) if node else Web3ChainReader(self.node if silent else self.chain.web3)
        facilitator, permit2 = DevFacilitator(self.chain), self.chain.reader_for(EXACT_PERMIT2)
        options = PaymentOptions(
            [
                PaymentOption(EXACT_EVM, terms, facilitator, chain),
                PaymentOption(EXACT_PERMIT2, terms, facilitator, permit2),
                PaymentOption(EXACT_EVM, away, facilitator, Web3ChainReader(self.node)),
            ]
        )
        return Reconciler(self.ledger, PaymentGate(options))

    def sign(self, number: int, lives: int = 300) -> tuple[Money, str]:
        """An authorization, in the forms of ledger and chain."""
        values, signed = authorization(self.payer, PRICE, nonce=number.to_bytes(32, "big"), lives=lives)
        parts = [signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")]  # type: ignore[attr-defined]
        money = Money(
            network=NETWORK,
            asset=TOKEN_ADDRESS.lower(),
            payer=self.payer.address.lower(),
            nonce="0x" + number.to_bytes(32, "big").hex(),
            pay_to=SELLER.lower(),
            amount=PRICE,
            valid_before=int(time.time()) + lives,
            proof=str(number),
        )
        return money, self.chain.token.encode_abi("transferWithAuthorization", args=[*values, *parts])

    def send(self, call: str) -> str:
        return self.chain.send({"to": self.chain.token.address, "data": call})  # type: ignore[typeddict-item]

    async def claim(self, money: Money) -> Claim:
        async with self.ledger.begin() as payments:
            claim = await payments.reserve(money, USE, verified=True)
        assert isinstance(claim, Claim)
        return claim

    async def lose(self, money: Money) -> None:
        """A call whose settlement was sent and whose answer was lost."""
        claim = await self.claim(money)
        for step, *given in (("settling", RESULT), ("unknown", "silent")):
            async with self.ledger.begin() as payments:
                await getattr(payments, step)(claim, *given)

    async def state(self, money: Money) -> str:
        async with self.ledger.begin() as payments:
            ((_, states),) = [each for each in await payments.history() if each[0].nonce == money.nonce]
        return states[-1]


class SlowNode(Facilitator):
    """A node that answers its first calls when a crowd of them waits, and then at once; `most` waited together."""

    most = 0

    def app(self) -> FastAPI:
        app, inside, crowd = super().app(), set[object](), asyncio.Event()

        @app.middleware("http")
        async def slow(request: Request, call_next: Any) -> Any:
            inside.add(call := object())
            self.most = max(self.most, len(inside))
            if len(inside) >= CROWD:
                crowd.set()
            try:
                await asyncio.wait_for(crowd.wait(), 5)
                return await call_next(request)
            finally:
                inside.discard(call)

        return app


@pytest.fixture
async def setup(database_url: str) -> AsyncIterator[Setup]:
    made: list[Setup] = []
    made.append(Setup(await Ledger.open(database_url, lease_seconds=30, now=lambda: made[0].now())))
    yield made[0]
    await made[0].ledger.close()


async def test_payment_found_on_chain_is_settled(setup: Setup) -> None:
    money, call = setup.sign(1)
    await setup.lose(money)
    assert await setup.reconciler().sweep() == Swept(unknown=1)
    transaction = setup.send(call)
    assert await setup.reconciler().sweep() == Swept(settled=1)
    async with setup.ledger.begin() as payments:
        again = await payments.reserve(money, USE, verified=False)
    assert isinstance(again, Answered)
    assert (again.result, again.receipt["transaction"]) == (RESULT, transaction)
    assert (again.receipt["amount"], again.receipt["payer"]) == (str(PRICE), setup.payer.address)
    assert await setup.reconciler().sweep() == Swept()


async def test_only_the_chain_clock_expires_a_payment(setup: Setup) -> None:
    money, _ = setup.sign(2)
    await setup.lose(money)
    setup.clock = timedelta(days=1)
    assert await setup.reconciler().sweep() == Swept(unknown=1)
    setup.chain.web3.provider._tester.time_travel(int(time.time()) + 86_400)  # type: ignore[attr-defined]
    assert await setup.reconciler().sweep() == Swept(expired=1)
    assert await setup.state(money) == "expired"


async def test_wrong_refusal_is_corrected(setup: Setup) -> None:
    money, call = setup.sign(3)
    claim = await setup.claim(money)
    for step, *given in (("settling", RESULT), ("refused", "out_of_gas")):
        async with setup.ledger.begin() as payments:
            await getattr(payments, step)(claim, *given)
    assert await setup.reconciler().sweep() == Swept()
    setup.send(call)
    assert await setup.reconciler().sweep() == Swept(settled=1)
    assert await setup.state(money) == "consumed"


async def test_refusal_of_long_ago_is_looked_at_once_more_when_its_time_is_over(setup: Setup) -> None:
    money, call = setup.sign(3, lives=7200)
    claim = await setup.claim(money)
    for step, *given in (("settling", RESULT), ("refused", "out_of_gas")):
        async with setup.ledger.begin() as payments:
            await getattr(payments, step)(claim, *given)
    setup.send(call)
    setup.clock = timedelta(minutes=61)
    assert await setup.reconciler().sweep() == Swept()
    setup.clock = timedelta(minutes=121)
    assert await setup.reconciler().sweep() == Swept(settled=1)


async def test_authorization_spent_elsewhere_is_no_payment(setup: Setup) -> None:
    money, call = setup.sign(4)
    await setup.lose(dataclasses.replace(money, amount=PRICE + 1))
    setup.send(call)
    assert await setup.reconciler().sweep() == Swept(failed=1)
    assert await setup.state(money) == "failed"


async def test_undecided_payment_holds_up_no_other_of_its_network(setup: Setup) -> None:
    """A nonce of Permit2 that was used for something else is decided by its deadline only."""
    proxy, chain = Proxy(setup.chain), setup.chain
    chain.mint(chain.operator, PRICE)
    undecided, (sent, call) = EXACT_PERMIT2.money(signed(chain._operator)), setup.sign(16)
    for money in (undecided, sent):
        await setup.lose(money)
    proxy.cancel(int(undecided.nonce))
    setup.send(call)
    assert await setup.reconciler().sweep() == Swept(settled=1, unknown=1)
    proxy.let_time_pass(1_000)
    setup.clock = timedelta(minutes=20)
    assert await setup.reconciler().sweep() == Swept(failed=1)
    assert await setup.reconciler().sweep() == Swept(expired=1)
    assert await setup.reconciler().sweep() == Swept()


async def test_silent_node_decides_nothing(setup: Setup) -> None:
    money, call = setup.sign(5)
    await setup.lose(money)
    setup.send(call)
    setup.clock = timedelta(days=1)
    assert await setup.reconciler(silent=True).sweep() == Swept(unknown=1)
    assert await setup.state(money) == "settle_unknown"


async def test_removed_network_decides_nothing(setup: Setup) -> None:
    money, _ = setup.sign(6)
    await setup.lose(money)
    setup.clock = timedelta(days=1)
    assert await setup.reconciler(others=True).sweep() == Swept(unknown=1)
    assert await setup.state(money) == "settle_unknown"


async def test_payments_of_a_dead_process_are_resolved_in_one_sweep(setup: Setup) -> None:
    held, _ = setup.sign(7)
    sent, call = setup.sign(8)
    await setup.claim(held)
    claim = await setup.claim(sent)
    async with setup.ledger.begin() as payments:
        await payments.settling(claim, RESULT)
    setup.send(call)
    assert await setup.reconciler().sweep() == Swept()
    setup.clock = timedelta(seconds=31)
    assert await setup.reconciler().sweep() == Swept(freed=2, settled=1)
    assert (await setup.state(held), await setup.state(sent)) == ("released", "consumed")


async def test_lease_lasts_as_long_as_its_call(setup: Setup) -> None:
    money, _ = setup.sign(9)
    begun, finish = asyncio.Event(), asyncio.Event()

    async def call() -> None:
        setup.ledger.keep(await setup.claim(money))
        begun.set()
        await finish.wait()

    working = asyncio.create_task(call())
    await begun.wait()
    for _ in range(3):
        setup.clock += timedelta(seconds=20)
        await setup.ledger.renew()
    assert await setup.reconciler().sweep() == Swept()
    finish.set()
    await working
    setup.clock += timedelta(seconds=31)
    await setup.ledger.renew()
    assert await setup.reconciler().sweep() == Swept(freed=1)


async def test_two_reconcilers_resolve_each_payment_once(setup: Setup) -> None:
    for number in range(10, 16):
        money, call = setup.sign(number)
        await setup.lose(money)
        setup.send(call)
    both = await asyncio.gather(setup.reconciler().sweep(), setup.reconciler().sweep())
    assert max(swept.settled for swept in both) == 6
    async with setup.ledger.begin() as payments:
        histories = [states for _, states in await payments.history()]
    assert [states.count("settled") for states in histories] == [1] * 6


async def test_payments_are_looked_up_side_by_side(setup: Setup) -> None:
    for number in range(20, 20 + BACKLOG):
        money, call = setup.sign(number)
        await setup.lose(money)
        setup.send(call)
    with running_facilitator(setup.chain, kind=SlowNode) as slow:
        assert await setup.reconciler(node=f"{slow.url}/devchain/rpc").sweep() == Swept(settled=BACKLOG)
        assert CROWD <= slow.most <= ASKED_AT_ONCE


async def test_silent_network_holds_up_no_other(setup: Setup) -> None:
    """However many of its payments wait, and for however long."""
    for number in range(100, 101 + CASES_AT_ONCE):
        await setup.lose(dataclasses.replace(setup.sign(number)[0], network=SILENT))
    money, call = setup.sign(99)
    await setup.lose(money)
    setup.send(call)
    assert await setup.reconciler().sweep() == Swept(settled=1, unknown=CASES_AT_ONCE)
    assert await setup.state(money) == "consumed"


async def test_payments_that_get_no_answer_are_asked_about_last(setup: Setup) -> None:
    for number in range(20, 21 + ASKED_AT_ONCE):
        await setup.lose(setup.sign(number)[0])
    async with setup.ledger.recovery() as recovery:
        waiting = [case.payment_id for case in await recovery.cases()]
    await setup.reconciler(silent=True).sweep()
    async with setup.ledger.recovery() as recovery:
        assert (await recovery.cases())[0].payment_id == waiting[-1]

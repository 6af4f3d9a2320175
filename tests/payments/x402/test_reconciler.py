"""The reconciler on a real chain: unresolved payments are decided by the chain alone."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from eth_account import Account
from web3 import Web3

from alive402.payments.core.values import Answered, Claim, Money, Use
from alive402.payments.devchain import NETWORK, TOKEN_ADDRESS, DevChain, DevFacilitator
from alive402.payments.ledger.ledger import Ledger
from alive402.payments.x402.chain import Web3ChainReader
from alive402.payments.x402.options import PaymentOption, PaymentOptions, Terms
from alive402.payments.x402.protocol import PaymentGate
from alive402.payments.x402.reconciler import Reconciler, Swept
from alive402.storage.database import utc_now
from tests.payments.devchain.test_chain import SELLER, authorization

pytestmark = pytest.mark.anyio
PRICE = 200_000
USE = Use("video-face-liveness-detection", "request", "first")
RESULT = {"Elements": [1]}


class Town:
    """A ledger, a chain, a node that may fall silent, and the reconciler between them."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.chain = DevChain()
        self.node = Web3(Web3.HTTPProvider("http://127.0.0.1:9/nobody", request_kwargs={"timeout": 1}))
        self.payer = Account.create()
        self.chain.mint(self.payer.address, 10 * PRICE)
        self.clock = timedelta()

    def now(self) -> datetime:
        return utc_now() + self.clock

    def reconciler(self, *, silent: bool = False, others: bool = False) -> Reconciler:
        asset = SELLER if others else TOKEN_ADDRESS
        terms = Terms(NETWORK, asset, PRICE, SELLER, 300, "USDC", "2")
        chain = Web3ChainReader(self.node if silent else self.chain.web3)
        options = PaymentOptions([PaymentOption(terms, DevFacilitator(self.chain), chain)])
        return Reconciler(self.ledger, PaymentGate(options))

    def sign(self, number: int, lives: int = 300) -> tuple[Money, str]:
        """An authorization, as the ledger and as the chain know it."""
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
        """A call whose settlement was sent, and whose answer never came."""
        claim = await self.claim(money)
        for step, *given in (("settling", RESULT), ("unknown", "silent")):
            async with self.ledger.begin() as payments:
                await getattr(payments, step)(claim, *given)

    async def state(self, money: Money) -> str:
        async with self.ledger.begin() as payments:
            ((_, states),) = [each for each in await payments.history() if each[0].nonce == money.nonce]
        return states[-1]


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    made: list[Town] = []
    made.append(Town(await Ledger.open(database_url, lease_seconds=30, now=lambda: made[0].now())))
    yield made[0]
    await made[0].ledger.close()


async def test_what_the_chain_shows_is_paid_and_its_answer_can_be_fetched(town: Town) -> None:
    money, call = town.sign(1)
    await town.lose(money)
    assert await town.reconciler().sweep() == Swept(unknown=1)
    transaction = town.send(call)
    assert await town.reconciler().sweep() == Swept(settled=1)
    async with town.ledger.begin() as payments:
        again = await payments.reserve(money, USE, verified=False)
    assert isinstance(again, Answered)
    assert (again.result, again.receipt["transaction"]) == (RESULT, transaction)
    assert (again.receipt["amount"], again.receipt["payer"]) == (str(PRICE), town.payer.address)
    assert await town.reconciler().sweep() == Swept()


async def test_only_the_chains_clock_says_that_a_payment_ran_out(town: Town) -> None:
    money, _ = town.sign(2)
    await town.lose(money)
    town.clock = timedelta(days=1)
    assert await town.reconciler().sweep() == Swept(unknown=1)
    town.chain.web3.provider._tester.time_travel(int(time.time()) + 86_400)  # type: ignore[attr-defined]
    assert await town.reconciler().sweep() == Swept(expired=1)
    assert await town.state(money) == "expired"


async def test_a_refusal_that_was_wrong_is_put_right(town: Town) -> None:
    money, call = town.sign(3)
    claim = await town.claim(money)
    for step, *given in (("settling", RESULT), ("refused", "out_of_gas")):
        async with town.ledger.begin() as payments:
            await getattr(payments, step)(claim, *given)
    town.send(call)
    assert await town.reconciler().sweep() == Swept()
    town.clock = timedelta(minutes=10)
    assert await town.reconciler().sweep() == Swept(settled=1)
    assert await town.state(money) == "consumed"


async def test_money_that_went_elsewhere_is_no_payment(town: Town) -> None:
    money, call = town.sign(4)
    await town.lose(dataclasses.replace(money, amount=PRICE + 1))
    town.send(call)
    assert await town.reconciler().sweep() == Swept(failed=1)
    assert await town.state(money) == "failed"


async def test_a_silent_node_decides_nothing(town: Town) -> None:
    money, call = town.sign(5)
    await town.lose(money)
    town.send(call)
    town.clock = timedelta(days=1)
    assert await town.reconciler(silent=True).sweep() == Swept(unknown=1)
    assert await town.state(money) == "settle_unknown"


async def test_a_network_that_is_not_served_any_more_decides_nothing(town: Town) -> None:
    money, _ = town.sign(6)
    await town.lose(money)
    town.clock = timedelta(days=1)
    assert await town.reconciler(others=True).sweep() == Swept(unknown=1)
    assert await town.state(money) == "settle_unknown"


async def test_what_a_dead_process_held_is_freed_and_resolved_in_one_sweep(town: Town) -> None:
    held, _ = town.sign(7)
    sent, call = town.sign(8)
    await town.claim(held)
    claim = await town.claim(sent)
    async with town.ledger.begin() as payments:
        await payments.settling(claim, RESULT)
    town.send(call)
    assert await town.reconciler().sweep() == Swept()
    town.clock = timedelta(seconds=31)
    assert await town.reconciler().sweep() == Swept(freed=2, settled=1)
    assert (await town.state(held), await town.state(sent)) == ("released", "consumed")


async def test_a_lease_lasts_as_long_as_the_call_that_took_it(town: Town) -> None:
    money, _ = town.sign(9)
    begun, finish = asyncio.Event(), asyncio.Event()

    async def call() -> None:
        town.ledger.keep(await town.claim(money))
        begun.set()
        await finish.wait()

    working = asyncio.create_task(call())
    await begun.wait()
    for _ in range(3):
        town.clock += timedelta(seconds=20)
        await town.ledger.renew()
    assert await town.reconciler().sweep() == Swept()
    finish.set()
    await working
    town.clock += timedelta(seconds=31)
    await town.ledger.renew()
    assert await town.reconciler().sweep() == Swept(freed=1)


async def test_two_reconcilers_close_each_case_once(town: Town) -> None:
    for number in range(10, 16):
        money, call = town.sign(number)
        await town.lose(money)
        town.send(call)
    both = await asyncio.gather(town.reconciler().sweep(), town.reconciler().sweep())
    assert max(swept.settled for swept in both) == 6
    async with town.ledger.begin() as payments:
        histories = [states for _, states in await payments.history()]
    assert [states.count("settled") for states in histories] == [1] * 6

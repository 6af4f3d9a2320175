"""Tests of reading an authorization from the chain: moved, not moved, expired, or used for something else."""

from __future__ import annotations

import dataclasses
import time

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from alive402.payments.core import Money
from alive402.payments.devchain import NETWORK, TOKEN_ADDRESS, DevChain
from alive402.payments.x402.schemes import SpentElsewhere
from alive402.payments.x402.schemes.exact_evm import Web3ChainReader
from tests.payments.devchain.test_chain import SELLER, authorization

pytestmark = pytest.mark.anyio


def sign(chain: DevChain, payer: LocalAccount) -> tuple[Money, str]:
    """An authorization over 0.20, as the ledger knows it, and the call that settles it."""
    values, signed = authorization(payer, 200_000)
    parts = [signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")]  # type: ignore[attr-defined]
    money = Money(
        network=NETWORK,
        asset=TOKEN_ADDRESS.lower(),
        payer=payer.address.lower(),
        nonce="0x" + bytes(values[-1]).hex(),  # type: ignore[call-overload]
        pay_to=SELLER.lower(),
        amount=200_000,
        valid_before=int(time.time()) + 300,
        proof="proof",
    )
    return money, chain.token.encode_abi("transferWithAuthorization", args=[*values, *parts])


def settle(chain: DevChain, call: str) -> str:
    return chain.send({"to": chain.token.address, "data": call})  # type: ignore[typeddict-item]


async def test_chain_decides_whether_money_moved() -> None:
    chain = DevChain()
    reader, payer = Web3ChainReader(chain.web3), Account.create()
    chain.mint(payer.address, 1_000_000)
    money, call = sign(chain, payer)
    assert await reader.network() == NETWORK
    assert await reader.find_transfer(money) is None
    transaction = settle(chain, call)
    found = await reader.find_transfer(money)
    assert found is not None
    assert found.transaction == transaction
    for other in ({"pay_to": payer.address.lower()}, {"amount": 200_001}):
        with pytest.raises(SpentElsewhere):
            await reader.find_transfer(dataclasses.replace(money, **other))  # type: ignore[arg-type]
    assert await reader.count_transfers(transaction, TOKEN_ADDRESS, SELLER, 200_000) == 1
    assert await reader.count_transfers(transaction, TOKEN_ADDRESS, SELLER, 200_001) == 0
    assert await reader.count_transfers(transaction, TOKEN_ADDRESS, payer.address, 200_000) == 0
    assert await reader.count_transfers("0x" + "00" * 32, TOKEN_ADDRESS, SELLER, 200_000) == 0
    assert abs(await reader.now() - time.time()) < 60


async def test_old_settlement_is_found_after_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alive402.payments.x402.schemes.exact_evm.chain._WINDOW_BLOCKS", 2)
    chain = DevChain()
    payer = Account.create()
    chain.mint(payer.address, 1_000_000)
    money, call = sign(chain, payer)
    transaction = settle(chain, call)
    for _ in range(7):
        chain.mint(payer.address, 1)
    found = await chain.reader.find_transfer(money)
    assert found is not None
    assert found.transaction == transaction


async def test_authorization_is_over_a_margin_after_its_end() -> None:
    chain = DevChain()
    money, _ = sign(chain, Account.create())
    newest = chain.web3.eth.get_block("latest")["timestamp"]
    for seconds, over in ((60, False), (119, False), (600, True)):
        ended = dataclasses.replace(money, valid_before=newest - seconds)
        assert await chain.reader.is_over(ended) is over


async def test_idle_chain_accepts_a_payment_dated_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """A payment dated now is good on a chain whose last block is an hour old."""
    chain, now = DevChain(), int(time.time())
    monkeypatch.setattr("alive402.payments.devchain.chain.time.time", lambda: now + 3600.0)
    assert chain.web3.eth.get_block("latest")["timestamp"] >= now + 3590

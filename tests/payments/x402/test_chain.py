"""Tests of reading an authorization from the chain: moved, not moved, or used for something else."""

from __future__ import annotations

import time

import pytest
from eth_account import Account

from alive402.payments.devchain import NETWORK, TOKEN_ADDRESS, DevChain
from alive402.payments.x402.chain import SpentElsewhere, Web3ChainReader
from tests.payments.devchain.test_chain import SELLER, authorization

pytestmark = pytest.mark.anyio


async def test_chain_decides_whether_money_moved() -> None:
    chain = DevChain()
    reader, payer = Web3ChainReader(chain.web3), Account.create()
    chain.mint(payer.address, 1_000_000)
    values, signed = authorization(payer, 200_000)
    nonce = "0x" + bytes(values[-1]).hex()  # type: ignore[call-overload]
    asked = (TOKEN_ADDRESS.lower(), payer.address.lower(), nonce)
    assert await reader.network() == NETWORK
    assert await reader.find_transfer(*asked, SELLER.lower(), 200_000) is None
    parts = [signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")]  # type: ignore[attr-defined]
    call = chain.token.encode_abi("transferWithAuthorization", args=[*values, *parts])
    transaction = chain.send({"to": chain.token.address, "data": call})
    found = await reader.find_transfer(*asked, SELLER.lower(), 200_000)
    assert found is not None
    assert found.transaction == transaction
    for other in ((payer.address.lower(), 200_000), (SELLER.lower(), 200_001)):
        with pytest.raises(SpentElsewhere):
            await reader.find_transfer(*asked, *other)
    assert await reader.count_transfers(transaction, TOKEN_ADDRESS, SELLER, 200_000) == 1
    assert await reader.count_transfers(transaction, TOKEN_ADDRESS, SELLER, 200_001) == 0
    assert await reader.count_transfers(transaction, TOKEN_ADDRESS, payer.address, 200_000) == 0
    assert await reader.count_transfers("0x" + "00" * 32, TOKEN_ADDRESS, SELLER, 200_000) == 0
    assert abs(await reader.now() - time.time()) < 60


async def test_old_settlement_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alive402.payments.x402.chain._WINDOW_BLOCKS", 2)
    chain = DevChain()
    reader, payer = Web3ChainReader(chain.web3), Account.create()
    chain.mint(payer.address, 1_000_000)
    values, signed = authorization(payer, 200_000)
    parts = [signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")]  # type: ignore[attr-defined]
    call = chain.token.encode_abi("transferWithAuthorization", args=[*values, *parts])
    transaction = chain.send({"to": chain.token.address, "data": call})
    for _ in range(7):
        chain.mint(payer.address, 1)
    nonce = "0x" + bytes(values[-1]).hex()  # type: ignore[call-overload]
    found = await reader.find_transfer(TOKEN_ADDRESS.lower(), payer.address.lower(), nonce, SELLER.lower(), 200_000)
    assert found is not None
    assert found.transaction == transaction


async def test_idle_chain_accepts_a_payment_dated_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last block of the chain is an hour old."""
    chain, now = DevChain(), int(time.time())
    monkeypatch.setattr("alive402.payments.devchain.chain.time.time", lambda: now + 3600.0)
    assert chain.web3.eth.get_block("latest")["timestamp"] >= now + 3590

"""Tests of the search for a transfer by Permit2 on a real chain: only a settlement of this very nonce is one."""

from __future__ import annotations

import dataclasses

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import Web3

from alive402.payments.core import Money
from alive402.payments.devchain import TOKEN_ADDRESS, DevChain
from alive402.payments.x402.schemes import SpentElsewhere
from alive402.payments.x402.schemes.exact_evm import Web3ChainReader
from alive402.payments.x402.schemes.exact_permit2 import EXACT_PERMIT2
from alive402.payments.x402.schemes.permit2 import Permit2ChainReader
from tests.payments.devchain.test_chain import SELLER
from tests.payments.x402.schemes.permit2.signing import PRICE, Proxy, signed

pytestmark = pytest.mark.anyio
OVER = 1_000


@pytest.fixture
def chain() -> DevChain:
    return DevChain()


@pytest.fixture
def proxy(chain: DevChain) -> Proxy:
    return Proxy(chain)


@pytest.fixture
def reader(chain: DevChain) -> Permit2ChainReader:
    return Permit2ChainReader(chain.web3)


@pytest.fixture
def payer(chain: DevChain) -> LocalAccount:
    account: LocalAccount = Account.create()
    chain.mint(account.address, 10 * PRICE)
    return account


@pytest.mark.parametrize("suffix", [b"", b"builder code"])
async def test_settlement_is_found_by_its_nonce(
    proxy: Proxy, reader: Permit2ChainReader, payer: LocalAccount, suffix: bytes
) -> None:
    payments = [signed(payer) for _ in range(3)]
    money = [EXACT_PERMIT2.money(payment) for payment in payments]
    assert [await reader.find_transfer(each) for each in money] == [None, None, None]
    assert not await reader.is_used(money[0])
    transactions = [proxy.settle(payment, suffix) for payment in payments[:2]]
    found = [await reader.find_transfer(each) for each in money]
    assert [each and (each.transaction, each.amount) for each in found] == [*((t, PRICE) for t in transactions), None]
    assert [await reader.is_used(each) for each in money] == [True, True, False]
    assert await reader.count_transfers(transactions[0], TOKEN_ADDRESS.lower(), SELLER.lower(), PRICE) == 1


async def test_unknown_use_of_a_nonce_is_undecided_until_the_deadline(
    chain: DevChain, proxy: Proxy, reader: Permit2ChainReader
) -> None:
    chain.mint(chain.operator, PRICE)
    money = EXACT_PERMIT2.money(signed(chain._operator))
    proxy.cancel(int(money.nonce))
    assert await reader.is_used(money)
    with pytest.raises(LookupError):
        await reader.find_transfer(money)
    assert not await reader.is_over(money)
    proxy.let_time_pass(OVER)
    assert await reader.is_over(money)
    with pytest.raises(SpentElsewhere):
        await reader.find_transfer(money)


async def test_transfer_of_another_nonce_is_not_taken_for_a_payment(
    chain: DevChain, proxy: Proxy, reader: Permit2ChainReader
) -> None:
    """A payer settles one payment, and names the cancelled nonces of others in the same calldata."""
    chain.mint(chain.operator, 10 * PRICE)
    payment, unpaid = signed(chain._operator), EXACT_PERMIT2.money(signed(chain._operator))
    proxy.cancel(int(unpaid.nonce))
    proxy.settle(payment, int(unpaid.nonce).to_bytes(32, "big"))
    assert await reader.find_transfer(EXACT_PERMIT2.money(payment)) is not None
    proxy.let_time_pass(OVER)
    with pytest.raises(SpentElsewhere):
        await reader.find_transfer(unpaid)


@pytest.mark.parametrize("named", [True, False])
async def test_transfer_through_another_contract_is_left_to_a_person(
    chain: DevChain, proxy: Proxy, reader: Permit2ChainReader, named: bool
) -> None:
    """The token is called directly, with the nonce behind the arguments."""
    chain.mint(chain.operator, 10 * PRICE)
    money = EXACT_PERMIT2.money(signed(chain._operator))
    proxy.cancel(int(money.nonce))
    call = bytes.fromhex(chain.token.encode_abi("transfer", args=[SELLER, PRICE])[2:])
    proxy.send(TOKEN_ADDRESS, call + (int(money.nonce).to_bytes(32, "big") if named else b""))
    proxy.let_time_pass(OVER)
    with pytest.raises(LookupError if named else SpentElsewhere):
        await reader.find_transfer(money)


async def test_other_money_of_the_same_payer_is_not_the_payment(
    proxy: Proxy, reader: Permit2ChainReader, payer: LocalAccount
) -> None:
    payment = signed(payer)
    proxy.settle(payment)
    money = EXACT_PERMIT2.money(payment)
    proxy.let_time_pass(OVER)
    for change in ({"amount": PRICE + 1}, {"pay_to": payer.address.lower()}):
        with pytest.raises(SpentElsewhere):
            await reader.find_transfer(dataclasses.replace(money, **change))  # type: ignore[arg-type]


async def test_old_settlement_is_not_decided(
    monkeypatch: pytest.MonkeyPatch, proxy: Proxy, reader: Permit2ChainReader, payer: LocalAccount
) -> None:
    payment = signed(payer)
    proxy.settle(payment)
    proxy.chain.mint(payer.address, 1)
    monkeypatch.setattr("alive402.payments.x402.schemes.exact_evm.chain._WINDOW_BLOCKS", 1)
    assert await reader.find_transfer(EXACT_PERMIT2.money(payment)) is not None
    monkeypatch.setattr("alive402.payments.x402.schemes.exact_evm.chain._WINDOWS", 1)
    with pytest.raises(LookupError):
        await reader.find_transfer(EXACT_PERMIT2.money(payment))


async def test_silent_node_decides_nothing(payer: LocalAccount) -> None:
    nobody = Permit2ChainReader(Web3(Web3.HTTPProvider("http://127.0.0.1:9/nobody", request_kwargs={"timeout": 1})))
    money: Money = EXACT_PERMIT2.money(signed(payer))
    for ask in (nobody.find_transfer, nobody.is_used):
        with pytest.raises(Exception, match=r"127.0.0.1|refused"):
            await ask(money)


async def test_eip3009_reader_knows_a_used_authorization(chain: DevChain, payer: LocalAccount) -> None:
    money = dataclasses.replace(EXACT_PERMIT2.money(signed(payer)), nonce="0x" + "1" * 64)
    assert not await Web3ChainReader(chain.web3).is_used(money)

"""Tests of reading a payment from the chain: moved, not moved, expired, used otherwise, refunded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("solders", reason="needs the extra `solana`")

from solders.keypair import Keypair
from x402.schemas import PaymentPayload

from alive402.payments.core import Money
from alive402.payments.devchain.solana import MINT, NETWORK, Rpc, SolanaDevChain, SolanaDevFacilitator, reader
from alive402.payments.x402.schemes import ChecksReceiver, SpentElsewhere
from alive402.payments.x402.schemes.exact_svm import EXACT_SVM, SolanaReader
from tests.payments.devchain.solana.signing import PRICE, asked, signed

pytestmark = pytest.mark.anyio


@dataclasses.dataclass
class Shop:
    """A chain with a buyer and a shop, and a payment between them that is signed and not sent."""

    chain: SolanaDevChain = dataclasses.field(default_factory=SolanaDevChain)
    buyer: Keypair = dataclasses.field(default_factory=Keypair)
    address: str = dataclasses.field(default_factory=SolanaDevChain.new_account)

    def __post_init__(self) -> None:
        self.chain.mint(str(self.buyer.pubkey()), 10 * PRICE)
        self.chain.mint(self.address, 0)

    def sign(self) -> tuple[PaymentPayload, Money]:
        payment = signed(self.chain, self.buyer, asked(self.chain, self.address))
        return payment, EXACT_SVM.money(payment)

    async def settle(self, payment: PaymentPayload) -> str:
        done = await SolanaDevFacilitator(self.chain).settle(payment, payment.accepted)
        assert done.success, done
        return done.transaction

    def node(self, change: Callable[[str, Any], Any]) -> SolanaReader:
        """A reader whose node gives `change(method, result)`."""
        rpc = Rpc(self.chain)

        async def call(method: str, params: list[Any]) -> Any:
            return change(method, rpc.call(method, params))

        return SolanaReader(call)


async def test_chain_decides_whether_money_moved() -> None:
    shop = Shop()
    chain, (payment, money), (_, other) = reader(shop.chain), shop.sign(), shop.sign()
    assert await chain.network() == NETWORK
    assert await chain.find_transfer(money) is None
    transaction = await shop.settle(payment)
    found = await chain.find_transfer(money)
    assert found is not None
    assert found.transaction == transaction
    # An equal payment of the same second is another one.
    assert await chain.find_transfer(other) is None


async def test_only_the_chain_expires_a_payment() -> None:
    shop = Shop()
    chain, (_, money) = reader(shop.chain), shop.sign()
    # The service's clock was an hour slow: the payment's time is over, and it can still move.
    slow = dataclasses.replace(money, valid_before=money.valid_before - 3_600)
    assert not await chain.is_over(money)
    assert not await chain.is_over(slow)
    shop.chain.skip(90)
    assert await chain.is_over(slow)
    assert not await chain.is_over(money)
    shop.chain.skip(600)
    assert await chain.is_over(money)


async def test_fresh_blockhash_that_no_final_block_knows_is_not_over() -> None:
    shop = Shop()
    _, money = shop.sign()
    answers = iter([True, False])

    def lagging(method: str, result: Any) -> Any:
        return {"value": next(answers)} if method == "isBlockhashValid" else result

    assert not await shop.node(lagging).is_over(dataclasses.replace(money, valid_before=0))


async def test_transaction_that_failed_on_chain_never_moves_the_money() -> None:
    shop = Shop()
    payment, money = shop.sign()
    await shop.settle(payment)

    def failed(method: str, result: Any) -> Any:
        listed = method == "getSignaturesForAddress"
        return [{**each, "err": {"InstructionError": [2, {"Custom": 1}]}} for each in result] if listed else result

    with pytest.raises(SpentElsewhere):
        await shop.node(failed).find_transfer(money)


async def test_node_without_memos_or_without_the_transaction_is_no_proof() -> None:
    shop = Shop()
    payment, money = shop.sign()
    transaction = await shop.settle(payment)

    def silent(method: str, result: Any) -> Any:
        listed = method == "getSignaturesForAddress"
        return [{name: each[name] for name in each if name != "memo"} for each in result] if listed else result

    found = await shop.node(silent).find_transfer(money)
    assert found is not None
    assert found.transaction == transaction
    with pytest.raises(LookupError):
        await shop.node(lambda method, result: None if method == "getTransaction" else result).find_transfer(money)


async def test_payment_is_found_among_a_thousand_others() -> None:
    shop = Shop()
    payment, money = shop.sign()
    transaction = await shop.settle(payment)
    rpc, pages = Rpc(shop.chain), []

    async def call(method: str, params: list[Any]) -> Any:
        result = rpc.call(method, params)
        if method == "getSignaturesForAddress" and "before" not in params[1]:
            pages.append(result)
            return [{**result[0], "signature": "other", "memo": None}] * 1_000
        if method == "getSignaturesForAddress":
            return pages[0]
        return result

    found = await SolanaReader(call).find_transfer(money)
    assert found is not None
    assert found.transaction == transaction


async def test_refunds_are_counted_exactly() -> None:
    shop = Shop()
    chain, buyer = reader(shop.chain), str(shop.buyer.pubkey())
    seller = Keypair()
    shop.chain.mint(str(seller.pubkey()), 10 * PRICE)
    shop.chain.mint(shop.address, 0)
    refund = shop.chain.transfer(seller, buyer, PRICE, PRICE, 1)
    assert await chain.count_transfers(refund, MINT, buyer, PRICE) == 2
    assert await chain.count_transfers(refund, MINT, buyer, 1) == 1
    assert await chain.count_transfers(refund, MINT, buyer, 2) == 0
    assert await chain.count_transfers(refund, MINT, shop.address, PRICE) == 0
    assert await chain.count_transfers(refund, buyer, buyer, PRICE) == 0
    assert await chain.count_transfers("5" * 88, MINT, buyer, PRICE) == 0


async def test_wallet_without_an_account_for_the_token_is_a_problem() -> None:
    shop = Shop()
    chain, other = reader(shop.chain), SolanaDevChain.new_account()
    assert isinstance(chain, ChecksReceiver)
    assert await chain.receiver_problem(MINT, shop.address) is None
    assert "spl-token create-account" in (await chain.receiver_problem(MINT, other) or "")
    assert "no token" in (await chain.receiver_problem(other, shop.address) or "")
    assert "not a wallet's address" in (await chain.receiver_problem(MINT, "z" * 44) or "")

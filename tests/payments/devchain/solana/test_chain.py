"""Tests of the Solana chain: blockhashes age, a transaction runs once, and its RPC answers as a node does."""

from __future__ import annotations

import pytest

pytest.importorskip("solders", reason="needs the extra `solana`")

from solders.keypair import Keypair
from x402.mechanisms.svm.utils import derive_ata

from alive402.payments.devchain.solana import MINT, NETWORK, Rpc, SolanaDevChain, SolanaDevFacilitator, UnknownMethod
from tests.payments.devchain.solana.signing import PRICE, asked, signed

pytestmark = pytest.mark.anyio


async def test_transaction_runs_once_and_only_while_its_blockhash_lives() -> None:
    chain, buyer, shop = SolanaDevChain(), Keypair(), SolanaDevChain.new_account()
    chain.mint(str(buyer.pubkey()), PRICE * 2)
    chain.mint(shop, 0)
    facilitator = SolanaDevFacilitator(chain)
    payment, late = (signed(chain, buyer, asked(chain, shop)) for _ in range(2))
    assert (await facilitator.verify(payment, payment.accepted)).is_valid
    assert (await facilitator.settle(payment, payment.accepted)).success
    again = await facilitator.verify(payment, payment.accepted)
    assert (again.is_valid, again.invalid_message) == (False, "TransactionErrorFieldless.AlreadyProcessed")
    chain.skip(61)
    dead = await facilitator.settle(late, late.accepted)
    assert not dead.success
    assert chain.balance(shop) == PRICE
    kinds = {(kind.x402_version, kind.network) for kind in facilitator.get_supported().kinds}
    assert (2, NETWORK) in kinds


def test_rpc_answers_as_a_node() -> None:
    chain = SolanaDevChain(clock=lambda: 1_000.0)
    rpc, wallet = Rpc(chain), Keypair()
    owner, shop = str(wallet.pubkey()), SolanaDevChain.new_account()
    chain.mint(owner, 50)
    chain.mint(shop, 0)
    sent = chain.transfer(wallet, shop, 20)
    assert rpc.call("getTokenAccountBalance", [derive_ata(owner, MINT)])["value"]["amount"] == "30"
    assert rpc.call("getAccountInfo", [shop])["value"] is None
    assert rpc.call("getAccountInfo", [MINT])["value"]["space"] == 82
    assert rpc.call("getBalance", [str(chain.operator.pubkey())])["value"] > 0
    assert rpc.call("getSignatureStatuses", [[sent, "5" * 88]])["value"][1] is None
    (listed,) = rpc.call("getSignaturesForAddress", [owner])
    assert (listed["signature"], listed["blockTime"], listed["memo"]) == (sent, 1_000, None)
    assert rpc.call("getSignaturesForAddress", [owner, {"before": sent}]) == []
    assert rpc.call("getTransaction", ["5" * 88]) is None
    assert [rpc.call(name, []) for name in ("getSlot", "getBlockHeight", "getHealth")] == [1, 1, "ok"]
    assert rpc.call("getBlockTime", [1]) == 1_000
    name, last = chain.latest_blockhash()
    assert rpc.call("getLatestBlockhash", [])["value"] == {"blockhash": name, "lastValidBlockHeight": last}
    chain.skip(61)
    assert not rpc.call("isBlockhashValid", [name])["value"]
    with pytest.raises(UnknownMethod, match="getLatestBlockhash"):
        rpc.call("requestAirdrop", [])

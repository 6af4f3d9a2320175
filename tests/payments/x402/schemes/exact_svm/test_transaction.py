"""Tests of reading a signed transaction: what the buyer signed, and every other shape refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("solders", reason="needs the extra `solana`")

from solders.keypair import Keypair
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from alive402.payments.devchain.solana import MINT, SolanaDevChain
from alive402.payments.x402.schemes.exact_svm import transaction as reading
from tests.payments.devchain.solana.signing import PRICE, memo, transaction, transfer

BUYER, SHOP = Keypair(), str(Keypair().pubkey())
CHAIN = SolanaDevChain()
OWNER = str(BUYER.pubkey())
GOOD = (transfer(OWNER, SHOP), memo("x" * 24))


def encoded(sent: VersionedTransaction) -> str:
    return base64.b64encode(bytes(sent)).decode()


@pytest.mark.parametrize("legacy", [False, True])
def test_transfer_and_memo_are_read(legacy: bool) -> None:
    sent = transaction(CHAIN, BUYER, GOOD, legacy=legacy)
    read = reading.read(encoded(sent))
    assert (read.payer, read.mint, read.amount, read.memo) == (OWNER, MINT, PRICE, "x" * 24)
    assert read.pays(SHOP, MINT)
    assert not read.pays(OWNER, MINT)
    assert reading.blockhash_of(read.nonce) == str(sent.message.recent_blockhash)
    assert len(read.nonce) <= 80


def test_signature_of_the_fee_payer_changes_nothing() -> None:
    sent = transaction(CHAIN, BUYER, GOOD)
    other = VersionedTransaction.populate(sent.message, [Signature.new_unique(), sent.signatures[1]])
    assert reading.read(encoded(other)) == reading.read(encoded(sent))


def test_signature_of_the_buyer_is_part_of_the_proof() -> None:
    sent = transaction(CHAIN, BUYER, GOOD)
    other = VersionedTransaction.populate(sent.message, [sent.signatures[0], Signature.new_unique()])
    mine, theirs = reading.read(encoded(sent)), reading.read(encoded(other))
    assert mine.nonce == theirs.nonce
    assert mine.proof != theirs.proof


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [GOOD[0]],
        [GOOD[1]],
        [*GOOD, memo("y" * 24)],
        [GOOD[0], transfer(OWNER, SHOP, 1), GOOD[1]],
    ],
    ids=["nothing", "no memo", "no transfer", "two memos", "two transfers"],
)
def test_other_instructions_are_refused(steps: list[object]) -> None:
    sent = transaction(CHAIN, BUYER, steps)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not a transaction"):
        reading.read(encoded(sent))


def test_transaction_without_the_buyers_signature_is_refused() -> None:
    with pytest.raises(ValueError, match="not a transaction"):
        reading.read(encoded(transaction(CHAIN, BUYER, GOOD, signed=False)))


def test_transaction_with_more_bytes_is_refused() -> None:
    raw = bytes(transaction(CHAIN, BUYER, GOOD))
    with pytest.raises(ValueError, match="not a transaction"):
        reading.read(base64.b64encode(raw + b"\0").decode())


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="not a transaction"):
        reading.read(base64.b64encode(raw).decode())


RAW = bytes(transaction(CHAIN, BUYER, GOOD))


@given(st.integers(0, len(RAW) - 1), st.integers(1, 255))
def test_changed_byte_is_another_payment_or_refused(place: int, change: int) -> None:
    changed = RAW[:place] + bytes([RAW[place] ^ change]) + RAW[place + 1 :]
    first = reading.read(base64.b64encode(RAW).decode())
    try:
        read = reading.read(base64.b64encode(changed).decode())
    except ValueError:
        return
    fee_payers = 1 <= place < 65
    assert (read == first) == fee_payers

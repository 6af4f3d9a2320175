"""Tests of the scheme: a payload becomes money, and base58 keeps its case."""

from __future__ import annotations

import sys
import time

import pytest

pytest.importorskip("solders", reason="needs the extra `solana`")

from solders.keypair import Keypair
from x402.schemas import PaymentPayload

from alive402.payments.core import PaymentMalformed, PaymentMismatch, PaymentsMisconfigured
from alive402.payments.devchain.solana import MINT, NETWORK, SolanaDevChain
from alive402.payments.x402.schemes import ShortLived, Terms, scheme_of_network, spelled
from alive402.payments.x402.schemes.exact_svm import EXACT_SVM
from tests.payments.devchain.solana.signing import PATH, PRICE, asked, memo, payload, signed, transaction, transfer

CHAIN, BUYER, SHOP = SolanaDevChain(), Keypair(), str(Keypair().pubkey())
OWNER = str(BUYER.pubkey())


def test_money_is_read_from_the_transaction() -> None:
    sent = signed(CHAIN, BUYER, asked(CHAIN, SHOP))
    money = EXACT_SVM.money(sent)
    assert (money.network, money.asset, money.payer, money.pay_to) == (NETWORK, MINT, OWNER, SHOP)
    assert money.amount == PRICE
    assert abs(money.valid_before - 300 - time.time()) < 5
    assert EXACT_SVM.signed(money)
    assert EXACT_SVM.money(sent) == money


def test_payment_answers_the_402_of_its_path_only() -> None:
    assert isinstance(EXACT_SVM, ShortLived)
    sent = signed(CHAIN, BUYER, asked(CHAIN, SHOP))
    assert EXACT_SVM.answers(sent, PATH)
    assert not EXACT_SVM.answers(sent, "/api/payments/1/pay")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"pay_to": OWNER}, "terms"),
        ({"amount": "100000"}, "terms"),
        ({"amount": "0200000"}, "terms"),
        ({"asset": OWNER}, "terms"),
    ],
)
def test_payload_that_states_another_transfer_is_refused(change: dict[str, str], reason: str) -> None:
    sent = signed(CHAIN, BUYER, asked(CHAIN, SHOP))
    with pytest.raises(PaymentMismatch) as refused:
        EXACT_SVM.money(sent.model_copy(update={"accepted": sent.accepted.model_copy(update=change)}))
    assert refused.value.details["reason"] == reason


def test_memo_of_someone_else_is_refused() -> None:
    sent = transaction(CHAIN, BUYER, [transfer(OWNER, SHOP), memo("an order, 42")])
    with pytest.raises(PaymentMismatch) as refused:
        EXACT_SVM.money(payload(asked(CHAIN, SHOP), sent))
    assert refused.value.details["reason"] == "memo"


@pytest.mark.parametrize("given", [{}, {"transaction": 1}, {"transaction": "é"}, {"authorization": {}}])
def test_payload_without_a_transaction_is_malformed(given: dict[str, object]) -> None:
    with pytest.raises(PaymentMalformed):
        EXACT_SVM.money(PaymentPayload(payload=given, accepted=asked(CHAIN, SHOP)))


def test_base58_keeps_its_case() -> None:
    assert spelled(OWNER) == OWNER
    assert EXACT_SVM.shown(OWNER) == OWNER
    assert EXACT_SVM.is_address(OWNER)
    assert not EXACT_SVM.is_address("0x" + "1" * 40)
    assert EXACT_SVM.is_transaction("5" * 88)
    assert not EXACT_SVM.is_transaction("0x" + "1" * 64)
    assert scheme_of_network(NETWORK) is EXACT_SVM


def test_facilitator_without_a_fee_payer_is_a_problem() -> None:
    terms = Terms(NETWORK, MINT, PRICE, SHOP, 60)
    assert "feePayer" in (EXACT_SVM.problem(EXACT_SVM.requirements(terms)) or "")
    assert EXACT_SVM.problem(EXACT_SVM.requirements(terms, {"feePayer": OWNER})) is None
    assert EXACT_SVM.default_asset(NETWORK) == MINT
    assert EXACT_SVM.default_asset("solana:unknown") is None


def test_version_1_is_never_offered() -> None:
    assert EXACT_SVM.v1_networks == {}
    with pytest.raises(PaymentMismatch):
        EXACT_SVM.from_v1({}, [asked(CHAIN, SHOP)])


def test_without_the_extra_a_payment_is_for_other_terms_and_start_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = signed(CHAIN, BUYER, asked(CHAIN, SHOP))
    for name in [each for each in sys.modules if each.partition(".")[0] == "solders" or "exact_svm." in each]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "solders", None)
    package = sys.modules["alive402.payments.x402.schemes.exact_svm"]
    for name in ("transaction", "chain"):
        monkeypatch.delattr(package, name, raising=False)
    with pytest.raises(PaymentMismatch):
        EXACT_SVM.money(sent)
    with pytest.raises(PaymentsMisconfigured, match=r"pip install 'alive402\[server,solana\]'"):
        EXACT_SVM.connect("http://127.0.0.1:9")


def test_requirements_of_another_scheme_are_not_handled() -> None:
    assert not EXACT_SVM.handles(asked(CHAIN, SHOP).model_copy(update={"scheme": "upto"}))

"""Tests of reading a signed transfer by Permit2: one spelling for one payment, and no hostile value passes."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st
from x402.schemas import PaymentPayload

from alive402.payments.core import Money, PaymentMalformed, PaymentMismatch
from alive402.payments.devchain import NETWORK, TOKEN_ADDRESS
from alive402.payments.x402.schemes import SCHEMES, scheme_of, scheme_of_network
from alive402.payments.x402.schemes.exact_evm import EXACT_EVM
from alive402.payments.x402.schemes.exact_permit2 import EXACT_PERMIT2
from tests.payments.devchain.test_chain import SELLER
from tests.payments.x402.schemes.permit2.signing import PRICE, asked, signed

PAYER = Account.create()
PAYMENT = signed(PAYER)
PATHS = [
    ("signature",),
    *[("permit2Authorization", *path) for path in (
        ("from",), ("spender",), ("nonce",), ("deadline",), ("permitted", "token"), ("permitted", "amount"),
        ("witness", "to"), ("witness", "validAfter"),
    )],
]  # fmt: skip


def changed(path: tuple[str, ...], value: Any) -> PaymentPayload:
    payload = copy.deepcopy(PAYMENT.payload)
    place = payload
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return PAYMENT.model_copy(update={"payload": payload})


def told(path: tuple[str, ...]) -> Any:
    place: Any = PAYMENT.payload
    for name in path:
        place = place[name]
    return place


def test_money_is_that_of_the_signed_transfer() -> None:
    said = PAYMENT.payload["permit2Authorization"]
    money = EXACT_PERMIT2.money(PAYMENT)
    assert (money.network, money.asset, money.pay_to) == (NETWORK, TOKEN_ADDRESS.lower(), SELLER.lower())
    assert (money.payer, money.nonce) == (PAYER.address.lower(), said["nonce"])
    assert (money.amount, money.valid_before) == (PRICE, int(said["deadline"]))


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_every_signed_field_is_in_the_proof(path: tuple[str, ...]) -> None:
    value = told(path)
    other = f"{value[:-1]}{'0' if value[-1] != '0' else '1'}"
    if path[-1] == "token":
        with pytest.raises(PaymentMalformed):
            EXACT_PERMIT2.money(changed(path, other))
        return
    assert EXACT_PERMIT2.money(changed(path, other)).proof != EXACT_PERMIT2.money(PAYMENT).proof


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_other_spelling_is_the_same_money(path: tuple[str, ...]) -> None:
    value = told(path)
    respelled = "0x" + value[2:].upper() if value.startswith("0x") else f"{'0' * (78 - len(value))}{value}"
    assert EXACT_PERMIT2.money(changed(path, respelled)) == EXACT_PERMIT2.money(PAYMENT)


@pytest.mark.parametrize("path", PATHS, ids=".".join)
@settings(max_examples=30)
@given(
    value=st.one_of(
        st.none(),
        st.integers(),
        st.lists(st.text(max_size=3), max_size=2),
        st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
        st.text(max_size=10).filter(lambda text: not (text.isascii() and text.isdigit()) and text[:2] != "0x"),
        st.integers(2**256, 10**78).map(str),
    )
)
def test_malformed_field_is_refused(path: tuple[str, ...], value: Any) -> None:
    with pytest.raises(PaymentMalformed):
        EXACT_PERMIT2.money(changed(path, value))


@pytest.mark.parametrize("place", ["permit2Authorization", "permitted", "witness"])
@pytest.mark.parametrize("value", [None, [], {}, "all", 1])
def test_malformed_part_is_refused(place: str, value: Any) -> None:
    path = (place,) if place == "permit2Authorization" else ("permit2Authorization", place)
    with pytest.raises(PaymentMalformed):
        EXACT_PERMIT2.money(changed(path, value))


@pytest.mark.parametrize(("seconds", "good"), [(86_000, True), (87_000, False)])
def test_deadline_is_within_a_day(seconds: int, good: bool) -> None:
    """The search on chain goes back no further than a day before the deadline."""
    payload = changed(("permit2Authorization", "deadline"), str(int(time.time()) + seconds))
    if good:
        assert EXACT_PERMIT2.money(payload).valid_before > time.time()
        return
    with pytest.raises(PaymentMalformed, match="within a day"):
        EXACT_PERMIT2.money(payload)


def test_token_that_was_not_accepted_is_refused() -> None:
    with pytest.raises(PaymentMalformed):
        EXACT_PERMIT2.money(PAYMENT.model_copy(update={"accepted": asked(asset=SELLER)}))


def test_schemes_of_one_network_tell_each_other_apart() -> None:
    authorization = asked(extra={"name": "USDC", "version": "2"})
    assert scheme_of(asked()) is EXACT_PERMIT2
    assert scheme_of(authorization) is EXACT_EVM
    assert scheme_of(asked(extra={"assetTransferMethod": "eip3009"})) is EXACT_EVM
    assert scheme_of(asked(extra={"assetTransferMethod": "barter"})) is None
    assert scheme_of_network(NETWORK) is EXACT_EVM
    assert scheme_of_network(NETWORK, "permit2") is EXACT_PERMIT2
    assert scheme_of_network("sun:1", "permit2") is None
    money = EXACT_PERMIT2.money(PAYMENT)
    other = Money(**{**{name: getattr(money, name) for name in Money.__slots__}, "nonce": "0x" + "1" * 64})
    assert [scheme.signed(money) for scheme in SCHEMES[:2]] == [False, True]
    assert [scheme.signed(other) for scheme in SCHEMES[:2]] == [True, False]


def test_version_1_has_no_such_payment() -> None:
    assert not EXACT_PERMIT2.v1_networks
    with pytest.raises(PaymentMismatch):
        EXACT_PERMIT2.from_v1(PAYMENT.payload, [asked()])


def test_token_without_authorizations_needs_permit2() -> None:
    assert "permit2" in str(EXACT_EVM.problem(asked()))
    assert EXACT_PERMIT2.problem(asked()) is None

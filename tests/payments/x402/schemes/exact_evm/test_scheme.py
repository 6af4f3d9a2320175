"""Reading a signed authorization: one spelling per payment, and a refusal of everything else."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from x402.schemas import PaymentPayload, PaymentRequirements

from alive402.payments.core import Money, PaymentMalformed
from alive402.payments.devchain import NETWORK, TOKEN_ADDRESS
from alive402.payments.x402.schemes.exact_evm import EXACT_EVM

PAYER, SELLER = "0x" + "Ab" * 20, "0x" + "Cd" * 20
SIGNED = {
    "signature": "0x" + "Ef" * 65,
    "authorization": {
        "from": PAYER,
        "to": SELLER,
        "value": "0200000",
        "validAfter": "0",
        "validBefore": "4000000000",
        "nonce": "0x" + "Aa" * 32,
    },
}


def payload(signed: dict[str, Any] | None = None, **accepted: str) -> PaymentPayload:
    given = {"scheme": "exact", "network": NETWORK, "asset": TOKEN_ADDRESS, "amount": "200000", **accepted}
    asked = PaymentRequirements(pay_to=SELLER, max_timeout_seconds=300, extra={}, **given)  # type: ignore[arg-type]
    return PaymentPayload(payload=SIGNED if signed is None else signed, accepted=asked)


def changed(name: str, value: object) -> dict[str, Any]:
    signed: dict[str, Any] = copy.deepcopy(SIGNED)
    signed["authorization"][name] = value
    return signed


def test_money_is_in_one_spelling() -> None:
    money = EXACT_EVM.money(payload())
    assert money == Money(
        network=NETWORK,
        asset=TOKEN_ADDRESS.lower(),
        payer=PAYER.lower(),
        nonce="0x" + "aa" * 32,
        pay_to=SELLER.lower(),
        amount=200_000,
        valid_before=4_000_000_000,
        proof=money.proof,
    )
    again = copy.deepcopy(SIGNED)
    again["authorization"] |= {"from": PAYER.lower(), "value": "200000", "extra": "of the sender"}  # type: ignore[operator]
    assert EXACT_EVM.money(payload(again, asset=TOKEN_ADDRESS.lower())) == money


@pytest.mark.parametrize("name", ["from", "to", "value", "validAfter", "validBefore", "nonce"])
def test_proof_covers_every_signed_field(name: str) -> None:
    given = str(SIGNED["authorization"][name])  # type: ignore[index]
    other = given[:-1] + ("1" if given[-1] != "1" else "2")
    assert EXACT_EVM.money(payload(changed(name, other))).proof != EXACT_EVM.money(payload()).proof


def test_end_of_an_authorization_fits_into_the_database() -> None:
    assert EXACT_EVM.money(payload(changed("validBefore", "9" * 78))).valid_before == 253_402_300_799


@pytest.mark.parametrize(
    "signed",
    [
        {},
        {"signature": SIGNED["signature"]},
        {"authorization": SIGNED["authorization"]},
        {**SIGNED, "signature": "0x1"},
        {**SIGNED, "authorization": [1]},
        changed("from", "0x12"),
        changed("nonce", "0x" + "a" * 63),
        changed("value", 200_000),
        changed("value", "-1"),
        changed("validBefore", "1e9"),
        changed("validAfter", None),
    ],
)
def test_other_payloads_are_malformed(signed: dict[str, Any]) -> None:
    with pytest.raises(PaymentMalformed):
        EXACT_EVM.money(payload(signed))


def test_token_must_be_an_address() -> None:
    with pytest.raises(PaymentMalformed):
        EXACT_EVM.money(payload(asset="USDC"))


@pytest.mark.parametrize(
    ("accepted", "handled"),
    [({}, True), ({"network": "eip155:1"}, True), ({"network": "solana:1"}, False), ({"scheme": "upto"}, False)],
)
def test_scheme_handles_exact_on_evm_networks(accepted: dict[str, str], handled: bool) -> None:
    assert EXACT_EVM.handles(payload(**accepted).accepted) is handled


def test_money_of_another_scheme_is_not_signed_by_it() -> None:
    money = EXACT_EVM.money(payload())
    assert EXACT_EVM.signed(money)
    for other in ({"network": "solana:1"}, {"nonce": "123456"}):
        assert not EXACT_EVM.signed(Money(**{**_fields(money), **other}))


def test_addresses_and_transactions_have_a_form() -> None:
    assert EXACT_EVM.is_address(PAYER)
    assert EXACT_EVM.is_transaction("0x" + "1f" * 32)
    assert not EXACT_EVM.is_address(PAYER[2:])
    assert not EXACT_EVM.is_transaction(PAYER)
    assert EXACT_EVM.shown(TOKEN_ADDRESS.lower()) == TOKEN_ADDRESS


def _fields(money: Money) -> dict[str, Any]:
    return {name: getattr(money, name) for name in Money.__slots__}

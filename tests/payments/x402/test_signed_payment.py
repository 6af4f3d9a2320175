"""Tests of decoding a signed payment: one spelling per authorization, and its resource."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from x402.schemas import PaymentPayload

from alive402.payments.core import Money, PaymentMalformed
from alive402.payments.x402.signed_payment import (
    Resource,
    SignedPayment,
    decode,
    identifier_of,
    money_of,
    same_resource,
)

ADDRESS = "0x" + "aB" * 20
AUTHORIZATION = {
    "from": ADDRESS,
    "to": "0x" + "Cd" * 20,
    "value": "200000",
    "validAfter": "0",
    "validBefore": "1767225600",
    "nonce": "0x" + "eF" * 32,
}
RESOURCE = Resource("https://a.example/api/x", ("/api/x", "/tools/x"), "", "", (), {}, {}, {})


def payload(signature: object = "0x" + "12" * 65, network: str = "eip155:8453", **changed: object) -> PaymentPayload:
    return PaymentPayload.model_validate(
        {
            "x402Version": 2,
            "payload": {"signature": signature, "authorization": {**AUTHORIZATION, **changed}},
            "accepted": {
                "scheme": "exact",
                "network": network,
                "asset": ADDRESS,
                "amount": "200000",
                "payTo": AUTHORIZATION["to"],
                "maxTimeoutSeconds": 60,
            },
        }
    )


def test_money_is_in_lower_case_and_atomic_units() -> None:
    money = money_of(payload())
    assert money == Money(
        "eip155:8453",
        ADDRESS.lower(),
        ADDRESS.lower(),
        "0x" + "ef" * 32,
        "0x" + "cd" * 20,
        200_000,
        1_767_225_600,
        money.proof,
    )


@given(upper=st.booleans(), zeros=st.integers(0, 9))
def test_each_authorization_has_one_spelling(upper: bool, zeros: int) -> None:
    changed = {name: f"0x{AUTHORIZATION[name][2:].swapcase()}" for name in ("from", "to", "nonce") if upper}
    numbers = {name: "0" * zeros + AUTHORIZATION[name] for name in ("value", "validBefore")}
    assert money_of(payload(**changed, **numbers)) == money_of(payload())


def test_proof_depends_on_the_signature_and_on_every_signed_field() -> None:
    others = [payload(signature="0x" + "13" * 65)]
    others += [payload(**{name: "1"}) for name in ("value", "validAfter", "validBefore")]
    others += [payload(nonce="0x" + "00" * 32), payload(to=ADDRESS), payload(**{"from": "0x" + "00" * 20})]
    assert len({money_of(each).proof for each in (payload(), *others)}) == len(others) + 1


@pytest.mark.parametrize(
    "changed",
    [
        {"from": "0x12"},
        {"to": "nobody"},
        {"value": "-1"},
        {"value": "1e3"},
        {"value": 200000},
        {"nonce": "0x00"},
        {"validBefore": None},
        {"signature": ""},
        {"signature": "0x123"},
        {"network": "base sepolia"},
    ],
)
def test_malformed_payment_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(PaymentMalformed):
        money_of(payload(**changed))


def test_far_expiry_fits_into_the_database() -> None:
    assert money_of(payload(validBefore="9" * 78)).valid_before == 253_402_300_799


@pytest.mark.parametrize("header", ["", "x", "e30=", b64encode(b"[" * 5000).decode(), b64encode(b"null").decode()])
def test_undecodable_header_is_refused(header: str) -> None:
    with pytest.raises(PaymentMalformed):
        decode(header)


def test_header_is_decoded() -> None:
    document = json.dumps(payload().model_dump(mode="json", by_alias=True)).encode()
    decoded = decode(b64encode(document).decode())
    assert isinstance(decoded, PaymentPayload)
    assert money_of(decoded) == money_of(payload())
    assert identifier_of(decoded) is None


@pytest.mark.parametrize(
    ("signed", "same"),
    [
        ("https://a.example/api/x", True),
        ("https://a.example/tools/x", True),
        ("https://b.example/api/x", False),
        ("https://a.example/api/y", False),
        ("https://a.example/api/x?y=1", False),
        ("http://a.example/api/x", False),
    ],
)
def test_aliases_of_a_service_are_one_resource(signed: str, same: bool) -> None:
    assert same_resource(signed, RESOURCE) is same


@given(parts=st.integers(1, 1000), share=st.integers(1, 1000), less=st.booleans())
def test_share_of_a_payment_is_rounded_up_and_never_more_than_was_signed(parts: int, share: int, less: bool) -> None:
    paid = payload()
    signed = SignedPayment(money_of(paid), paid, paid.accepted, fits=True, settles_less=less)
    amount = signed.share(Fraction(min(share, parts), parts))
    assert 0 < amount <= signed.money.amount
    assert amount == signed.money.amount if not less or share >= parts else amount * parts >= 200_000 * share
    settling = signed.settling(amount)
    assert (settling.money.amount, settling.requirements.amount) == (amount, str(amount))
    assert settling.money == replace(signed.money, amount=amount)
    # What the buyer signed stays as it is.
    assert (settling.payload, signed.requirements.amount) == (paid, "200000")

"""Payments of x402 version 1: the signature says which token they are for."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account
from x402.mechanisms.evm.exact.v1.client import ExactEvmSchemeV1
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.schemas.v1 import PaymentRequirementsV1

from alive402.payments.core import PaymentMalformed, PaymentMismatch
from alive402.payments.devchain import NETWORK, TOKEN_ADDRESS
from alive402.payments.x402.schemes import Terms
from alive402.payments.x402.schemes.exact_evm import EXACT_EVM

SELLER, OTHER = "0x" + "Cd" * 20, "0x" + "12" * 20
ASKED = [
    EXACT_EVM.requirements(Terms(NETWORK, TOKEN_ADDRESS, 200_000, SELLER, 300)),
    EXACT_EVM.requirements(Terms(NETWORK, OTHER, 150_000, SELLER, 300, "Dollar", "1")),
]


def sign(number: int) -> dict[str, Any]:
    asked = ASKED[number]
    return ExactEvmSchemeV1(EthAccountSigner(Account.create())).create_payment_payload(
        PaymentRequirementsV1(
            scheme=asked.scheme,
            network=EXACT_EVM.v1_networks[NETWORK],
            max_amount_required=asked.amount,
            resource="http://a/b",
            pay_to=asked.pay_to,
            max_timeout_seconds=300,
            asset=asked.asset,
            extra=asked.extra,
        )
    )


@pytest.mark.parametrize("number", [0, 1])
def test_signature_decides_between_tokens(number: int) -> None:
    assert EXACT_EVM.from_v1(sign(number), ASKED).accepted == ASKED[number]


@pytest.mark.parametrize("signature", ["0x" + "ab" * 65, "0x" + "ab" * 66, "0x12", None])
def test_signature_that_shows_no_token_is_refused_unless_there_is_only_one(signature: str | None) -> None:
    payload = {**sign(1), "signature": signature}
    with pytest.raises(PaymentMismatch, match="Sign one of `accepts` with version 2") as refused:
        EXACT_EVM.from_v1(payload, ASKED)
    assert refused.value.details == {"reason": "token"}
    assert EXACT_EVM.from_v1(payload, ASKED[:1]).accepted.asset == TOKEN_ADDRESS


def test_another_recipient_does_not_match_the_terms() -> None:
    signed = sign(0)
    signed["authorization"]["to"] = OTHER
    assert EXACT_EVM.from_v1(signed, ASKED[:1]).accepted.pay_to == OTHER


def test_payload_without_authorization_is_malformed() -> None:
    with pytest.raises(PaymentMalformed):
        EXACT_EVM.from_v1({"signature": "0x12"}, ASKED)


def test_network_that_is_not_accepted_is_a_mismatch() -> None:
    with pytest.raises(PaymentMismatch):
        EXACT_EVM.from_v1(sign(0), [])

"""Tests of the scheme's charges in MPP."""

from __future__ import annotations

import dataclasses
import json

import pytest
from web3 import Web3
from x402.schemas import PaymentRequirements

from alive402.payments.core import Money, PaymentMalformed
from alive402.payments.x402.schemes.exact_evm import EVM_CHARGE

ASKED = PaymentRequirements(
    scheme="exact",
    network="eip155:8453",
    asset="0x" + "cd" * 20,
    amount="7",
    pay_to="0x" + "ab" * 20,
    max_timeout_seconds=300,
)
MONEY = Money("eip155:8453", "0x" + "cd" * 20, "0x" + "12" * 20, "", "0x" + "ab" * 20, 7, 1_000, "")


def test_charge_of_an_entry_of_accepts() -> None:
    charge = EVM_CHARGE.request(ASKED)
    assert charge is not None
    assert charge["methodDetails"] == {"chainId": 8453, "credentialTypes": ["authorization"]}
    assert charge["currency"] == Web3.to_checksum_address(ASKED.asset)
    assert EVM_CHARGE.request(ASKED.model_copy(update={"network": "solana:x"})) is None


@pytest.mark.parametrize("listed", [False, True], ids=["mppx", "pympp"])
def test_nonce_is_the_hash_of_the_challenge(listed: bool) -> None:
    text = json.dumps(["id", "shop"], separators=(",", ":")) if listed else "idshop"
    money = dataclasses.replace(MONEY, nonce=Web3.to_hex(Web3.keccak(text=text)))
    assert EVM_CHARGE.binds(money, "id", "shop", 1_000)
    assert not EVM_CHARGE.binds(money, "id", "shop", 999)
    assert not EVM_CHARGE.binds(money, "id2", "shop", 1_000)
    assert not EVM_CHARGE.binds(money, "id", "shops", 1_000)


@pytest.mark.parametrize(
    "charge",
    [
        {},
        {"methodDetails": {"chainId": True}},
        {"methodDetails": {"chainId": "8453"}},
        {"methodDetails": {"chainId": 8453}, "amount": 7},
    ],
)
def test_charge_without_terms_is_refused(charge: dict[str, object]) -> None:
    with pytest.raises(PaymentMalformed):
        EVM_CHARGE.payment(charge, {"type": "authorization"}, [ASKED])


def test_other_credential_type_is_refused() -> None:
    charge = EVM_CHARGE.request(ASKED)
    assert charge is not None
    with pytest.raises(PaymentMalformed):
        EVM_CHARGE.payment(charge, {"type": "permit2"}, [ASKED])

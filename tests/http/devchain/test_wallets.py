"""Tests of the dev chain's wallets: funded, usable with their handle only, sign one type of data only."""

from __future__ import annotations

import secrets
from typing import Any

import httpx
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from alive402.http.devchain.wallets import TYPES
from tests.http.conftest import Service, Start


def typed(sender: str, asset: str, **changes: object) -> dict[str, Any]:
    return {
        "types": TYPES,
        "domain": {"name": "USDC", "version": "2", "chainId": 84532, "verifyingContract": asset},
        "primaryType": "TransferWithAuthorization",
        "message": {
            "from": sender,
            "to": "0x" + "ab" * 20,
            "value": "200000",
            "validAfter": "0",
            "validBefore": "99999999999",
            "nonce": "0x" + secrets.token_hex(32),
            **changes,
        },
    }


def test_wallet_signs_a_payment(service: Service) -> None:
    made = httpx.post(f"{service.url}/devchain/wallets")
    wallet = made.json()
    assert (made.status_code, wallet["balance"]) == (201, "5000000")
    asked = typed(wallet["address"], wallet["asset"])
    signed = httpx.post(f"{service.url}/devchain/wallets/{wallet['handle']}/sign", json=asked).json()
    message = encode_typed_data(full_message=asked)
    assert Account.recover_message(message, signature=signed["signature"]) == wallet["address"]


def test_signing_requires_the_wallet_handle(service: Service) -> None:
    wallet = httpx.post(f"{service.url}/devchain/wallets").json()
    asked = typed(wallet["address"], wallet["asset"])
    for handle in (wallet["address"], "x" * 32):
        refused = httpx.post(f"{service.url}/devchain/wallets/{handle}/sign", json=asked)
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown_wallet")


@pytest.mark.parametrize(
    "changes",
    [{"value": "-1"}, {"value": 1}, {"to": "0x1"}, {"nonce": "0x00"}, {"validBefore": "9" * 80}, {"from": None}],
)
def test_other_typed_data_is_refused(service: Service, changes: dict[str, object]) -> None:
    wallet = httpx.post(f"{service.url}/devchain/wallets").json()
    asked = typed(wallet["address"], wallet["asset"], **changes)
    refused = httpx.post(f"{service.url}/devchain/wallets/{wallet['handle']}/sign", json=asked)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input")


def test_wallets_per_address_are_limited(start: Start) -> None:
    own = start(new_payments_per_address="2/hour")
    codes = [httpx.post(f"{own.url}/devchain/wallets").status_code for _ in range(3)]
    assert codes == [201, 201, 429]

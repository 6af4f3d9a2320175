"""Tests of x402 version 1: conversion of payments and receipts."""

from __future__ import annotations

import base64
import json

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from x402.schemas import PaymentRequirements
from x402.schemas.v1 import PaymentPayloadV1

from alive402.payments.core import PaymentMalformed, PaymentMismatch
from alive402.payments.x402.signed_payment import Resource
from alive402.payments.x402.v1 import required_v1, response_header_v1, upgraded

SELLER, PAYER = "0x" + "ab" * 20, Account.create()
TOKENS = ("0x" + "01" * 20, "0x" + "02" * 20)
RESOURCE = Resource("https://a.example/api/x", ("/api/x",), "says", "", (), {"properties": {}}, {}, {"data": 1})


def option(asset: str, network: str = "eip155:8453") -> PaymentRequirements:
    return PaymentRequirements(
        scheme="exact",
        network=network,
        asset=asset,
        amount="200000",
        pay_to=SELLER,
        max_timeout_seconds=60,
        extra={"name": asset, "version": "2"},
    )


def signed(asset: str, network: str = "base", to: str = SELLER) -> PaymentPayloadV1:
    message = {"from": PAYER.address, "to": to, "value": 200_000, "validAfter": 0, "validBefore": 2**40}
    fields = [(name, "address") for name in ("from", "to")]
    fields += [(name, "uint256") for name in ("value", "validAfter", "validBefore")]
    fields += [("nonce", "bytes32")]
    domain = {"name": asset, "version": "2", "chainId": 8453, "verifyingContract": asset}
    types = {"TransferWithAuthorization": [{"name": name, "type": kind} for name, kind in fields]}
    signature = PAYER.sign_message(encode_typed_data(domain, types, {**message, "nonce": bytes(32)})).signature
    authorization = {name: str(value) for name, value in message.items()}
    return PaymentPayloadV1(
        scheme="exact",
        network=network,
        payload={
            "signature": f"0x{signature.hex()}",
            "authorization": {**authorization, "nonce": f"0x{bytes(32).hex()}"},
        },
    )


@pytest.mark.parametrize("token", TOKENS)
def test_signature_decides_which_token_is_paid(token: str) -> None:
    accepted = upgraded(signed(token), [option(each) for each in TOKENS]).accepted
    assert (accepted.asset, accepted.amount, accepted.network) == (token, "200000", "eip155:8453")


def test_other_receiver_is_kept_so_that_the_payment_does_not_fit() -> None:
    other = "0x" + "cd" * 20
    assert upgraded(signed(TOKENS[0], to=other), [option(TOKENS[0])]).accepted.pay_to == other


def test_other_network_and_missing_authorization_are_refused() -> None:
    with pytest.raises(PaymentMismatch):
        upgraded(signed(TOKENS[0], network="polygon"), [option(TOKENS[0])])
    with pytest.raises(PaymentMalformed):
        upgraded(PaymentPayloadV1(scheme="exact", network="base", payload={}), [option(TOKENS[0])])


def test_402_body_names_networks_of_version_1_only() -> None:
    body = required_v1([option(TOKENS[0]), option(TOKENS[1], "eip155:999999")], RESOURCE, "pay")
    assert [(each.network, each.asset) for each in body.accepts] == [("base", TOKENS[0])]
    assert body.error == "pay"


def test_receipt_has_the_short_network_name() -> None:
    header = response_header_v1({"network": "eip155:8453", "success": True, "transaction": "0x1", "payer": "0x2"})
    assert json.loads(base64.b64decode(header)) == {
        "success": True,
        "transaction": "0x1",
        "payer": "0x2",
        "network": "base",
    }

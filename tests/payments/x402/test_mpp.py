"""Tests of MPP's challenges and credentials, without a service."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st
from x402.schemas import PaymentRequirements

from alive402.catalog import LIVENESS
from alive402.http.payment import resource_of
from alive402.payments.core import PaymentInvalid, PaymentMismatch
from alive402.payments.x402.mpp import Challenges, receipt_header
from tests.http.mpp import challenges, credential, packed, signed, unpacked

ACCOUNT = Account.create()
ACCEPTS = [
    PaymentRequirements(
        scheme="exact",
        network="eip155:84532",
        asset="0x036cbd53842c5426634e7929541ec2318f3dcf7e",
        amount="200000",
        pay_to="0x" + "ab" * 20,
        max_timeout_seconds=300,
        extra={"name": "USDC", "version": "2"},
    )
]
OURS = Challenges(b"secret")
RESOURCE = resource_of(LIVENESS, f"https://shop.example{LIVENESS.paths[0]}")
ALIAS = resource_of(LIVENESS, f"https://shop.example{LIVENESS.paths[1]}")


def challenge() -> dict[str, str]:
    header = OURS.header(ACCEPTS, RESOURCE, 1_000)
    assert header is not None
    return challenges(header)[0]


def test_credential_becomes_an_x402_payment() -> None:
    asked = challenge()
    payload, money, bound = OURS.read(credential(asked, signed(ACCOUNT, asked)), ACCEPTS)
    assert payload.accepted == ACCEPTS[0]
    assert payload.payload.keys() == {"signature", "authorization"}
    assert (money.payer, money.amount) == (ACCOUNT.address.lower(), 200_000)
    assert bound(RESOURCE)
    assert bound(ALIAS)
    assert Challenges(b"secret").read(credential(asked, signed(ACCOUNT, asked)), ACCEPTS)[2](RESOURCE)
    assert not Challenges(b"other").read(credential(asked, signed(ACCOUNT, asked)), ACCEPTS)[2](RESOURCE)


def test_two_challenges_are_never_the_same() -> None:
    assert len({challenge()["id"] for _ in range(1_000)}) == 1_000


def test_host_that_needs_quoting_gets_no_challenge() -> None:
    for host in ('a"b', "a b", "", "ü.example"):
        assert OURS.header(ACCEPTS, resource_of(LIVENESS, f"https://{host}{LIVENESS.paths[0]}"), 1_000) is None


def test_no_room_no_challenge() -> None:
    header = OURS.header(ACCEPTS, RESOURCE, 1_000)
    assert header is not None
    assert OURS.header(ACCEPTS, RESOURCE, len(header)) is not None
    assert OURS.header(ACCEPTS, RESOURCE, len(header) - 1) is None


def test_credential_of_an_option_that_was_removed_is_still_read() -> None:
    asked = challenge()
    payload, money, _bound = OURS.read(credential(asked, signed(ACCOUNT, asked)), [])
    assert (payload.accepted.network, money.network) == ("eip155:84532", "eip155:84532")
    assert money == OURS.read(credential(asked, signed(ACCOUNT, asked)), ACCEPTS)[1]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=4,
)


@given(st.sampled_from(["id", "realm", "method", "intent", "request", "expires", "digest", "opaque"]), VALUES)
def test_altered_challenge_is_refused_or_not_ours(name: str, value: object) -> None:
    asked = challenge()
    altered: dict[str, Any] = {**asked, name: value}
    if altered == asked or (not value and name in ("digest", "opaque")):
        return
    sent = credential(altered, signed(ACCOUNT, asked))
    try:
        _payload, _money, bound = OURS.read(sent, ACCEPTS)
    except (PaymentInvalid, PaymentMismatch):
        return
    assert not bound(RESOURCE)


@given(VALUES, st.sampled_from(["challenge", "payload", "request", "methodDetails"]))
def test_any_other_value_is_refused(value: object, where: str) -> None:
    asked = challenge()
    payload: Any = signed(ACCOUNT, asked)
    charge = unpacked(asked["request"])
    if where == "payload":
        payload = value
    elif where == "request":
        asked["request"] = packed(value)
    elif where == "methodDetails":
        asked["request"] = packed({**charge, "methodDetails": value})
    sent = credential(value if where == "challenge" else asked, payload)  # type: ignore[arg-type]
    with pytest.raises((PaymentInvalid, PaymentMismatch)):
        OURS.read(sent, ACCEPTS)


def test_receipt_is_canonical() -> None:
    text = receipt_header({"network": "eip155:84532", "transaction": "0xaa", "success": True})
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    told = json.loads(raw)
    assert raw == json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    assert (told["method"], told["reference"], told["status"]) == ("evm", "0xaa", "success")

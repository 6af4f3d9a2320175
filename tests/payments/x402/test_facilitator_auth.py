"""Authentication to a facilitator: keys of Coinbase's platform are read in both forms, or refused with a sentence."""

from __future__ import annotations

import base64
import contextlib
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from alive402.payments.core import PaymentsMisconfigured
from alive402.payments.x402.facilitator_auth import BearerAuth, CdpAuth
from tests.http.cdp import CdpFacilitator, ed25519_secret, pem_secret

URL = "https://api.cdp.coinbase.com/platform/v2/x402/"
KEYS = CdpFacilitator("http://127.0.0.1")
ED25519 = ed25519_secret(KEYS.ed25519)


@pytest.mark.parametrize(
    ("secret", "algorithm"),
    [
        (ED25519, "EdDSA"),
        (f" {ED25519}\n", "EdDSA"),
        (pem_secret(KEYS.p256), "ES256"),
        (pem_secret(KEYS.p256).replace("\n", "\\n"), "ES256"),
        (pem_secret(KEYS.p256, PrivateFormat.PKCS8), "ES256"),
    ],
    ids=["Ed25519", "Ed25519 with spaces", "SEC1", "SEC1 in one line", "PKCS8"],
)
def test_each_request_has_a_token_of_its_own(secret: str, algorithm: str) -> None:
    headers = CdpAuth("key", secret, URL).get_auth_headers()
    public = {"EdDSA": KEYS.ed25519, "ES256": KEYS.p256}[algorithm].public_key()
    for headers_of, request in (
        (headers.verify, "POST api.cdp.coinbase.com/platform/v2/x402/verify"),
        (headers.settle, "POST api.cdp.coinbase.com/platform/v2/x402/settle"),
        (headers.supported, "GET api.cdp.coinbase.com/platform/v2/x402/supported"),
    ):
        token = headers_of["Authorization"].removeprefix("Bearer ")
        said = jwt.decode(token, public, algorithms=[algorithm])
        assert said["uris"] == [request]
        assert (said["sub"], said["iss"], said["exp"] - said["nbf"]) == ("key", "cdp", 120)
        assert abs(said["nbf"] - time.time()) < 60
        header = jwt.get_unverified_header(token)
        assert header == {"alg": algorithm, "kid": "key", "typ": "JWT", "nonce": header["nonce"]}
        assert len(bytes.fromhex(header["nonce"])) == 16


def test_port_is_part_of_the_host() -> None:
    headers = CdpAuth("key", ED25519, "http://user:password@127.0.0.1:8403/x402").get_auth_headers()
    token = headers.verify["Authorization"].removeprefix("Bearer ")
    said = jwt.decode(token, KEYS.ed25519.public_key(), algorithms=["EdDSA"])
    assert said["uris"] == ["POST 127.0.0.1:8403/x402/verify"]


_RSA = generate_rsa(65537, 2048)
_OTHER = Ed25519PrivateKey.generate().public_key().public_bytes_raw()


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "not a key",
        "-----BEGIN EC PRIVATE KEY-----\nnonsense\n-----END EC PRIVATE KEY-----\n",
        base64.b64encode(b"\x01" * 32).decode(),
        base64.b64encode(KEYS.ed25519.private_bytes_raw() + _OTHER).decode(),
        pem_secret(_RSA),  # type: ignore[arg-type]
        pem_secret(generate_private_key(SECP384R1())),
    ],
    ids=["empty", "words", "broken PEM", "seed alone", "halves of two keys", "RSA", "P-384"],
)
def test_secret_that_is_no_key_is_refused_with_what_to_change(secret: str) -> None:
    with pytest.raises(PaymentsMisconfigured, match="CDP_API_KEY_SECRET") as refused:
        CdpAuth("key", secret, URL)
    assert not secret or secret not in str(refused.value)


@given(st.text())
def test_no_text_raises_anything_else(secret: str) -> None:
    with contextlib.suppress(PaymentsMisconfigured):
        CdpAuth("key", secret, URL)


def test_secrets_are_in_no_repr() -> None:
    for auth in (CdpAuth("key", ED25519, URL), BearerAuth(ED25519)):
        assert ED25519 not in repr(auth) + str(auth)


def test_bearer_token_is_the_same_everywhere() -> None:
    headers = BearerAuth("abc").get_auth_headers()
    assert [headers.verify, headers.settle, headers.supported] == [{"Authorization": "Bearer abc"}] * 3
    assert json.dumps(headers.bazaar) == "{}"

"""Authentication to a facilitator: a bearer token, or one signed token a request as Coinbase's platform (CDP) wants."""

from __future__ import annotations

import base64
import secrets
import time
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from x402.http import AuthHeaders

from alive402.payments.core import PaymentsMisconfigured

# The platform takes a token for two minutes.
_SECONDS = 120
_SEED_BYTES = 32


class BearerAuth:
    """Sends the same bearer token with every request."""

    def __init__(self, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}

    def get_auth_headers(self) -> AuthHeaders:
        """The headers of each kind of request."""
        return AuthHeaders(verify=self._headers, settle=self._headers, supported=self._headers)


class CdpAuth:
    """Signs a JSON Web Token for each request: it names method, host and path, and is valid for two minutes.

    `secret` is an API key's secret as the platform shows it: base64 of an Ed25519 key, or PEM of a P-256 key.

    Raises:
        PaymentsMisconfigured: the secret is neither.
    """

    def __init__(self, key_id: str, secret: str, url: str) -> None:
        self._key_id = key_id
        self._algorithm, self._key = _key(secret)
        address = urlsplit(url)
        self._base = address.netloc.rpartition("@")[2] + address.path.rstrip("/")

    def get_auth_headers(self) -> AuthHeaders:
        """The headers of each kind of request; the client asks for them before every request."""
        return AuthHeaders(
            verify=self._signed("POST", "/verify"),
            settle=self._signed("POST", "/settle"),
            supported=self._signed("GET", "/supported"),
        )

    def _signed(self, method: str, path: str) -> dict[str, str]:
        now = int(time.time())
        claims = {
            "sub": self._key_id,
            "iss": "cdp",
            "uris": [f"{method} {self._base}{path}"],
            "iat": now,
            "nbf": now,
            "exp": now + _SECONDS,
        }
        headers = {"kid": self._key_id, "nonce": secrets.token_hex(16)}
        return {"Authorization": f"Bearer {jwt.encode(claims, self._key, algorithm=self._algorithm, headers=headers)}"}


def _key(secret: str) -> tuple[str, EllipticCurvePrivateKey | Ed25519PrivateKey]:
    """The signature algorithm and the private key of a secret; an environment variable may hold a PEM in one line."""
    text = secret.strip().replace("\\n", "\n")
    try:
        if text.startswith("-----BEGIN"):
            key = load_pem_private_key(text.encode(), password=None)
            if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
                return "ES256", key
        else:
            both = base64.b64decode(text, validate=True)
            made = Ed25519PrivateKey.from_private_bytes(both[:_SEED_BYTES])
            # The second half is the public key: a secret with a wrong character is found here.
            if both[_SEED_BYTES:] == made.public_key().public_bytes_raw():
                return "EdDSA", made
    # The readers of PEM raise TypeError and UnsupportedAlgorithm too. No cause is kept: it may quote the secret.
    except Exception:
        pass
    raise PaymentsMisconfigured(
        "The secret of the CDP API key cannot be read. Set ALIVE402_CDP_API_KEY_SECRET (cdp_api_key_secret of an entry "
        "of ALIVE402_ACCEPTS) to the secret as Coinbase shows it: base64 of 64 bytes (Ed25519), or PEM (ECDSA, P-256)."
    )

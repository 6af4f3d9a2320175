"""A stand-in for Coinbase's facilitator: it checks the JSON Web Token of every request, as CDP documents it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from tests.http.facilitators import Facilitator

PREFIX = "/platform/v2/x402"
KEY_ID = "organizations/o/apiKeys/k"
SECONDS = 120


def ed25519_secret(key: Ed25519PrivateKey) -> str:
    """The key as CDP hands it out: base64 of the seed and the public key."""
    return base64.b64encode(key.private_bytes_raw() + key.public_key().public_bytes_raw()).decode()


def pem_secret(key: EllipticCurvePrivateKey, form: PrivateFormat = PrivateFormat.TraditionalOpenSSL) -> str:
    """The key as PEM: by default SEC1, as CDP's older keys."""
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


@dataclass
class CdpFacilitator(Facilitator):
    """A facilitator that accepts requests signed by either of its keys, each token once and for its own request."""

    ed25519: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    p256: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    requests: list[tuple[str, str]] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)

    @property
    def base(self) -> str:
        """The URL of the facilitator; its node stays at `url`."""
        return self.url + PREFIX

    def app(self) -> FastAPI:
        inner, app = super().app(), FastAPI()

        @app.middleware("http")
        async def signed(request: Request, call_next: Any) -> Any:
            if request.url.path.startswith(PREFIX) and (problem := self._problem(request)):
                return JSONResponse({"error": problem}, status_code=401)
            return await call_next(request)

        app.mount(PREFIX, inner)
        app.mount("/", inner)
        return app

    def _problem(self, request: Request) -> str | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            header = jwt.get_unverified_header(token)
            key = {"EdDSA": self.ed25519, "ES256": self.p256}[header["alg"]].public_key()
            said = jwt.decode(token, key, algorithms=[header["alg"]], options={"require": ["exp", "nbf", "sub"]})
        except (jwt.PyJWTError, KeyError) as error:
            return repr(error)
        nonce = header.get("nonce", "")
        wanted = f"{request.method} {request.headers['Host']}{request.url.path}"
        sound = (
            said["uris"] == [wanted]
            and (said["iss"], said["sub"], header["kid"]) == ("cdp", KEY_ID, KEY_ID)
            and said["exp"] - said["nbf"] == SECONDS
            and re.fullmatch(r"[0-9a-f]{32}", nonce)
            and nonce not in self.nonces
        )
        self.nonces.add(nonce)
        self.requests.append((header["alg"], f"{request.method} {request.url.path.removeprefix(PREFIX)}"))
        return None if sound else f"not a token for {wanted}"

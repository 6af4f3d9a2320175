"""Answers to sign, and a signing key for tests."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from alive402.payments.ledger import Ledger
from alive402.receipts import SigningKeys, Verdicts


@functools.cache
def keys() -> SigningKeys:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return SigningKeys.given(pem.decode(), Path("there is no file"))


def verdicts(ledger: Ledger) -> Verdicts:
    return Verdicts(ledger, keys())


def judged(**more: Any) -> dict[str, Any]:
    """The data of an answer, reduced to what its verdict signs, with `more` beside it."""
    engine = {"version": "1", "weights_sha256": "b" * 64}
    report = {"verdict": "live", "live_confidence": 0.9, "video": {"sha256": "a" * 64}, "engine": engine}
    return {"Elements": [], "Liveness": report, **more}

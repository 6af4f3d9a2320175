"""The key that answers are signed with, and the public keys that it replaced: Ed25519, kept as a JSON Web Key Set."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import OKPAlgorithm
from jwt.exceptions import InvalidKeyError

from alive402.payments.core.errors import PaymentsMisconfigured

_NO_KEY = "The signing key is no Ed25519 private key: a JSON Web Key (OKP) or PKCS#8 PEM is needed."


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The private key that signs now, its id (RFC 7638 thumbprint), and every public key, the current one first."""

    private: Ed25519PrivateKey
    kid: str
    public: tuple[dict[str, str], ...]

    @classmethod
    def open(cls, path: Path) -> SigningKeys:
        """The keys in the file at `path`; it is made, readable by nobody else, where there is none.

        Raises:
            PaymentsMisconfigured: the file is no key set, or others may read it.
            OSError: it cannot be read or made.
        """
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, [_jwk(Ed25519PrivateKey.generate())], replace=False)
        if path.stat().st_mode & 0o077:
            raise PaymentsMisconfigured(f"{path} may be read by others than its owner: chmod 600 {path}")
        keys = _read(path)
        return cls._of(_private(json.dumps(keys[0])), keys[1:])

    @classmethod
    def given(cls, text: str, path: Path) -> SigningKeys:
        """The key in `text`, a JSON Web Key or PKCS#8 PEM; public keys that the file at `path` holds stay known.

        Raises:
            PaymentsMisconfigured: it is no Ed25519 private key, or the file is no key set.
        """
        return cls._of(_private(text), _read(path) if path.exists() else [])

    @classmethod
    def rotate(cls, path: Path) -> SigningKeys:
        """Put a new key in the file at `path`; of the old ones only the public half stays.

        Raises:
            PaymentsMisconfigured, OSError: like `open`.
        """
        old = cls.open(path)
        _write(path, [_jwk(Ed25519PrivateKey.generate()), *old.public], replace=True)
        return cls.open(path)

    def jwks(self) -> dict[str, Any]:
        """The JSON Web Key Set for everyone: public halves only."""
        return {"keys": list(self.public)}

    @classmethod
    def _of(cls, private: Ed25519PrivateKey, others: list[dict[str, str]]) -> SigningKeys:
        current = _public(_jwk(private))
        old = [_public(each) for each in others]
        return cls(private, current["kid"], (current, *(each for each in old if each["kid"] != current["kid"])))


def _jwk(private: Ed25519PrivateKey) -> dict[str, str]:
    return dict(OKPAlgorithm.to_jwk(private, as_dict=True))


def _public(jwk: dict[str, str]) -> dict[str, str]:
    """The public half, with the thumbprint as its id."""
    members = {name: jwk[name] for name in ("crv", "kty", "x")}
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest()
    kid = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return {**members, "kid": kid, "alg": "EdDSA", "use": "sig"}


def _private(text: str) -> Ed25519PrivateKey:
    try:
        if text.lstrip().startswith("{"):
            key: object = OKPAlgorithm.from_jwk(text)
        else:
            key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, InvalidKeyError, UnsupportedAlgorithm) as error:
        raise PaymentsMisconfigured(_NO_KEY) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise PaymentsMisconfigured(_NO_KEY)
    return key


def _read(path: Path) -> list[dict[str, str]]:
    """The keys of a file, at least one, each with what a public Ed25519 key has."""
    try:
        keys = json.loads(path.read_text())["keys"]
        if keys and all(isinstance(key["x"], str) and key["kty"] == "OKP" and key["crv"] == "Ed25519" for key in keys):
            return list(keys)
    except (ValueError, KeyError, TypeError):
        pass
    raise PaymentsMisconfigured(f"{path} is not a JSON Web Key Set of Ed25519 keys.")


def _write(path: Path, keys: list[dict[str, str]], *, replace: bool) -> None:
    """The whole file at once, mode 0600; one that another process made meanwhile stays unless `replace`."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w") as file:
            json.dump({"keys": keys}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(name).replace(path)
        elif not path.exists():
            path.hardlink_to(name)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink(missing_ok=True)

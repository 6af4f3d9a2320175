"""Verdict signing keys (Ed25519): the private key and the public keys it replaced, as a JSON Web Key Set file."""

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
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import OKPAlgorithm
from jwt.exceptions import InvalidKeyError

from alive402.payments.core import PaymentsMisconfigured

_NO_KEY = "The signing key is not an Ed25519 private key: a JSON Web Key (OKP) or PKCS#8 PEM is needed."


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The current private key, its id (RFC 7638 thumbprint), and every public key, the current one first."""

    private: Ed25519PrivateKey
    kid: str
    public: tuple[dict[str, str], ...]

    @classmethod
    def open(cls, path: Path) -> SigningKeys:
        """Read the keys from the file at `path`; creates it, readable by its owner only, when it is missing.

        Raises:
            PaymentsMisconfigured: the file is not a key set, or others may read it.
            OSError: the file cannot be read or created.
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
        """Use the key in `text`, a JSON Web Key or PKCS#8 PEM; public keys in the file at `path` remain valid.

        Raises:
            PaymentsMisconfigured: it is not an Ed25519 private key, or the file is not a key set.
        """
        return cls._of(_private(text), _read(path) if path.exists() else [])

    @classmethod
    def rotate(cls, path: Path) -> SigningKeys:
        """Write a new key to the file at `path`; of the old keys only the public halves stay.

        Raises:
            PaymentsMisconfigured, OSError: like `open`.
        """
        old = cls.open(path)
        _write(path, [_jwk(Ed25519PrivateKey.generate()), *old.public], replace=True)
        return cls.open(path)

    def secret(self, purpose: str) -> bytes:
        """A secret of 32 bytes for one purpose; every process with the same private key has the same one."""
        return HKDF(SHA256(), 32, None, f"alive402 {purpose}".encode()).derive(self.private.private_bytes_raw())

    def jwks(self) -> dict[str, Any]:
        """The public JSON Web Key Set, without private keys."""
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
    """Read the keys of a file, at least one, each with the fields of a public Ed25519 key."""
    try:
        keys = json.loads(path.read_text())["keys"]
        if keys and all(isinstance(key["x"], str) and key["kty"] == "OKP" and key["crv"] == "Ed25519" for key in keys):
            return list(keys)
    except (ValueError, KeyError, TypeError):
        pass
    raise PaymentsMisconfigured(f"{path} is not a JSON Web Key Set of Ed25519 keys.")


def _write(path: Path, keys: list[dict[str, str]], *, replace: bool) -> None:
    """Write the whole file atomically, mode 0600; a file that another process created stays unless `replace`."""
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

"""Tests of verdict signing keys: created once, readable by their owner only, rotated without losing old ones."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alive402.payments.core import PaymentsMisconfigured
from alive402.receipts.signing_keys import SigningKeys
from alive402.receipts.verification import TYPE, VerdictUnverified, verified
from alive402.settings import Settings


def signed(keys: SigningKeys, **headers: str) -> str:
    return jwt.encode({"verdict": "live"}, keys.private, "EdDSA", headers={"kid": keys.kid, "typ": TYPE, **headers})


def test_key_is_created_once_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "alive402.keys.json"
    first = SigningKeys.open(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKeys.open(path).kid == first.kid
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_concurrent_first_starts_create_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        kids = set(pool.map(lambda _: SigningKeys.open(tmp_path / "keys.json").kid, range(8)))
    assert len(kids) == 1


def test_jwks_has_no_private_part(tmp_path: Path) -> None:
    keys = SigningKeys.rotate(tmp_path / "keys.json")
    assert [set(key) for key in keys.jwks()["keys"]] == [{"kty", "crv", "x", "kid", "alg", "use"}] * 2


def test_old_verdicts_are_valid_after_rotation(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    old = SigningKeys.open(path)
    new = SigningKeys.rotate(path)
    assert new.kid != old.kid
    assert path.stat().st_mode & 0o777 == 0o600
    assert '"d"' not in json.dumps(json.loads(path.read_text())["keys"][1:])
    assert verified(signed(old), new.jwks()) == {"verdict": "live"}
    assert verified(signed(new), new.jwks()) == {"verdict": "live"}
    with pytest.raises(VerdictUnverified, match="does not contain the verdict"):
        verified(signed(new), old.jwks())


def test_readable_key_file_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    SigningKeys.open(path)
    path.chmod(0o640)
    with pytest.raises(PaymentsMisconfigured, match="chmod 600"):
        SigningKeys.open(path)


@pytest.mark.parametrize("text", ["", "{}", '{"keys": []}', '{"keys": [{"kty": "RSA"}]}', '{"keys": 7}'])
def test_invalid_key_file_stops_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(PaymentsMisconfigured, match="not a JSON Web Key Set"):
        SigningKeys.open(path)


def test_pem_key_keeps_the_public_keys_of_the_file(tmp_path: Path) -> None:
    path, private = tmp_path / "keys.json", Ed25519PrivateKey.generate()
    old = SigningKeys.open(path)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    keys = SigningKeys.given(pem, path)
    assert [key["kid"] for key in keys.jwks()["keys"]] == [keys.kid, old.kid]
    for wrong in ("", "{}", "nonsense", pem.replace("PRIVATE", "PUBLIC")):
        with pytest.raises(PaymentsMisconfigured, match="not an Ed25519 private key"):
            SigningKeys.given(wrong, path)


@pytest.mark.parametrize(
    ("database", "file"),
    [
        ("sqlite+aiosqlite:///var/alive402.db", "var/alive402.keys.json"),
        ("sqlite+aiosqlite:////srv/till.db?timeout=3", "/srv/till.keys.json"),
        ("sqlite+aiosqlite:///:memory:", "var/alive402.keys.json"),
        ("postgresql+psycopg://till@db/till", "var/alive402.keys.json"),
    ],
)
def test_key_file_is_beside_the_database(database: str, file: str) -> None:
    assert Settings(database_url=database).keys_file == Path(file)


def test_foreign_and_altered_verdicts_get_different_errors(tmp_path: Path) -> None:
    keys = SigningKeys.open(tmp_path / "keys.json")
    good = signed(keys)
    head, _, signature = good.split(".")
    other = jwt.encode({"verdict": "spoof"}, keys.private, "EdDSA").split(".")[1]
    for text, why in {
        "": "not a compact JWS",
        "a.b.c": "not a compact JWS",
        signed(keys, typ="JWT"): "type JWT",
        f"{head}.{other}.{signature}": "altered",
        jwt.encode({"verdict": "live"}, "secret" * 8, "HS256", headers={"kid": keys.kid, "typ": TYPE}): "HS256",
    }.items():
        with pytest.raises(VerdictUnverified, match=why):
            verified(text, keys.jwks())
    for jwks in ({}, {"keys": "none"}, {"keys": [7]}):
        with pytest.raises(VerdictUnverified):
            verified(good, jwks)

"""Tests of the secret box: encrypts with one key, decrypts with all, and refuses an open key file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from alive402.payments.core import PaymentsMisconfigured
from alive402.payments.keys.secret_box import SecretBox


def test_key_file_is_created_with_the_first_secret_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secrets.key"
    box = SecretBox(path)
    assert not path.exists()
    sealed = box.seal("secret")
    assert "secret" not in sealed
    assert path.stat().st_mode & 0o777 == 0o600
    assert SecretBox(path).unseal(sealed) == "secret"


def test_concurrent_first_secrets_use_one_key(tmp_path: Path) -> None:
    path = tmp_path / "secrets.key"
    with ThreadPoolExecutor(8) as threads:
        sealed = list(threads.map(lambda number: SecretBox(path).seal(f"secret {number}"), range(16)))
    assert [SecretBox(path).unseal(each) for each in sealed] == [f"secret {number}" for number in range(16)]
    assert [each.name for each in tmp_path.iterdir()] == ["secrets.key"]


def test_new_key_encrypts_and_old_keys_decrypt(tmp_path: Path) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    sealed = SecretBox(tmp_path / "none", old).seal("secret")
    both = SecretBox(tmp_path / "none", f"{new}, {old}")
    assert both.unseal(sealed) == "secret"
    assert SecretBox(tmp_path / "none", new).unseal(both.seal("another")) == "another"
    with pytest.raises(PaymentsMisconfigured, match="another key"):
        SecretBox(tmp_path / "none", new).unseal(sealed)


def test_bad_key_and_bad_key_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PaymentsMisconfigured, match="ALIVE402_SECRETS_KEY"):
        SecretBox(tmp_path / "none", "no key")
    with pytest.raises(PaymentsMisconfigured, match="missing"):
        SecretBox(tmp_path / "none").unseal("sealed")
    path = tmp_path / "secrets.key"
    sealed = SecretBox(path).seal("secret")
    path.chmod(0o644)
    with pytest.raises(PaymentsMisconfigured, match="chmod 600"):
        SecretBox(path).unseal(sealed)

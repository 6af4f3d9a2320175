"""Encrypted storage (Fernet) of secrets that must be read again: HMAC verification needs the secret, not its hash."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from alive402.payments.core import PaymentsMisconfigured


class SecretBox:
    """Encrypts and decrypts secrets with keys that are stored outside the database.

    `given` is one Fernet key, or several separated by commas, the newest first: all decrypt, the first one encrypts.
    Without it the keys are the lines of the file at `path`, created with the first secret, readable by its owner only.

    Raises:
        PaymentsMisconfigured: `given` is not a Fernet key.
    """

    def __init__(self, path: Path, given: str | None = None) -> None:
        self._path = path
        self._fernet = _fernet(given.split(","), "ALIVE402_SECRETS_KEY") if given is not None else None

    def seal(self, secret: str) -> str:
        """Encrypt a secret for storage.

        Raises:
            PaymentsMisconfigured: the key file has other content, or others may read it.
            OSError: the key file cannot be read or created.
        """
        if self._fernet is None and not self._path.exists():
            _make(self._path)
        return self._keys().encrypt(secret.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """Decrypt a stored secret.

        Raises:
            PaymentsMisconfigured: the key that encrypted it is missing. Otherwise like `seal`.
        """
        try:
            return self._keys().decrypt(sealed).decode()
        except InvalidToken as error:
            raise PaymentsMisconfigured(
                f"AccessKeySecrets of this ledger were encrypted with another key than {self._path} or "
                "ALIVE402_SECRETS_KEY holds."
            ) from error

    def _keys(self) -> MultiFernet:
        """The keys. The file is read once, at first use, because another process may have created it just before."""
        if self._fernet is None:
            try:
                open_to_others = self._path.stat().st_mode & 0o077
            except FileNotFoundError as error:
                raise PaymentsMisconfigured(
                    f"{self._path} is missing. Put the key of AccessKeySecrets back, or set ALIVE402_SECRETS_KEY."
                ) from error
            if open_to_others:
                raise PaymentsMisconfigured(
                    f"{self._path} may be read by others than its owner: chmod 600 {self._path}"
                )
            self._fernet = _fernet(self._path.read_text().split(), str(self._path))
        return self._fernet


def _fernet(keys: list[str], where: str) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key.strip()) for key in keys])
    except ValueError as error:
        raise PaymentsMisconfigured(
            f"{where} holds no Fernet key: 32 random bytes, URL-safe base64, one or several."
        ) from error


def _make(path: Path) -> None:
    """Create the key file atomically with one key and mode 0600; a file that another process created stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(Fernet.generate_key().decode() + "\n")
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(name)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink(missing_ok=True)

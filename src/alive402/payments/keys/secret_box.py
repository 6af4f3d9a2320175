"""Secrets that have to be read again: an HMAC cannot be checked with a hash, so they are kept encrypted (Fernet)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from alive402.payments.core.errors import PaymentsMisconfigured


class SecretBox:
    """Encrypts and reads secrets with keys that lie outside the database.

    `given` is one Fernet key, or several with commas between, the newest first: all of them read, the first one writes.
    Without it they are the lines of the file at `path`, which is made, readable by nobody else, with the first secret.

    Raises:
        PaymentsMisconfigured: what is given is no such key.
    """

    def __init__(self, path: Path, given: str | None = None) -> None:
        self._path = path
        self._fernet = _fernet(given.split(","), "ALIVE402_SECRETS_KEY") if given is not None else None

    def seal(self, secret: str) -> str:
        """The secret as it may be stored.

        Raises:
            PaymentsMisconfigured: the file of keys holds something else, or others may read it.
            OSError: it cannot be read or made.
        """
        if self._fernet is None and not self._path.exists():
            _make(self._path)
        return self._keys().encrypt(secret.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """A secret that was sealed.

        Raises:
            PaymentsMisconfigured: the key that it was sealed with is not here. Otherwise like `seal`.
        """
        try:
            return self._keys().decrypt(sealed).decode()
        except InvalidToken as error:
            raise PaymentsMisconfigured(
                f"AccessKeySecrets of this ledger were encrypted with another key than {self._path} or "
                "ALIVE402_SECRETS_KEY holds."
            ) from error

    def _keys(self) -> MultiFernet:
        """The keys; a file is read once, when it is first needed: another process may have made it just before."""
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
    """The file with one key, whole and mode 0600 from its first moment; one that another process made stays."""
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

"""Settings: the database, and the keys beside it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr


class Storing(BaseModel):
    """The database, and the keys beside it."""

    database_url: str = "sqlite+aiosqlite:///var/alive402.db"
    lease_seconds: float = Field(default=30.0, gt=0, description="a dead process's hold on a payment ends after this")
    reconcile_seconds: float = Field(default=30.0, gt=0, description="how often unfinished payments are looked up")
    sweep_days: float = Field(
        default=7.0, ge=0, description="how far back the chain is read for payments a ledger has lost; 0: never"
    )
    signing_key_file: Path | None = Field(default=None, description="keys of signed verdicts; made beside the database")
    signing_key: SecretStr | None = Field(default=None, description="Ed25519, as JSON Web Key or PKCS#8 PEM")
    secrets_key_file: Path | None = Field(default=None, description="key that encrypts AccessKeySecrets")
    secrets_key: SecretStr | None = Field(default=None, description="Fernet keys instead of that file, comma-separated")

    @property
    def keys_file(self) -> Path:
        """File of the keys of signed verdicts: beside the database, when that is a file."""
        return self.signing_key_file or self._beside_the_database(".keys.json")

    @property
    def secrets_file(self) -> Path:
        """File of the key that encrypts AccessKeySecrets; beside the database like `keys_file`."""
        return self.secrets_key_file or self._beside_the_database(".secrets.key")

    @property
    def given_secrets_key(self) -> str | None:
        """The Fernet keys that replace `secrets_file`."""
        return self.secrets_key.get_secret_value() if self.secrets_key else None

    def _beside_the_database(self, suffix: str) -> Path:
        kind, _, rest = self.database_url.partition(":///")
        name = rest.partition("?")[0]
        beside = kind.startswith("sqlite") and name not in ("", ":memory:")
        return (Path(name) if beside else Path("var/alive402.db")).with_suffix(suffix)

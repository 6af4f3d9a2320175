"""Authentication of requests signed with an AccessKeySecret; each nonce is accepted once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import String, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from alive402.payments.core import AccessKeyUnknown, ApiKeyForbidden, ApiKeyRefused, KeyAccount
from alive402.payments.keys.api_keys import ApiKey, Scope
from alive402.payments.keys.secret_box import SecretBox
from alive402.payments.ledger import Ledger
from alive402.payments.prepaid import token_digest
from alive402.storage import Base, Clock, Utc, utc_now

SIGNATURE_LIFETIME = timedelta(minutes=15)
"""How far a signed date may differ from the current time, in either direction."""


class UsedNonce(Base):
    """A nonce that was used: `digest` is the sha256 of the key's id and the nonce."""

    __tablename__ = "used_nonces"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(Utc, index=True)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An API key with its request signing secret."""

    account: KeyAccount
    secret: str = field(repr=False)
    scopes: frozenset[str]

    def allow(self, scope: Scope) -> KeyAccount:
        """The account, if the key has `scope`.

        Raises:
            ApiKeyForbidden: the key lacks the scope.
        """
        if scope not in self.scopes:
            raise ApiKeyForbidden(scope=str(scope))
        return self.account


class AccessKeys:
    """Finds access keys, and stores used nonces for as long as their signed dates are accepted."""

    def __init__(self, ledger: Ledger, secret_box: SecretBox, now: Clock = utc_now) -> None:
        self._ledger = ledger
        self._secret_box = secret_box
        self._now = now

    async def find(self, access_key_id: str) -> AccessKey:
        """The unrevoked key of an AccessKeyId.

        Raises:
            ApiKeyRefused: there is none.
            PaymentsMisconfigured: its secret cannot be decrypted.
        """
        query = select(ApiKey).where(ApiKey.access_key_id == access_key_id, ApiKey.revoked_at.is_(None))
        async with self._ledger.reading() as session:
            row = (await session.scalars(query)).one_or_none()
        if row is None or row.sealed_secret is None:
            raise ApiKeyRefused
        account = KeyAccount(row.id, row.prepaid)
        return AccessKey(account, self._secret_box.unseal(row.sealed_secret), frozenset(row.scopes.split()))

    async def first_use(self, key: AccessKey, nonce: str) -> bool:
        """Record the nonce of a correctly signed request; returns False when it was used before."""
        now = self._now()
        used = {"digest": token_digest(f"{key.account.id} {nonce}"), "at": now}
        async with self._ledger.session() as session:
            dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
            noted = dialect.insert(UsedNonce).values(used).on_conflict_do_nothing().returning(UsedNonce.digest)
            if (await session.execute(noted)).scalar_one_or_none() is None:
                return False
            # Doubled, because a signed date may also lie in the future.
            await session.execute(delete(UsedNonce).where(UsedNonce.at < now - 2 * SIGNATURE_LIFETIME))
            await session.execute(update(ApiKey).where(ApiKey.id == key.account.id).values(used_at=now))
            return True

    async def prepaid(self, access_key_id: str) -> str:
        """The id of the prepaid key that a payment may credit.

        Raises:
            AccessKeyUnknown: there is none, or it is revoked or not prepaid.
        """
        query = select(ApiKey.id).where(
            ApiKey.access_key_id == access_key_id, ApiKey.revoked_at.is_(None), ApiKey.prepaid.is_(True)
        )
        async with self._ledger.reading() as session:
            found = (await session.execute(query)).scalar_one_or_none()
        if found is None:
            raise AccessKeyUnknown
        return str(found)

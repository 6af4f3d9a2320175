"""API keys: calls without x402, free for the operator's own systems, or out of a balance that was filled before.

A key is told once and only its hash is kept; the one that also signs requests is kept encrypted beside it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import String, Text, select, update
from sqlalchemy.orm import Mapped, mapped_column

from alive402.payments.core.errors import ApiKeyForbidden, ApiKeyRefused, NoSuchApiKey
from alive402.payments.core.method import AnswerSigner, IssuedAnswer
from alive402.payments.core.values import Answered, KeyAccount, Use
from alive402.payments.keys.secret_box import SecretBox
from alive402.payments.ledger.ledger import Ledger
from alive402.payments.prepaid.balances import Balances
from alive402.payments.prepaid.tokens import TokenHold, digest
from alive402.storage.database import Clock, utc_now
from alive402.storage.models import Base, Utc
from alive402.storage.outbox import Outbox

KEY_USED = "key.used"
"""Type of the notification of an answer to a call by a key that costs nothing."""


class Scope(StrEnum):
    """What a key may do: call the service, watch it, read the books."""

    CALL = "call"
    OPS = "ops"
    LEDGER = "ledger"


class ApiKey(Base):
    """One key. `scopes` is space-separated; `used_at` is when it last opened anything.

    `access_key_id` names a key that signs requests, `sealed_secret` is then the key itself, encrypted. The calls of a
    `prepaid` key are taken off its prepayments; those of the others cost nothing.
    """

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    access_key_id: Mapped[str | None] = mapped_column(String(32), unique=True, index=True)
    sealed_secret: Mapped[str | None] = mapped_column(Text)
    prepaid: Mapped[bool]
    scopes: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Utc)
    used_at: Mapped[datetime | None] = mapped_column(Utc)
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)


class Keys:
    """Makes, lists, revokes and checks keys."""

    def __init__(self, ledger: Ledger, now: Clock = utc_now) -> None:
        self._ledger = ledger
        self._now = now

    async def create(
        self, name: str, scopes: Iterable[Scope], *, secret_box: SecretBox | None = None, prepaid: bool = False
    ) -> tuple[ApiKey, str]:
        """A new key for `scopes`: its row, and the key itself, which is never shown again.

        With a `secret_box` it has an AccessKeyId too, and signs requests: the key is the AccessKeySecret.

        Raises:
            PaymentsMisconfigured, OSError: the vault cannot be used.
        """
        key = f"ak_{secrets.token_urlsafe(32)}"
        row = ApiKey(
            id=f"key_{secrets.token_hex(6)}",
            name=name,
            key_hash=digest(key),
            access_key_id=f"AK{secrets.token_hex(10)}" if secret_box else None,
            sealed_secret=secret_box.seal(key) if secret_box else None,
            prepaid=prepaid,
            scopes=" ".join(sorted(set(scopes))),
            created_at=self._now(),
        )
        async with self._ledger.session() as session:
            session.add(row)
        return row, key

    async def list(self) -> list[ApiKey]:
        """Every key, revoked ones too, oldest first."""
        async with self._ledger.session() as session:
            return [*await session.scalars(select(ApiKey).order_by(ApiKey.created_at, ApiKey.id))]

    async def revoke(self, key_id: str) -> None:
        """From now on the key opens nothing; revoking it twice changes nothing.

        Raises:
            NoSuchApiKey: no key has this id.
        """
        async with self._ledger.session() as session:
            row = await session.get(ApiKey, key_id)
            if row is None:
                raise NoSuchApiKey
            if row.revoked_at is None:
                row.revoked_at = self._now()

    async def find(self, key_id: str) -> ApiKey:
        """The row of a key, revoked or not.

        Raises:
            NoSuchApiKey: no key has this id.
        """
        async with self._ledger.reading() as session:
            row = await session.get(ApiKey, key_id)
        if row is None:
            raise NoSuchApiKey
        return row

    async def check(self, key: str, scope: Scope) -> str:
        """The id of the key, when it may do what `scope` says. Raises like `account`."""
        return (await self.account(key, scope)).id

    async def account(self, key: str, scope: Scope) -> KeyAccount:
        """Whose calls the key makes, when it may do what `scope` says.

        Raises:
            ApiKeyRefused: it is unknown or revoked.
            ApiKeyForbidden: it lacks the scope.
        """
        async with self._ledger.session() as session:
            query = select(ApiKey.id, ApiKey.scopes, ApiKey.prepaid)
            query = query.where(ApiKey.key_hash == digest(key), ApiKey.revoked_at.is_(None))
            found = (await session.execute(query)).one_or_none()
            if found is None:
                raise ApiKeyRefused
            if scope not in found.scopes.split():
                raise ApiKeyForbidden(scope=str(scope))
            await session.execute(update(ApiKey).where(ApiKey.id == found.id).values(used_at=self._now()))
            return KeyAccount(found.id, found.prepaid)

    async def used(self, key_id: str, service_id: str, issued: IssuedAnswer) -> Answered:
        """Keep the verdict of an answer that was made for a key, and notify the operator."""
        async with self._ledger.session() as session:
            data = {"requestId": issued.answered.request_id, "serviceId": service_id, "keyId": key_id}
            Outbox(session).put(self._ledger.webhook_urls, KEY_USED, self._now(), data)
            return await issued.keep(session)


@dataclass(frozen=True, slots=True)
class KeyHold:
    """See `Hold`: a call of the operator's own; no money, so nothing to hold."""

    keys: Keys
    key_id: str
    service_id: str
    request_id: str
    result: dict[str, Any] | None = None

    async def give_back(self, why: str) -> None:
        """See `Hold.give_back`."""

    async def settle(self, result: dict[str, Any], signer: AnswerSigner) -> Answered:
        """See `Hold.settle`; nobody pays for it, so there is no receipt, and nobody is owed it again."""
        issued = signer.issue(Answered(self.request_id, result, {}))
        return await self.keys.used(self.key_id, self.service_id, issued)


@dataclass(slots=True)
class KeyMethod:
    """See `PaymentMethod`: an API key, as it was sent or as a door has verified it by its signature.

    `identify` and `recall` look its owner up: the operator's own key costs nothing, a prepaid one has its balance.
    """

    keys: Keys
    balances: Balances
    key: str | KeyAccount
    idempotency_key: str | None = None
    settles_each_call: bool = False
    _account: KeyAccount | None = field(default=None, init=False)

    async def identify(self) -> None:
        """Look up whose key it is.

        Raises:
            ApiKeyRefused, ApiKeyForbidden: as `Keys.account`.
        """
        await self._found()

    @property
    def payer(self) -> str | None:
        """See `PaymentMethod.payer`."""
        return f"key {self._account.id}" if self._account and self._account.prepaid else None

    @property
    def turn(self) -> str:
        """See `PaymentMethod.turn`."""
        return f"key {self._account.id}" if self._account else ""

    @property
    def keeps_answers(self) -> bool:
        """See `PaymentMethod.keeps_answers`."""
        return self._account is not None and self._account.prepaid

    async def recall(self, use: Use) -> Answered | None:
        """See `PaymentMethod.recall`; no answer is kept for a key that costs nothing."""
        account = await self._found()
        return await self.balances.recall(account.id, use, self.idempotency_key) if account.prepaid else None

    async def afford(self, use: Use) -> str:
        """See `PaymentMethod.afford`."""
        account = await self._found()
        if account.prepaid:
            await self.balances.recall(account.id, use)
        return f"key {account.id}"

    async def reserve(self, use: Use) -> Answered | KeyHold | TokenHold:
        """See `PaymentMethod.reserve`."""
        account = await self._found()
        if account.prepaid:
            return await self.balances.take(account.id, use, self.idempotency_key)
        return KeyHold(self.keys, account.id, use.service_id, use.request_id)

    async def _found(self) -> KeyAccount:
        account, key = self._account, self.key
        if account is None:
            account = key if isinstance(key, KeyAccount) else await self.keys.account(key, Scope.CALL)
            self._account = account
        return account

"""API keys: calls without x402, free for the operator's own systems or paid from a prepaid balance.

A key is shown once and stored as a hash; a key that also signs requests is stored encrypted as well.
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

from alive402.payments.core import (
    AlsoUsed,
    Answered,
    AnswerSigner,
    ApiKeyForbidden,
    ApiKeyRefused,
    IssuedAnswer,
    KeyAccount,
    NoSuchApiKey,
    Use,
)
from alive402.payments.keys.secret_box import SecretBox
from alive402.payments.ledger import Ledger
from alive402.payments.prepaid import Balances, TokenHold, token_digest
from alive402.storage import Base, Clock, Outbox, Utc, utc_now

KEY_USED = "key.used"
"""Type of the notification about an answer to a call by a free key."""


class Scope(StrEnum):
    """A permission of a key: call the service, watch it, read the ledger."""

    CALL = "call"
    OPS = "ops"
    LEDGER = "ledger"


class ApiKey(Base):
    """One key. `scopes` is space-separated; `used_at` is its last successful use.

    `access_key_id` names a key that signs requests; `sealed_secret` is then the key itself, encrypted. Calls of a
    `prepaid` key are deducted from its prepayments; calls of other keys are free.
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
    """Creates, lists, revokes and checks keys."""

    def __init__(self, ledger: Ledger, now: Clock = utc_now) -> None:
        self._ledger = ledger
        self._now = now

    async def create(
        self, name: str, scopes: Iterable[Scope], *, secret_box: SecretBox | None = None, prepaid: bool = False
    ) -> tuple[ApiKey, str]:
        """Create a key with `scopes`; returns its row and the key itself, which is never shown again.

        With a `secret_box` it also gets an AccessKeyId and can sign requests: the key is the AccessKeySecret.

        Raises:
            PaymentsMisconfigured, OSError: the secret cannot be encrypted.
        """
        key = f"ak_{secrets.token_urlsafe(32)}"
        row = ApiKey(
            id=f"key_{secrets.token_hex(6)}",
            name=name,
            key_hash=token_digest(key),
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
        """Every key, including revoked ones, oldest first."""
        async with self._ledger.session() as session:
            return [*await session.scalars(select(ApiKey).order_by(ApiKey.created_at, ApiKey.id))]

    async def revoke(self, key_id: str) -> None:
        """Revoke a key; revoking it twice changes nothing.

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
        """The id of the key, if it has `scope`. Raises like `account`."""
        return (await self.account(key, scope)).id

    async def account(self, key: str, scope: Scope) -> KeyAccount:
        """The account of the key, if it has `scope`.

        Raises:
            ApiKeyRefused: the key is unknown or revoked.
            ApiKeyForbidden: the key lacks the scope.
        """
        async with self._ledger.session() as session:
            query = select(ApiKey.id, ApiKey.scopes, ApiKey.prepaid)
            query = query.where(ApiKey.key_hash == token_digest(key), ApiKey.revoked_at.is_(None))
            found = (await session.execute(query)).one_or_none()
            if found is None:
                raise ApiKeyRefused
            if scope not in found.scopes.split():
                raise ApiKeyForbidden(scope=str(scope))
            await session.execute(update(ApiKey).where(ApiKey.id == found.id).values(used_at=self._now()))
            return KeyAccount(found.id, found.prepaid)

    async def hold(self, key_id: str, use: Use) -> KeyHold:
        """The hold of a free key's call; takes what the call uses besides money, and raises where it cannot."""
        if use.also is not None:
            async with self._ledger.session() as session:
                await use.also.take(session, None)
        return KeyHold(self, key_id, use.service_id, use.request_id, also=use.also)

    async def used(self, key_id: str, service_id: str, issued: IssuedAnswer, also: AlsoUsed | None = None) -> Answered:
        """Store the verdict of an answer to a free key's call, and notify the operator."""
        async with self._ledger.session() as session:
            if also is not None:
                await also.spend(session, issued.answered.result)
            data = {"requestId": issued.answered.request_id, "serviceId": service_id, "keyId": key_id}
            Outbox(session).put(self._ledger.webhook_urls, KEY_USED, self._now(), data)
            return await issued.keep(session)


@dataclass(frozen=True, slots=True)
class KeyHold:
    """The `Hold` of a call by the operator's own key: no money is reserved."""

    keys: Keys
    key_id: str
    service_id: str
    request_id: str
    result: dict[str, Any] | None = None
    also: AlsoUsed | None = None

    async def confirm(self, waited: float) -> None:
        """Do nothing: no money is reserved."""

    async def give_back(self, why: str) -> None:
        """Do nothing: no money is reserved."""

    async def settle(self, result: dict[str, Any], signer: AnswerSigner) -> Answered:
        """Store the verdict. The call is free, so there is no receipt, and the answer is not kept for a repeat."""
        issued = signer.issue(Answered(self.request_id, result, {}))
        return await self.keys.used(self.key_id, self.service_id, issued, self.also)


@dataclass(slots=True)
class KeyMethod:
    """Payment by API key, either sent as such or verified by its request signature.

    `identify` and `recall` look the key up: the operator's own key is free, a prepaid one uses its balance.
    """

    keys: Keys
    balances: Balances
    key: str | KeyAccount
    idempotency_key: str | None = None
    settles_each_call: bool = False
    _account: KeyAccount | None = field(default=None, init=False)

    async def identify(self) -> None:
        """Look up the key's account.

        Raises:
            ApiKeyRefused, ApiKeyForbidden: as `Keys.account`.
        """
        await self._found()

    @property
    def payer(self) -> str | None:
        """`key` and the id of a prepaid key; None for the operator's own key, and before `identify`."""
        return f"key {self._account.id}" if self._account and self._account.prepaid else None

    @property
    def turn(self) -> str:
        """`key` and the key's id; empty before `identify`."""
        return f"key {self._account.id}" if self._account else ""

    @property
    def keeps_answers(self) -> bool:
        """Whether the key is prepaid: answers to free keys are not stored."""
        return self._account is not None and self._account.prepaid

    async def recall(self, use: Use) -> Answered | None:
        """The answer that a prepaid key bought for this request; None for a free key."""
        account = await self._found()
        return await self.balances.recall(account.id, use, self.idempotency_key) if account.prepaid else None

    async def afford(self, use: Use) -> str:
        """Check that the key can pay for a call now; returns its payer."""
        account = await self._found()
        if account.prepaid:
            await self.balances.recall(account.id, use)
        return f"key {account.id}"

    async def reserve(self, use: Use) -> Answered | KeyHold | TokenHold:
        """Reserve one call: from the balance of a prepaid key, for free with the operator's own."""
        account = await self._found()
        if account.prepaid:
            return await self.balances.take(account.id, use, self.idempotency_key)
        return await self.keys.hold(account.id, use)

    async def _found(self) -> KeyAccount:
        account, key = self._account, self.key
        if account is None:
            account = key if isinstance(key, KeyAccount) else await self.keys.account(key, Scope.CALL)
            self._account = account
        return account

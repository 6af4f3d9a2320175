"""API keys: the operator's own systems call without x402. A key is told once; only its hash is kept."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from alive402.payments.database import Ledger
from alive402.payments.errors import ApiKeyForbidden, ApiKeyRefused, NoSuchApiKey
from alive402.payments.models import Base, Utc
from alive402.payments.outbox import Outbox
from alive402.payments.service import Answered, Clock, Use, utc_now
from alive402.payments.tokens import digest
from alive402.payments.verdicts import Issued, Verdicts


class Scope(StrEnum):
    """What a key may do: call the service, watch it, read the books."""

    CALL = "call"
    OPS = "ops"
    LEDGER = "ledger"


class ApiKey(Base):
    """One key. `scopes` is space-separated; `used_at` is when it last opened anything."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Utc)
    used_at: Mapped[datetime | None] = mapped_column(Utc)
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)


class Keys:
    """Makes, lists, revokes and checks keys."""

    def __init__(self, ledger: Ledger, now: Clock = utc_now) -> None:
        self._ledger = ledger
        self._now = now

    async def create(self, name: str, scopes: Iterable[Scope]) -> tuple[ApiKey, str]:
        """A new key for `scopes`: its row, and the key itself, which is never shown again."""
        key = f"ak_{secrets.token_urlsafe(32)}"
        row = ApiKey(
            id=f"key_{secrets.token_hex(6)}",
            name=name,
            key_hash=digest(key),
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

    async def check(self, key: str, scope: Scope) -> str:
        """The id of the key, when it may do what `scope` says.

        Raises:
            ApiKeyRefused: it is unknown or revoked.
            ApiKeyForbidden: it lacks the scope.
        """
        async with self._ledger.session() as session:
            query = select(ApiKey.id, ApiKey.scopes).where(ApiKey.key_hash == digest(key), ApiKey.revoked_at.is_(None))
            found = (await session.execute(query)).one_or_none()
            if found is None:
                raise ApiKeyRefused
            if scope not in found.scopes.split():
                raise ApiKeyForbidden(scope=str(scope))
            await session.execute(update(ApiKey).where(ApiKey.id == found.id).values(used_at=self._now()))
            return str(found.id)

    async def used(self, key_id: str, service_id: str, issued: Issued) -> Answered:
        """An answer was made for a key: keep its verdict, and tell whoever is told."""
        async with self._ledger.session() as session:
            told, request_id = self._ledger.told, issued.answered.request_id
            Outbox(session).put_key_use(told, self._now(), key_id, service_id, request_id)
            return await issued.keep(session)


@dataclass(frozen=True, slots=True)
class KeyHolding:
    """See `Holding`: a call of the operator's own; no money, so nothing to hold."""

    keys: Keys
    key_id: str
    service_id: str
    request_id: str
    result: dict[str, Any] | None = None

    async def give_back(self, why: str) -> None:
        """See `Holding.give_back`."""

    async def settle(self, result: dict[str, Any], verdicts: Verdicts) -> Answered:
        """See `Holding.settle`; nobody pays for it, so there is no receipt, and nobody is owed it again."""
        issued = verdicts.issue(Answered(self.request_id, result, {}))
        return await self.keys.used(self.key_id, self.service_id, issued)


@dataclass(frozen=True, slots=True)
class KeyPurse:
    """See `Purse`: an API key, which costs nothing."""

    keys: Keys
    key: str
    payer: None = None
    settles_each_call: bool = False
    keeps_answers: bool = False

    async def afford(self, use: Use) -> str:
        """See `Purse.afford`."""
        return f"key {await self.keys.check(self.key, Scope.CALL)}"

    async def recall(self, use: Use) -> None:
        """See `Purse.recall`: no answer is kept for a key."""

    async def reserve(self, use: Use) -> KeyHolding:
        """See `Purse.reserve`."""
        key_id = await self.keys.check(self.key, Scope.CALL)
        return KeyHolding(self.keys, key_id, use.service_id, use.request_id)

"""Signed verdicts: a compact JWS over the answer and its payment, which anyone can verify later."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

import jwt
from sqlalchemy import Executable, String, Table, Text, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from alive402.catalog import ServiceDefinition
from alive402.payments.core import Answered
from alive402.payments.ledger import Ledger
from alive402.receipts.signing_keys import SigningKeys
from alive402.receipts.verification import ALGORITHM, FIELD, PAID_BY, TYPE, digest, judged
from alive402.storage import Base, Utc

_MAC_LENGTH = 32


class SignedVerdict(Base):
    """The signed verdict of one answer, stored so that a repeated answer has the same bytes."""

    __tablename__ = "signed_verdicts"

    request_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kid: Mapped[str] = mapped_column(String(64))
    jws: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[datetime] = mapped_column(Utc)


@dataclass(frozen=True, slots=True)
class Issued:
    """A signed verdict that is not stored yet. `row` is its row."""

    answered: Answered
    row: dict[str, Any]

    async def keep(self, session: AsyncSession) -> Answered:
        """Store the verdict within the caller's transaction; returns the answer with its verdict."""
        stored = await session.scalar(_keeping(session.get_bind().dialect.name), self.row)
        # Two concurrent replays may both find nothing stored; the first insert wins.
        return _bearing(self.answered, stored or await _stored(session, self.answered.request_id) or self.row["jws"])


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Signs each answer once, after its settlement, and stores the verdict.

    `issuer` is the service's public URL. The definitions of `services`, sold here or not, say which claims are signed.
    `report_secret` makes the ids of stored answers, whose hash is signed.
    """

    ledger: Ledger
    keys: SigningKeys
    issuer: str | None = None
    services: tuple[ServiceDefinition, ...] = ()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    report_secret: bytes | None = field(default=None, repr=False)

    async def recalled(self, answered: Answered) -> Answered:
        """Add the stored verdict to a repeated answer; sign it now if the process died before signing.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the ledger is unreachable; the same request finds the answer later.
        """
        async with self.ledger.session() as session:
            stored = await _stored(session, answered.request_id)
            return _bearing(answered, stored) if stored else await self.issue(answered).keep(session)

    def report_id_of(self, request_id: str) -> str:
        """The report id of the answer to `request_id`."""
        assert self.report_secret is not None, "`Reports.open` gives it"
        return report_id(self.report_secret, request_id)

    def issue(self, answered: Answered) -> Issued:
        """Sign an answer; the verdict is valid once stored."""
        at = self.now()
        jws = jwt.encode(
            claims_of(answered, self.issuer, at, self.services, self.report_secret),
            self.keys.private,
            algorithm=ALGORITHM,
            headers={"kid": self.keys.kid, "typ": TYPE},
        )
        return Issued(answered, {"request_id": answered.request_id, "kid": self.keys.kid, "jws": jws, "issued_at": at})


def claims_of(
    answered: Answered,
    issuer: str | None,
    at: datetime,
    services: Iterable[ServiceDefinition],
    report_secret: bytes | None = None,
) -> dict[str, Any]:
    """The claims to sign: the verdict, its input and model, its report, the payment, and the time."""
    receipt = answered.receipt
    paid = {name: receipt[name] for name in PAID_BY if receipt.get(name)}
    return {
        **({"iss": issuer} if issuer else {}),
        "iat": int(at.timestamp()),
        **judged(answered.request_id, answered.result, services),
        "answerSha256": digest(answered.result),
        # The hash, because the id alone gives access to the report.
        **({"reportSha256": _hex(report_id(report_secret, answered.request_id))} if report_secret else {}),
        "payment": paid or None,
    }


def report_id(secret: bytes, request_id: str) -> str:
    """The report id of the answer to `request_id`: the id with a keyed hash of it."""
    return f"{request_id}-{hmac.new(secret, request_id.encode(), hashlib.sha256).hexdigest()[:_MAC_LENGTH]}"


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _bearing(answered: Answered, jws: str) -> Answered:
    return replace(answered, result={**answered.result, FIELD: jws})


@cache
def _keeping(dialect: str) -> Executable:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    table = cast(Table, SignedVerdict.__table__)
    return insert(table).on_conflict_do_nothing().returning(table.c.jws)


async def _stored(session: AsyncSession, request_id: str) -> str | None:
    return await session.scalar(select(SignedVerdict.jws).where(SignedVerdict.request_id == request_id))

"""Tables of prepaid payments: one row per payment, one row per use of its token."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from alive402.storage import Base, Utc


class UseState(StrEnum):
    """The state of one use of a token."""

    HELD = "held"
    SPENT = "spent"
    RETURNED = "returned"


class Prepayment(Base):
    """A payment for `max_calls` answers, `amount` in atomic units for all of them.

    Once paid, `remaining` plus its held and spent uses always add up to `max_calls`. `ledger_id` is the authorization
    that pays it. `token_hash` is the sha256 of its token, which itself is not stored. `client_hash` is the sha256 of
    the creating client's secret, or None without one. `expires_at` is the deadline for paying it and, once paid, the
    end of the token's validity. `api_key_id` is the API key that it credits: then it has no token.
    """

    __tablename__ = "prepayments"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    service_id: Mapped[str] = mapped_column(String(128))
    client_id: Mapped[str] = mapped_column(String(64))
    client_hash: Mapped[str | None] = mapped_column(String(64))
    amount: Mapped[int] = mapped_column(BigInteger)
    max_calls: Mapped[int] = mapped_column(Integer)
    remaining: Mapped[int] = mapped_column(Integer)
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    ledger_id: Mapped[str | None] = mapped_column(ForeignKey("payments.id"))
    api_key_id: Mapped[str | None] = mapped_column(ForeignKey("api_keys.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime] = mapped_column(Utc, index=True)
    paid_at: Mapped[datetime | None] = mapped_column(Utc)


class PrepaidUse(Base):
    """One call with a token: held while it runs, then spent with its answer, or returned.

    The use of a dead process is returned when the token is next read after `lease_until`.
    """

    __tablename__ = "prepaid_uses"
    __table_args__ = (
        Index("ix_prepaid_uses_state", "prepayment_id", "state"),
        Index("ix_prepaid_uses_request_id", "request_id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    prepayment_id: Mapped[str] = mapped_column(ForeignKey("prepayments.id"))
    state: Mapped[str] = mapped_column(String(16))
    lease_until: Mapped[datetime] = mapped_column(Utc)
    request_id: Mapped[str] = mapped_column(String(64))
    request_hash: Mapped[str] = mapped_column(String(64))
    idempotency_key: Mapped[str | None] = mapped_column(String(128))
    result: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Utc)
    ended_at: Mapped[datetime | None] = mapped_column(Utc)


def share(amount: int, max_calls: int) -> int:
    """The price of one call of a prepayment, in atomic units, rounded down; the remainder belongs to no call."""
    return amount // max_calls

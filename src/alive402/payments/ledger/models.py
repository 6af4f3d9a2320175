"""The ledger's two tables: payments, one row for each piece of money, and their append-only history."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alive402.storage.models import Base, Utc


class Payment(Base):
    """One authorization of one payer, and the answer that it bought.

    `amount` is in atomic units. Addresses and nonces are lower-case hex, so that the unique key sees one piece of
    money however it was spelled. `owner` and `lease_until` say who works on it now; only the owner may move it on.
    `refund` is the transaction by which the operator gave the money back.
    `proof` is a hash of the signed payload and `request_hash` of what it was used for: a stored answer is given only
    when both match.
    """

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("network", "asset", "payer", "nonce", name="uq_payments_money"),
        Index("ix_payments_state_lease", "state", "lease_until"),
        Index("ix_payments_refund", "refund"),
        Index("ix_payments_created_at", "created_at"),
        Index("ix_payments_request_id", "request_id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    service_id: Mapped[str] = mapped_column(String(128))
    network: Mapped[str] = mapped_column(String(64))
    asset: Mapped[str] = mapped_column(String(64))
    payer: Mapped[str] = mapped_column(String(64))
    nonce: Mapped[str] = mapped_column(String(80))
    pay_to: Mapped[str] = mapped_column(String(64))
    amount: Mapped[int] = mapped_column(BigInteger)
    valid_before: Mapped[int] = mapped_column(BigInteger)
    proof: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    owner: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None] = mapped_column(Utc)
    request_id: Mapped[str | None] = mapped_column(String(64))
    request_hash: Mapped[str | None] = mapped_column(String(64))
    result: Mapped[str | None] = mapped_column(Text)
    transaction: Mapped[str | None] = mapped_column(String(80))
    receipt: Mapped[str | None] = mapped_column(Text)
    refund: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(Utc)
    updated_at: Mapped[datetime] = mapped_column(Utc)


class PaymentEvent(Base):
    """One step of one payment. Rows are added and never changed; the database itself refuses anything else."""

    __tablename__ = "payment_events"
    __table_args__ = (Index("ix_payment_events_state_at", "state", "at"),)

    # SQLite counts only INTEGER PRIMARY KEY up by itself.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    payment_id: Mapped[str] = mapped_column(ForeignKey("payments.id"), index=True)
    at: Mapped[datetime] = mapped_column(Utc)
    state: Mapped[str] = mapped_column(String(16))
    request_id: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(Text, default="")


class PaymentIdentifier(Base):
    """A buyer's own name for a payment (x402's payment-identifier extension): an idempotency key."""

    __tablename__ = "payment_identifiers"

    service_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    identifier: Mapped[str] = mapped_column(String(128), primary_key=True)
    payment_id: Mapped[str] = mapped_column(ForeignKey("payments.id"))

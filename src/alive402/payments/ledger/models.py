"""The ledger's tables: payments, their append-only history, and buyers' identifiers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alive402.payments.core import Money
from alive402.storage import Base, Utc


class Payment(Base):
    """One authorization of a payer, and the answer that it bought.

    `amount` is in atomic units: what was signed, or from settlement on what the answer costs, where that is less.
    Addresses and nonces are in the spelling of the payment's scheme, so that the unique key catches every spelling of
    one authorization. `owner` and `lease_until` say which call works on it now; only the owner may change it. `refund`
    is the transaction that refunded the payment. A payment that has a `transaction` and no answer yet is one that the
    chain showed and that this ledger did not know.
    `proof` is a hash of the signed payload, and `request_hash` of the request it paid for: a stored answer is returned
    only when both match.
    """

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("network", "asset", "payer", "nonce", name="uq_payments_money"),
        Index("ix_payments_state_lease", "state", "lease_until"),
        Index("ix_payments_refund", "refund"),
        Index("ix_payments_created_at", "created_at"),
        Index("ix_payments_request_id", "request_id"),
        Index("ix_payments_transaction", "transaction"),
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
    transaction: Mapped[str | None] = mapped_column(String(128))
    receipt: Mapped[str | None] = mapped_column(Text)
    refund: Mapped[str | None] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(Utc)
    updated_at: Mapped[datetime] = mapped_column(Utc)

    @property
    def money(self) -> Money:
        """The money that the payment was signed for."""
        return Money(
            network=self.network,
            asset=self.asset,
            payer=self.payer,
            nonce=self.nonce,
            pay_to=self.pay_to,
            amount=self.amount,
            valid_before=self.valid_before,
            proof=self.proof,
        )


class PaymentEvent(Base):
    """One step of a payment. Rows are only ever added; the database rejects changes."""

    __tablename__ = "payment_events"
    __table_args__ = (Index("ix_payment_events_state_at", "state", "at"),)

    # SQLite autoincrements only INTEGER PRIMARY KEY.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    payment_id: Mapped[str] = mapped_column(ForeignKey("payments.id"), index=True)
    at: Mapped[datetime] = mapped_column(Utc)
    state: Mapped[str] = mapped_column(String(16))
    request_id: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(Text, default="")


class ChainPosition(Base):
    """The newest block (or slot) up to which every payment to one of our addresses is in the ledger."""

    __tablename__ = "chain_positions"

    network: Mapped[str] = mapped_column(String(64), primary_key=True)
    asset: Mapped[str] = mapped_column(String(64), primary_key=True)
    pay_to: Mapped[str] = mapped_column(String(64), primary_key=True)
    height: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[datetime] = mapped_column(Utc)


class PaymentIdentifier(Base):
    """A buyer's own identifier of a payment (x402's payment-identifier extension): an idempotency key."""

    __tablename__ = "payment_identifiers"

    service_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    identifier: Mapped[str] = mapped_column(String(128), primary_key=True)
    payment_id: Mapped[str] = mapped_column(ForeignKey("payments.id"))

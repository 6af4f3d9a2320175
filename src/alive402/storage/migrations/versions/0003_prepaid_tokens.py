"""Prepaid payments: the order, the hash of its token, and every use of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_LIVE = sa.text("idempotency_key IS NOT NULL AND state != 'returned'")


def upgrade() -> None:
    op.create_table(
        "prepayments",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("service_id", sa.String(128), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("client_hash", sa.String(64)),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("max_calls", sa.Integer(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), unique=True),
        sa.Column("ledger_id", sa.String(32), sa.ForeignKey("payments.id")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("remaining >= 0 AND remaining <= max_calls", name="ck_prepayments_remaining"),
    )
    op.create_index("ix_prepayments_expires_at", "prepayments", ["expires_at"])
    op.create_table(
        "prepaid_uses",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("prepayment_id", sa.String(32), sa.ForeignKey("prepayments.id"), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("idempotency_key", sa.String(128)),
        sa.Column("result", sa.Text()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_prepaid_uses_state", "prepaid_uses", ["prepayment_id", "state"])
    op.create_index(
        "uq_prepaid_uses_key",
        "prepaid_uses",
        ["prepayment_id", "idempotency_key"],
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    )


def downgrade() -> None:
    op.drop_table("prepaid_uses")
    op.drop_table("prepayments")

"""The transaction that refunded a payment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("refund", sa.String(80)))
    op.create_index("ix_payments_refund", "payments", ["refund"])
    op.create_index("ix_payments_created_at", "payments", ["created_at"])


def downgrade() -> None:
    op.drop_index("ix_payments_created_at", "payments")
    op.drop_index("ix_payments_refund", "payments")
    op.drop_column("payments", "refund")

"""Up to which block the ledger has every payment, and an index to find payments by their transaction."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alive402.storage.models import Utc

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chain_positions",
        sa.Column("network", sa.String(64), primary_key=True),
        sa.Column("asset", sa.String(64), primary_key=True),
        sa.Column("pay_to", sa.String(64), primary_key=True),
        sa.Column("height", sa.BigInteger, nullable=False),
        sa.Column("updated_at", Utc, nullable=False),
    )
    op.create_index("ix_payments_transaction", "payments", ["transaction"])


def downgrade() -> None:
    op.drop_index("ix_payments_transaction", "payments")
    op.drop_table("chain_positions")

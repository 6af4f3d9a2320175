"""Reports: answers are found by request id, at a URL made with a secret that is stored in the database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_payments_request_id", "payments", ["request_id"])
    op.create_index("ix_prepaid_uses_request_id", "prepaid_uses", ["request_id"])
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("value", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("secrets")
    op.drop_index("ix_prepaid_uses_request_id", "prepaid_uses")
    op.drop_index("ix_payments_request_id", "payments")

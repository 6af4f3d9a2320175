"""API keys that sign requests and have a balance: encrypted secrets, used nonces, prepayments of a key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Column by column instead of copying the table: a copy loses what SQLite does not report about a table.
    op.add_column("api_keys", sa.Column("access_key_id", sa.String(32)))
    op.add_column("api_keys", sa.Column("sealed_secret", sa.Text()))
    op.add_column("api_keys", sa.Column("prepaid", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_api_keys_access_key_id", "api_keys", ["access_key_id"], unique=True)
    op.execute("ALTER TABLE prepayments ADD COLUMN api_key_id VARCHAR(32) REFERENCES api_keys (id)")
    op.create_index("ix_prepayments_api_key_id", "prepayments", ["api_key_id"])
    op.create_table(
        "used_nonces",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_used_nonces_at", "used_nonces", ["at"])


def downgrade() -> None:
    op.drop_table("used_nonces")
    op.drop_index("ix_prepayments_api_key_id", "prepayments")
    remaining = sa.CheckConstraint("remaining >= 0 AND remaining <= max_calls", name="ck_prepayments_remaining")
    with op.batch_alter_table("prepayments", table_args=(remaining,)) as prepayments:
        prepayments.drop_column("api_key_id")
    op.drop_index("ix_api_keys_access_key_id", "api_keys")
    for name in ("prepaid", "sealed_secret", "access_key_id"):
        op.drop_column("api_keys", name)

"""Room for transaction ids of 88 base58 characters, as Solana has them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_COLUMNS = ("transaction", "refund")
_SPARE = "resized"


def _resize(before: int, after: int) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name in _COLUMNS:
            op.alter_column("payments", name, type_=sa.String(after), existing_type=sa.String(before))
        return
    # SQLite cannot change a column's type, so each column is replaced.
    op.drop_index("ix_payments_refund", "payments")
    for name in _COLUMNS:
        op.add_column("payments", sa.Column(_SPARE, sa.String(after)))
        payments = sa.table("payments", sa.column(name), sa.column(_SPARE))
        op.execute(payments.update().where(payments.c[name].is_not(None)).values({_SPARE: payments.c[name]}))
        op.drop_column("payments", name)
        op.alter_column("payments", _SPARE, new_column_name=name)
    op.create_index("ix_payments_refund", "payments", ["refund"])


def upgrade() -> None:
    _resize(80, 128)


def downgrade() -> None:
    # PostgreSQL refuses this while a longer id is stored.
    _resize(128, 80)

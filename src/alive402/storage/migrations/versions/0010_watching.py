"""Indexes for the operator's summary and for retention, which avoid full table scans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_KEPT = sa.text("result IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_calls_at", "calls", ["at"])
    op.create_index("ix_payment_events_state_at", "payment_events", ["state", "at"])
    op.create_index("ix_prepayments_ledger_id", "prepayments", ["ledger_id"])
    op.create_index("ix_signed_verdicts_issued_at", "signed_verdicts", ["issued_at"])
    op.create_index("ix_webhook_deliveries_created_at", "webhook_deliveries", ["created_at"])
    op.create_index("ix_payments_kept", "payments", ["created_at"], sqlite_where=_KEPT, postgresql_where=_KEPT)
    op.create_index("ix_prepaid_uses_kept", "prepaid_uses", ["ended_at"], sqlite_where=_KEPT, postgresql_where=_KEPT)


def downgrade() -> None:
    op.drop_index("ix_prepaid_uses_kept", "prepaid_uses")
    op.drop_index("ix_payments_kept", "payments")
    op.drop_index("ix_webhook_deliveries_created_at", "webhook_deliveries")
    op.drop_index("ix_signed_verdicts_issued_at", "signed_verdicts")
    op.drop_index("ix_prepayments_ledger_id", "prepayments")
    op.drop_index("ix_payment_events_state_at", "payment_events")
    op.drop_index("ix_calls_at", "calls")

"""Challenges: which movements a clip has to show, until when, and which call used them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "challenges",
        sa.Column("id", sa.String(43), primary_key=True),
        sa.Column("nonce", sa.String(43), nullable=False),
        sa.Column("payer_sha256", sa.String(64), nullable=False),
        sa.Column("bind_sha256", sa.String(64)),
        sa.Column("seed", sa.LargeBinary(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("avoid", sa.String(128), nullable=False),
        sa.Column("pace", sa.String(16), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True)),
        sa.Column("answer_by", sa.DateTime(timezone=True)),
        sa.Column("upload_id", sa.String(43)),
        sa.Column("received_at", sa.DateTime(timezone=True)),
        sa.Column("request_id", sa.String(64)),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("answered", sa.Boolean()),
    )
    op.create_index("ix_challenges_payer", "challenges", ["payer_sha256", "issued_at"])
    op.create_index("ix_challenges_issued_at", "challenges", ["issued_at"])
    op.create_index("ix_challenges_request_id", "challenges", ["request_id"])


def downgrade() -> None:
    op.drop_table("challenges")

"""Table of challenges: one row each, from its making until a day later.

    issued ──> begun ──> filmed ──> used     a call may also use one that has no clip of its own, with another URL
       └─────────┴─────> expired             not begun in time, or no clip before `answer_by`

The steps are not stored: the seed draws them again. Payer and `bind` are stored as sha256 only.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Literal

from sqlalchemy import Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from alive402.liveness import Challenge, ChallengeOptions
from alive402.storage import Base, Utc


class ChallengeState(StrEnum):
    """The state of a challenge at some time."""

    ISSUED = "issued"
    BEGUN = "begun"
    FILMED = "filmed"
    USED = "used"
    EXPIRED = "expired"


class ChallengeRow(Base):
    """One challenge.

    `id` is the capability to begin it and to hand over its clip; `nonce` names it in receipts. It has to be begun by
    `expires_at` and answered by `answer_by`. `upload_id` is the clip that its page handed over, whose last byte came at
    `received_at`. `request_id` is the call that uses it: for good when `lease_until` is None, else while that lasts.
    `answered` says whether the call found the answer right, None while that is not known.
    """

    __tablename__ = "challenges"
    __table_args__ = (Index("ix_challenges_payer", "payer_sha256", "issued_at"),)

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    nonce: Mapped[str] = mapped_column(String(43))
    payer_sha256: Mapped[str] = mapped_column(String(64))
    bind_sha256: Mapped[str | None] = mapped_column(String(64))
    seed: Mapped[bytes] = mapped_column(LargeBinary(32))
    kind: Mapped[str] = mapped_column(String(16))
    steps: Mapped[int] = mapped_column(Integer)
    avoid: Mapped[str] = mapped_column(String(128))
    pace: Mapped[str] = mapped_column(String(16))
    issued_at: Mapped[datetime] = mapped_column(Utc, index=True)
    expires_at: Mapped[datetime] = mapped_column(Utc)
    begun_at: Mapped[datetime | None] = mapped_column(Utc)
    answer_by: Mapped[datetime | None] = mapped_column(Utc)
    upload_id: Mapped[str | None] = mapped_column(String(43))
    received_at: Mapped[datetime | None] = mapped_column(Utc)
    request_id: Mapped[str | None] = mapped_column(String(64), index=True)
    lease_until: Mapped[datetime | None] = mapped_column(Utc)
    answered: Mapped[bool | None]

    @property
    def options(self) -> ChallengeOptions:
        """What was drawn from."""
        pace: Literal["normal", "slow"] = "slow" if self.pace == "slow" else "normal"
        return ChallengeOptions(self.steps, tuple(kind for kind in self.avoid.split(",") if kind), pace)

    @property
    def final(self) -> bool:
        """Whether a call used it for good."""
        return self.request_id is not None and self.lease_until is None

    def drawn(self) -> Challenge:
        """The challenge with its steps: a secret until it is begun."""
        return Challenge.new(self.id, self.seed, self.options)

    def state(self, now: datetime) -> ChallengeState:
        """The state at that time."""
        if self.final or (self.request_id is not None and self.lease_until is not None and self.lease_until > now):
            return ChallengeState.USED
        if self.upload_id is not None:
            return ChallengeState.FILMED
        if now > (self.answer_by or self.expires_at):
            return ChallengeState.EXPIRED
        return ChallengeState.ISSUED if self.begun_at is None else ChallengeState.BEGUN


def sha256_of(text: str) -> str:
    """The form in which a payer and a `bind` are stored; text that is not valid Unicode has one too."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

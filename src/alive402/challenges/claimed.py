"""A challenge that a call has claimed, and by which the call judges its clip."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from alive402.challenges.errors import ChallengeExpired, ChallengeNotBegun
from alive402.challenges.models import ChallengeRow
from alive402.liveness import Challenge


@dataclass(frozen=True, slots=True)
class ClaimedChallenge:
    """A challenge with its steps, and the facts of it that a receipt signs; `bind_sha256` is None without a `bind`."""

    challenge: Challenge
    nonce: str
    begun_at: datetime
    answer_by: datetime
    bind_sha256: str | None

    @classmethod
    def of(cls, row: ChallengeRow) -> ClaimedChallenge:
        """The challenge of a row, which was begun."""
        assert row.begun_at is not None
        assert row.answer_by is not None
        return cls(row.drawn(), row.nonce, row.begun_at, row.answer_by, row.bind_sha256)

    @property
    def steps_sha256(self) -> str:
        """The sha256 of the steps as JSON without spaces and with sorted keys."""
        steps = json.dumps(self.challenge.to_dict()["steps"], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(steps.encode()).hexdigest()

    def check_in_time(self, received_at: datetime) -> None:
        """Check that a clip whose last byte came at that time is in time.

        Raises:
            ChallengeNotBegun: it came before the challenge was begun.
            ChallengeExpired: it came after the deadline.
        """
        if received_at < self.begun_at:
            raise ChallengeNotBegun
        if received_at > self.answer_by:
            raise ChallengeExpired

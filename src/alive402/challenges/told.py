"""A challenge whose steps were told, as a call judges a clip by it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from alive402.challenges.errors import ChallengeExpired, ChallengeNotBegun
from alive402.challenges.models import ChallengeRow
from alive402.liveness import Challenge


@dataclass(frozen=True, slots=True)
class Told:
    """The facts of a challenge that a receipt signs, and the challenge itself. `bind_sha256` is None without a `bind`.

    `steps_sha256` is the sha256 of the steps as JSON without spaces and with sorted keys.
    """

    challenge_id: str
    nonce: str
    kind: str
    bits: float
    begun_at: datetime
    answer_by: datetime
    bind_sha256: str | None
    steps_sha256: str
    challenge: Challenge

    def check_in_time(self, received_at: datetime) -> None:
        """Check that a clip whose last byte came at that time is in time.

        Raises:
            ChallengeNotBegun: it came before the steps were told.
            ChallengeExpired: it came after the deadline.
        """
        if received_at < self.begun_at:
            raise ChallengeNotBegun
        if received_at > self.answer_by:
            raise ChallengeExpired


def told_of(row: ChallengeRow) -> Told:
    """What a challenge that was begun asks for."""
    assert row.begun_at is not None
    assert row.answer_by is not None
    drawn = row.drawn()
    steps = json.dumps(drawn.to_dict()["steps"], sort_keys=True, separators=(",", ":"))
    return Told(
        row.id,
        row.nonce,
        row.kind,
        drawn.bits,
        row.begun_at,
        row.answer_by,
        row.bind_sha256,
        hashlib.sha256(steps.encode()).hexdigest(),
        drawn,
    )

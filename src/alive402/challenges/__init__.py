"""Challenges of the service: shown once, answered in time by one payer's clip, used by one call."""

from __future__ import annotations

from alive402.challenges.claimed import ClaimedChallenge
from alive402.challenges.documents import (
    CAPTURE_PATH,
    CHALLENGE_REQUEST,
    CHALLENGES_PATH,
    challenge_body,
    options_of,
    state_body,
    status_url,
)
from alive402.challenges.errors import (
    ChallengeBegun,
    ChallengeExpired,
    ChallengeNotBegun,
    ChallengeRefused,
    ChallengeUnknown,
    ChallengeUsed,
    TooManyChallenges,
)
from alive402.challenges.models import ChallengeRow, ChallengeState, sha256_of
from alive402.challenges.service import CHALLENGE_ID, ChallengeLimits, Challenges, challenge_counts, erase_challenge

__all__ = [
    "CAPTURE_PATH",
    "CHALLENGES_PATH",
    "CHALLENGE_ID",
    "CHALLENGE_REQUEST",
    "ChallengeBegun",
    "ChallengeExpired",
    "ChallengeLimits",
    "ChallengeNotBegun",
    "ChallengeRefused",
    "ChallengeRow",
    "ChallengeState",
    "ChallengeUnknown",
    "ChallengeUsed",
    "Challenges",
    "ClaimedChallenge",
    "TooManyChallenges",
    "challenge_body",
    "challenge_counts",
    "erase_challenge",
    "options_of",
    "sha256_of",
    "state_body",
    "status_url",
]

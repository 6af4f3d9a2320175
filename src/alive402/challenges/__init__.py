"""Challenges of the service: told once, answered in time by one payer's clip, used by one call."""

from __future__ import annotations

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
from alive402.challenges.service import CHALLENGE_ID, ChallengeLimits, Challenges, erase_challenge
from alive402.challenges.told import Told

__all__ = [
    "CHALLENGE_ID",
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
    "Told",
    "TooManyChallenges",
    "erase_challenge",
    "sha256_of",
]

"""The errors of a challenge, each with a stable code; nothing is charged for any of them.

The engine refuses clips that cannot show an answer: `clip_too_short` and `clip_too_coarse` (`liveness/errors.py`).

ChallengeRefused
 ├── ChallengeUnknown     404   challenge_unknown     no challenge has this id, payer and bind
 ├── ChallengeNotBegun    409   challenge_not_begun   it was never begun, or the clip came before
 ├── ChallengeBegun       409   challenge_begun       its steps were returned already
 ├── ChallengeUsed        409   challenge_used        a call used it, or it has its clip
 ├── ChallengeExpired     410   challenge_expired     it was not begun in time, or the clip came too late
 └── TooManyChallenges    429   too_many_challenges   too many are open, or too many were not answered
"""

from __future__ import annotations

from alive402.errors import CodedError


class ChallengeRefused(CodedError):
    """A challenge cannot be made, begun or used."""

    code = "challenge_refused"
    status = 400
    default = "The challenge cannot be used."


class ChallengeUnknown(ChallengeRefused):
    """No challenge has this id, or another payer made it, or with another `bind`; the error hides which."""

    code = "challenge_unknown"
    status = 404
    default = (
        "No challenge has this id, or it was made with another payment or another `bind`. Challenges are deleted after "
        "a day. Make one with POST /api/challenges."
    )


class ChallengeNotBegun(ChallengeRefused):
    """The challenge was not begun before the clip came."""

    code = "challenge_not_begun"
    status = 409
    default = "This challenge was not begun before the clip came. Begin it, then film."


class ChallengeBegun(ChallengeRefused):
    """The steps were returned already; they are returned once."""

    code = "challenge_begun"
    status = 409
    default = "The steps of this challenge were returned already, and they are returned once. Make a new challenge."


class ChallengeUsed(ChallengeRefused):
    """A call used the challenge, or it has its clip. `details.requestId` names the call to its payer."""

    code = "challenge_used"
    status = 409
    default = "This challenge was used, and each is used once. Make a new challenge."


class ChallengeExpired(ChallengeRefused):
    """The challenge was not begun in time, or the clip came after its deadline."""

    code = "challenge_expired"
    status = 410
    default = "The challenge was not begun in time, or the clip came after `answerBy`. Make a new challenge."


class TooManyChallenges(ChallengeRefused):
    """Too many challenges of this payer are open, or too many with this `bind` were not answered."""

    code = "too_many_challenges"
    status = 429
    default = (
        "Too many challenges of this payment are open, or too many with the same `bind` were not answered. "
        "Wait for Retry-After."
    )

    def __init__(self, retry_after: int, reason: str) -> None:
        super().__init__(reason=reason)
        self.retry_after = retry_after

"""Makes challenges, begins each once, takes one clip for each, and lets one call use it."""

from __future__ import annotations

import math
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from alive402.challenges.claimed import ClaimedChallenge
from alive402.challenges.errors import (
    ChallengeBegun,
    ChallengeExpired,
    ChallengeNotBegun,
    ChallengeUnknown,
    ChallengeUsed,
    TooManyChallenges,
)
from alive402.challenges.models import ChallengeRow, ChallengeState, sha256_of
from alive402.challenges.repository import ChallengeRepository
from alive402.liveness import ChallengeOptions
from alive402.storage import Clock, Database, Lease, utc_now

CHALLENGE_ID = re.compile(r"[A-Za-z0-9_-]{43}")
"""The form of an id; any other text names no challenge."""
RETRY_SECONDS = 2
_IN_WORK = (
    "Another call is judging the answer to this challenge now. If that call fails without its fault, the challenge can "
    "be used again."
)
_HAS_A_CLIP = "This challenge has its clip already, and it takes one. Make a new challenge."


@dataclass(frozen=True, slots=True)
class ChallengeLimits:
    """Limits of challenges.

    Attributes:
        open: most challenges of one payer that may still be answered.
        unanswered: most challenges of one payer and `bind` in `window` that were not answered.
        begin: time from making a challenge to its begin.
        answer: time from the end of the clip until it has to be here.
    """

    open: int = 20
    unanswered: int = 5
    window: timedelta = timedelta(minutes=10)
    begin: timedelta = timedelta(minutes=10)
    answer: timedelta = timedelta(seconds=45)


class Challenges:
    """The challenges in a database. `create`, `begin`, `find` and `filmed` are one transaction each."""

    def __init__(self, database: Database, limits: ChallengeLimits = ChallengeLimits(), now: Clock = utc_now) -> None:
        self.limits = limits
        self._database = database
        self._now = now

    async def create(
        self,
        payer: str,
        options: ChallengeOptions,
        bind: str | None = None,
        *,
        begin: bool = False,
    ) -> ChallengeRow:
        """Make a challenge for a payer's next call; `begin` begins it at once.

        Raises:
            TooManyChallenges: `retry_after` says when there is room again.
        """
        row = ChallengeRow(
            id=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(16),
            payer_sha256=sha256_of(payer),
            bind_sha256=_sha256_of(bind),
            seed=secrets.token_bytes(32),
            kind="move",
            steps=options.steps,
            avoid=",".join(options.avoid),
            pace=options.pace,
        )
        async with self._database.session() as session:
            challenges = ChallengeRepository(session)
            await challenges.lock_payer(row.payer_sha256)
            now = self._now()
            await self._make_room(challenges, row, now)
            row.issued_at, row.expires_at = now, now + self.limits.begin
            if begin:
                self._begin(row, now)
            await challenges.add(row)
        return row

    async def begin(self, challenge_id: str) -> ChallengeRow:
        """Begin a challenge: its steps may be returned now, and the time for its answer runs.

        Raises:
            ChallengeUnknown: there is no such challenge.
            ChallengeBegun: it was begun already.
            ChallengeExpired: it was not begun in time.
        """
        async with self._database.session() as session:
            challenges = ChallengeRepository(session)
            row, now = await _locked(challenges, challenge_id), self._now()
            if row.begun_at is not None:
                raise ChallengeBegun
            if now > row.expires_at:
                raise ChallengeExpired
            self._begin(row, now)
            await challenges.keep()
        return row

    async def find(self, challenge_id: str) -> ChallengeRow:
        """The challenge as last stored.

        Raises:
            ChallengeUnknown: there is none.
        """
        if not CHALLENGE_ID.fullmatch(challenge_id):
            raise ChallengeUnknown
        async with self._database.reading() as session:
            row = await ChallengeRepository(session).get(challenge_id)
        if row is None:
            raise ChallengeUnknown
        return row

    async def awaiting_clip(self, challenge_id: str) -> ChallengeRow:
        """The challenge, if it takes a clip now.

        Raises:
            ChallengeUnknown, ChallengeNotBegun, ChallengeUsed, ChallengeExpired: it takes none.
        """
        row = await self.find(challenge_id)
        _check_takes_clip(row, self._now())
        return row

    async def filmed(self, challenge_id: str, upload_id: str, received_at: datetime) -> ChallengeRow:
        """Record the clip of a challenge: an upload, whose last byte came at that time. Raises like `awaiting_clip`."""
        async with self._database.session() as session:
            challenges = ChallengeRepository(session)
            row = await _locked(challenges, challenge_id)
            _check_takes_clip(row, received_at)
            row.upload_id, row.received_at = upload_id, received_at
            await challenges.keep()
        return row

    async def claim(
        self,
        session: AsyncSession,
        challenge_id: str,
        payer: str,
        bind: str | None,
        request_id: str,
        *,
        received_at: datetime | None = None,
        instead_of: str | None = None,
    ) -> ClaimedChallenge:
        """Use a challenge for a call, within the caller's transaction; until it is final, the call may claim it again.

        `payer` and `bind` are as in `create`. `received_at` is when the last byte of the clip came, if it is here
        already; otherwise `check_in_time` has to follow. The claim ends with its lease unless it is renewed
        (`keep`) or made final (`finish`), so that the call of a dead process does not use the challenge up.
        `instead_of` is a call that is known to be dead: its claim ends now.

        Raises:
            ChallengeUnknown: there is none with this id, payer and bind.
            ChallengeUsed: another call uses it or used it.
            ChallengeNotBegun: it was not begun before the clip came.
            ChallengeExpired: it was not begun in time, or the clip is too late.
        """
        challenges = ChallengeRepository(session)
        row, now = await _locked(challenges, challenge_id), self._now()
        if row.payer_sha256 != sha256_of(payer) or row.bind_sha256 != _sha256_of(bind):
            raise ChallengeUnknown
        if row.request_id != request_id or row.final:
            dead = row.request_id == instead_of and not row.final
            if row.state(now) is ChallengeState.USED and not dead:
                raise _used(row)
            if row.begun_at is None:
                raise ChallengeExpired if now > row.expires_at else ChallengeNotBegun
            ClaimedChallenge.of(row).check_in_time(received_at or now)
            row.request_id = request_id
        row.lease_until = now + timedelta(seconds=self._database.lease_seconds)
        await challenges.keep()
        return ClaimedChallenge.of(row)

    async def release(self, session: AsyncSession, challenge_id: str, request_id: str) -> None:
        """Give up a call's claim within the caller's transaction, unless it is final or another call has it."""
        await self._change(session, challenge_id, request_id, None, None, None)

    async def finish(self, session: AsyncSession, challenge_id: str, request_id: str, *, answered: bool) -> bool:
        """Make a call's claim final within the caller's transaction: it judged the clip, or refused it for good.

        Returns False where the call has no claim that it can end: its lease ended and another call has the challenge,
        or the claim is final already.
        """
        return await self._change(session, challenge_id, request_id, request_id, None, answered)

    def keep(self, challenge_id: str, request_id: str) -> None:
        """Renew the lease of a call's claim while the current task runs."""

        async def renew() -> bool:
            async with self._database.session() as session:
                row = await ChallengeRepository(session).locked(challenge_id)
                if row is None or row.request_id != request_id or row.final:
                    return False
                row.lease_until = self._now() + timedelta(seconds=self._database.lease_seconds)
            return True

        self._database.leases.keep(Lease(f"{challenge_id} {request_id}", renew))

    async def _change(
        self,
        session: AsyncSession,
        challenge_id: str,
        request_id: str,
        used_by: str | None,
        lease_until: datetime | None,
        answered: bool | None,
    ) -> bool:
        challenges = ChallengeRepository(session)
        row = await challenges.locked(challenge_id)
        # A job may be cancelled while its answer is being settled: the answer has used the challenge up.
        if row is None or row.request_id != request_id or row.final:
            return False
        row.request_id, row.lease_until, row.answered = used_by, lease_until, answered
        await challenges.keep()
        return True

    def _begin(self, row: ChallengeRow, now: datetime) -> None:
        row.begun_at = now
        row.answer_by = now + timedelta(seconds=row.drawn().seconds) + self.limits.answer

    async def _make_room(self, challenges: ChallengeRepository, row: ChallengeRow, now: datetime) -> None:
        limits = self.limits
        open_until = await challenges.open(row.payer_sha256, now)
        if len(open_until) >= limits.open:
            raise _too_many(open_until[len(open_until) - limits.open], now, "open")
        made = await challenges.unanswered(row.payer_sha256, row.bind_sha256, now - limits.window)
        if len(made) >= limits.unanswered:
            raise _too_many(made[len(made) - limits.unanswered] + limits.window, now, "unanswered")


async def challenge_counts(session: AsyncSession, now: datetime) -> dict[ChallengeState, int]:
    """How many of the challenges of the last day are in each state."""
    return await ChallengeRepository(session).states(now)


async def erase_challenge(session: AsyncSession, request_id: str) -> None:
    """Delete the challenge that a call used, within the caller's transaction."""
    await ChallengeRepository(session).forget(request_id)


async def _locked(challenges: ChallengeRepository, challenge_id: str) -> ChallengeRow:
    row = await challenges.locked(challenge_id) if CHALLENGE_ID.fullmatch(challenge_id) else None
    if row is None:
        raise ChallengeUnknown
    return row


def _sha256_of(bind: str | None) -> str | None:
    return None if bind is None else sha256_of(bind)


def _used(row: ChallengeRow) -> ChallengeUsed:
    """The refusal of a challenge that a call used, or that a call is judging now."""
    refused = ChallengeUsed(None if row.lease_until is None else _IN_WORK, requestId=row.request_id)
    refused.retry_after = None if row.lease_until is None else RETRY_SECONDS
    return refused


def _check_takes_clip(row: ChallengeRow, at: datetime) -> None:
    match row.state(at):
        case ChallengeState.ISSUED:
            raise ChallengeNotBegun
        case ChallengeState.EXPIRED:
            raise ChallengeExpired
        case ChallengeState.FILMED:
            raise ChallengeUsed(_HAS_A_CLIP)
        case ChallengeState.USED:
            raise ChallengeUsed


def _too_many(room_at: datetime, now: datetime, reason: str) -> TooManyChallenges:
    return TooManyChallenges(max(1, math.ceil((room_at - now).total_seconds())), reason)

"""Queries of challenges, without rules and commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, case, delete, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from alive402.challenges.models import ChallengeRow, ChallengeState

_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('challenges of ' || :payer))")


class ChallengeRepository:
    """Reads and writes challenges within the session's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: ChallengeRow) -> None:
        """Insert a row."""
        self._session.add(row)
        await self._session.flush()

    async def keep(self) -> None:
        """Write the changed rows within the transaction."""
        await self._session.flush()

    async def get(self, challenge_id: str) -> ChallengeRow | None:
        """The challenge, or None."""
        return await self._session.get(ChallengeRow, challenge_id)

    async def locked(self, challenge_id: str) -> ChallengeRow | None:
        """The challenge, locked until the transaction ends, or None."""
        query = select(ChallengeRow).where(ChallengeRow.id == challenge_id).with_for_update()
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def lock_payer(self, payer_sha256: str) -> None:
        """Let one transaction at a time count and add challenges of a payer; SQLite has one writer anyway."""
        if self._session.get_bind().dialect.name == "postgresql":
            await self._session.execute(_LOCK, {"payer": payer_sha256})

    async def open(self, payer_sha256: str, now: datetime) -> Sequence[datetime]:
        """The deadlines of a payer's challenges that may still be answered and that no call used, soonest first."""
        deadline = func.coalesce(ChallengeRow.answer_by, ChallengeRow.expires_at, type_=ChallengeRow.expires_at.type)
        query = (
            select(deadline.label("deadline"))
            .where(ChallengeRow.payer_sha256 == payer_sha256, ChallengeRow.request_id.is_(None), deadline >= now)
            .order_by("deadline")
        )
        return list(await self._session.scalars(query))

    async def unanswered(self, payer_sha256: str, bind_sha256: str | None, since: datetime) -> Sequence[datetime]:
        """When a payer's challenges with this `bind` were made that have no right answer, oldest first."""
        bound = ChallengeRow.bind_sha256 == bind_sha256 if bind_sha256 else ChallengeRow.bind_sha256.is_(None)
        unused = and_(ChallengeRow.request_id.is_(None), ChallengeRow.answered.is_(None))
        query = (
            select(ChallengeRow.issued_at)
            .where(
                ChallengeRow.payer_sha256 == payer_sha256,
                bound,
                ChallengeRow.issued_at > since,
                or_(unused, ChallengeRow.answered.is_(False)),
            )
            .order_by(ChallengeRow.issued_at)
        )
        return list(await self._session.scalars(query))

    async def states(self, now: datetime) -> dict[ChallengeState, int]:
        """How many challenges are in each state, as `ChallengeRow.state` says."""
        used = and_(
            ChallengeRow.request_id.is_not(None),
            or_(ChallengeRow.lease_until.is_(None), ChallengeRow.lease_until > now),
        )
        deadline = func.coalesce(ChallengeRow.answer_by, ChallengeRow.expires_at)
        state = case(
            (used, ChallengeState.USED),
            (ChallengeRow.upload_id.is_not(None), ChallengeState.FILMED),
            (deadline < now, ChallengeState.EXPIRED),
            (ChallengeRow.begun_at.is_(None), ChallengeState.ISSUED),
            else_=ChallengeState.BEGUN,
        ).label("state")
        found = await self._session.execute(select(state, func.count()).group_by("state"))
        return dict.fromkeys(ChallengeState, 0) | {ChallengeState(name): count for name, count in found}

    async def forget(self, request_id: str) -> None:
        """Delete the challenge that a call used."""
        await self._session.execute(delete(ChallengeRow).where(ChallengeRow.request_id == request_id))

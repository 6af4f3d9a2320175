"""The challenge that a paid call names: taken and spent with its money, checked by the provider, signed in the answer.

taken    in the transaction that reserves the money, with a lease that lasts while the call runs
spent    in the transaction that stores the answer, whatever the answer is
ended    the call failed: a refusal of the video uses the challenge up, a fault of ours gives it back
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from alive402.catalog import CHALLENGE_BIND, CHALLENGE_ID
from alive402.challenges import Challenges, ChallengeUsed, ClaimedChallenge
from alive402.intake.sandbox import Progress
from alive402.liveness import UnusableVideo
from alive402.payments.ledger import Ledger
from alive402.providers import Answer, AsksChallenges, Provider

_ANSWERED = "answered"


@dataclass(slots=True)
class ChallengeUse:
    """The use of a challenge by one call; `payer` names who pays, once the payment is looked up.

    `report_field` is where the answer has its report.
    """

    challenges: Challenges
    ledger: Ledger
    provider: AsksChallenges
    given: Mapping[str, Any]
    payer: Callable[[], str]
    request_id: str
    report_field: str
    _claimed: ClaimedChallenge | None = field(default=None, init=False)

    @classmethod
    def named_in(
        cls,
        given: Mapping[str, Any],
        provider: Provider,
        challenges: Challenges,
        ledger: Ledger,
        payer: Callable[[], str],
        request_id: str,
        report_field: str,
    ) -> ChallengeUse:
        """The use of the challenge that a request names."""
        # The input schema has no challenge where the provider cannot check one.
        assert isinstance(provider, AsksChallenges)
        return cls(challenges, ledger, provider, given, payer, request_id, report_field)

    async def take(self, session: AsyncSession, instead_of: str | None) -> None:
        """Take the challenge for this call; raises `ChallengeRefused`."""
        self._claimed = await self.challenges.claim(
            session,
            self.given[CHALLENGE_ID],
            self.payer(),
            self.given.get(CHALLENGE_BIND),
            self.request_id,
            received_at=self.provider.received_at(self.given),
            instead_of=instead_of,
        )

    def keep(self) -> None:
        """Renew the lease of the challenge while the current task runs."""
        if self._claimed is not None:
            self.challenges.keep(self.given[CHALLENGE_ID], self.request_id)

    async def spend(self, session: AsyncSession, result: dict[str, Any]) -> None:
        """Use the challenge up with the answer.

        Raises:
            ChallengeUsed: the lease expired, and another call has taken it since.
        """
        answered = result[self.report_field]["freshness"]["status"] == _ANSWERED
        if not await self.challenges.finish(session, self.given[CHALLENGE_ID], self.request_id, answered=answered):
            raise ChallengeUsed

    async def end(self, error: BaseException) -> None:
        """End the use of a call that failed: a refusal of the video uses the challenge up, anything else does not."""
        if self._claimed is None:
            return
        await asyncio.shield(self._end(isinstance(error, UnusableVideo)))

    async def _end(self, spent: bool) -> None:
        async with self.ledger.session() as session:
            if spent:
                # The refused video says something about what was asked, so that it is not tried again.
                await self.challenges.finish(session, self.given[CHALLENGE_ID], self.request_id, answered=False)
            else:
                await self.challenges.release(session, self.given[CHALLENGE_ID], self.request_id)

    async def answer(self, progress: Progress | None) -> Answer:
        """The provider's answer, with the facts of the challenge in its report.

        Raises:
            ChallengeRefused: the video came too late.
            IntakeError, AnalysisError: as `Provider.answer` does.
        """
        claimed = self._claimed
        assert claimed is not None
        received_at: datetime | None = None

        def received(at: datetime) -> None:
            nonlocal received_at
            claimed.check_in_time(at)
            received_at = at

        found = await self.provider.answer_to(claimed.challenge, self.given, received, progress)
        assert received_at is not None
        facts = {
            "nonce": claimed.nonce,
            "begun_at": _text(claimed.begun_at),
            "received_at": _text(received_at),
            "bind_sha256": claimed.bind_sha256,
            "steps_sha256": claimed.steps_sha256,
        }
        return Answer(found.elements, {**found.report, "freshness": {**found.report["freshness"], **facts}})


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

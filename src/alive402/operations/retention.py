"""Erases data when its retention time is over: answers, signed verdicts, sent messages, the call log, challenges.

Ledger rows and their history stay, because they hold no content.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from alive402.calls import LoggedCall
from alive402.challenges import ChallengeRow
from alive402.payments.ledger import HELD, MAY_HAVE_MOVED, Ledger, Payment
from alive402.payments.prepaid import PrepaidUse, Prepayment, UseState
from alive402.receipts import SignedVerdict
from alive402.storage import Clock, DeliveryState, WebhookDelivery, utc_now
from alive402.upkeep import Upkeep

log = structlog.get_logger(__name__)

# Rows of each kind per transaction, so that a call that needs to write does not wait long.
AT_ONCE = 500
# While the money may still move, the buyer may need the answer.
UNSETTLED = tuple(str(state) for state in {*HELD, *MAY_HAVE_MOVED})


@dataclass(frozen=True, slots=True)
class Erased:
    """The number of rows that one sweep erased."""

    answers: int = 0
    verdicts: int = 0
    messages: int = 0
    calls: int = 0
    challenges: int = 0

    def __add__(self, other: Erased) -> Erased:
        return Erased(*(a + b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Keeping:
    """Retention times: of answers with their verdicts and messages, of the call log, and of challenges.

    A challenge ends minutes after it was made; later, its row only says which call used it.
    """

    answers: timedelta = timedelta(days=90)
    call_log: timedelta = timedelta(days=90)
    challenges: timedelta = timedelta(days=1)


class Retention:
    """Erases expired data; several processes may do so over one ledger."""

    def __init__(self, ledger: Ledger, keeping: Keeping, now: Clock = utc_now) -> None:
        self._ledger = ledger
        self._keeping = keeping
        self._now = now

    async def sweep(self) -> Erased:
        """Erase everything that has expired.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the ledger cannot be read or written.
        """
        whole = Erased()
        while True:
            async with self._ledger.session() as session:
                some = await self._erase_some(session)
            whole += some
            if max(dataclasses.astuple(some)) < AT_ONCE:
                return whole

    @asynccontextmanager
    async def running(self, every_seconds: float) -> AsyncIterator[None]:
        """Sweep at once and then `every_seconds`, until the block ends."""
        async with Upkeep("retention", self._sweep_and_log, expected=SQLAlchemyError).running(every_seconds):
            yield

    async def _sweep_and_log(self) -> None:
        erased = await self.sweep()
        if erased != Erased():
            log.info("erased", **dataclasses.asdict(erased))

    async def _erase_some(self, session: AsyncSession) -> Erased:
        before = self._now() - self._keeping.answers
        # A verdict has the time of its answer; an answer that nobody fetched has no verdict, so its row's time counts.
        given = select(SignedVerdict.request_id).where(SignedVerdict.issued_at < before)
        for_calls = exists().where(Prepayment.ledger_id == Payment.id)
        old_payments = select(Payment.id).where(
            Payment.result.is_not(None), Payment.created_at < before, Payment.state.not_in(UNSETTLED),
            or_(Payment.updated_at < before, Payment.request_id.in_(given)), ~for_calls,
        )  # fmt: skip
        paid = update(Payment).where(Payment.id.in_(old_payments.limit(AT_ONCE)))
        old_uses = select(PrepaidUse.id).where(
            PrepaidUse.result.is_not(None), PrepaidUse.ended_at < before, PrepaidUse.state == str(UseState.SPENT),
        )  # fmt: skip
        used = update(PrepaidUse).where(PrepaidUse.id.in_(old_uses.limit(AT_ONCE)))
        answers = await _rows(session, paid.values(result=None).returning(Payment.id))
        answers += await _rows(session, used.values(result=None).returning(PrepaidUse.id))
        # Verdicts go last, because answers are found by them.
        kept = exists().where(Payment.request_id == SignedVerdict.request_id, Payment.result.is_not(None))
        old_verdicts = select(SignedVerdict.request_id).where(SignedVerdict.issued_at < before, ~kept).limit(AT_ONCE)
        verdicts = delete(SignedVerdict).where(SignedVerdict.request_id.in_(old_verdicts))
        return Erased(
            answers=answers,
            verdicts=await _rows(session, verdicts.returning(SignedVerdict.request_id)),
            messages=await self._erase_messages(session, before),
            calls=await self._erase_calls(session),
            challenges=await self._erase_challenges(session),
        )

    async def _erase_messages(self, session: AsyncSession, before: datetime) -> int:
        """Erase messages that were delivered or given up, because their bodies name a payer."""
        over = [str(DeliveryState.DELIVERED), str(DeliveryState.DEAD)]
        old = select(WebhookDelivery.id).where(WebhookDelivery.created_at < before, WebhookDelivery.state.in_(over))
        statement = delete(WebhookDelivery).where(WebhookDelivery.id.in_(old.limit(AT_ONCE)))
        return await _rows(session, statement.returning(WebhookDelivery.id))

    async def _erase_calls(self, session: AsyncSession) -> int:
        old = select(LoggedCall.id).where(LoggedCall.at < self._now() - self._keeping.call_log).limit(AT_ONCE)
        return await _rows(session, delete(LoggedCall).where(LoggedCall.id.in_(old)).returning(LoggedCall.id))

    async def _erase_challenges(self, session: AsyncSession) -> int:
        old = select(ChallengeRow.id).where(ChallengeRow.issued_at < self._now() - self._keeping.challenges)
        statement = delete(ChallengeRow).where(ChallengeRow.id.in_(old.limit(AT_ONCE)))
        return await _rows(session, statement.returning(ChallengeRow.id))


async def _rows(session: AsyncSession, statement: object) -> int:
    """Execute a statement with RETURNING; returns the number of rows."""
    found = await session.execute(statement.execution_options(synchronize_session=False))  # type: ignore[attr-defined]
    return len(found.all())

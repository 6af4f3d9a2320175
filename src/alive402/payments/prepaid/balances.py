"""Balances of prepaid API keys: prepayments that credit a key instead of issuing a token.

A use is held, spent and returned like a token's. It is deducted from the oldest prepayment that has calls left.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from alive402.payments.core import Answered, KeyReused, PaymentInUse, TokenExhausted, Use
from alive402.payments.ledger import Ledger, State
from alive402.payments.prepaid.balance_repository import BalanceRepository
from alive402.payments.prepaid.models import PrepaidUse, Prepayment, UseState
from alive402.payments.prepaid.repository import PrepaidRepository
from alive402.payments.prepaid.tokens import TokenHold, Tokens, answered_by
from alive402.storage import Clock, utc_now

GRANTED = "granted"
"""The client of a prepayment that the operator granted."""
_EMPTY = "The API key has no calls of this service left. Pay a new payment with its accessKeyId, or ask the operator."


@dataclass(frozen=True, slots=True)
class Granted:
    """Calls that the operator granted to a key, valid until `expires_at`."""

    prepayment_id: str
    expires_at: datetime


class Balances:
    """Operations on balances, each in one transaction. Credits are valid for `days`."""

    def __init__(self, ledger: Ledger, tokens: Tokens, days: float, now: Clock = utc_now) -> None:
        self._ledger = ledger
        self._tokens = tokens
        self._days = timedelta(days=days)
        self._now = now

    async def recall(self, key_id: str, use: Use, idempotency_key: str | None = None) -> Answered | None:
        """The answer that this key bought for this request before, or None when it has a call left.

        Raises:
            TokenExhausted: no call is left.
            PaymentInUse: its last call, or one with the same Idempotency-Key, is still running.
            KeyReused: the Idempotency-Key belongs to another request.
            AnswerGone: it bought the answer, which has been erased.
        """
        async with self._ledger.session() as session:
            found = await self._find(session, key_id, use, idempotency_key)
        return found if isinstance(found, Answered) else None

    async def take(self, key_id: str, use: Use, idempotency_key: str | None = None) -> Answered | TokenHold:
        """Reserve one call of the key. Raises like `recall`."""
        async with self._ledger.session() as session:
            found = await self._find(session, key_id, use, idempotency_key)
            if isinstance(found, Answered):
                return found
            hold = await self._tokens.hold(PrepaidRepository(session), found, use, idempotency_key)
        self._tokens.keep(hold)
        return hold

    async def grant(self, key_id: str, service_id: str, calls: int) -> Granted:
        """Give a key free calls of a service: the ledger gets a prepayment of amount 0."""
        now = self._now()
        row = Prepayment(
            id=uuid4().hex,
            service_id=service_id,
            client_id=GRANTED,
            api_key_id=key_id,
            amount=0,
            max_calls=calls,
            remaining=calls,
            created_at=now,
            expires_at=now + self._days,
            paid_at=now,
        )
        async with self._ledger.session() as session:
            await PrepaidRepository(session).add(row)
        return Granted(row.id, row.expires_at)

    async def all(self) -> dict[str, dict[str, int]]:
        """The calls left, by key and service; keys that were never credited are left out."""
        left: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        async with self._ledger.reading() as session:
            keys = await BalanceRepository(session).filled()
        for key_id in keys:
            # One key per transaction: every call locks its own key first and no other, so deadlocks are impossible.
            async with self._ledger.session() as session:
                balance = BalanceRepository(session)
                await balance.lock(key_id)
                for row in await balance.of(key_id):
                    usable = await self._refreshed(session, row)
                    left[key_id][row.service_id] += usable.remaining if usable else 0
        return {key: dict(services) for key, services in left.items()}

    async def _find(
        self, session: AsyncSession, key_id: str, use: Use, idempotency_key: str | None
    ) -> Answered | Prepayment:
        """Return the answer bought before, or the prepayment for the next call; locks the key."""
        balance = BalanceRepository(session)
        await balance.lock(key_id)
        if idempotency_key is not None:
            before = await balance.use_of_key(key_id, use.service_id, idempotency_key)
            if before is not None and before.request_hash != use.request_hash:
                raise KeyReused
            if before is not None and before.state == UseState.HELD:
                raise PaymentInUse
            if before is not None:
                return await _answered(session, before)
        held = False
        for row in await balance.open(key_id, use.service_id):
            usable = await self._refreshed(session, row)
            if usable is not None and usable.remaining:
                return usable
            held = held or bool(await PrepaidRepository(session).held(row.id))
        # If the last answer was lost in transit, it is returned again without payment.
        last = await balance.last_answer(key_id, use.service_id, use.request_hash) if not idempotency_key else None
        if last is not None:
            return await _answered(session, last)
        raise PaymentInUse if held else TokenExhausted(_EMPTY)

    async def _refreshed(self, session: AsyncSession, row: Prepayment) -> Prepayment | None:
        """Update a prepayment from its payment and return the uses of dead processes; None when it is not usable."""
        row, payment = await self._tokens.refreshed(PrepaidRepository(session), row)
        if row.paid_at is None or row.expires_at <= self._now():
            return None
        return None if payment is not None and payment.state == State.REFUNDED else row


async def _answered(session: AsyncSession, use: PrepaidUse) -> Answered:
    prepaid = PrepaidRepository(session)
    row = await prepaid.by_id(use.prepayment_id)
    assert row is not None
    payment = await prepaid.payment(row.ledger_id) if row.ledger_id else None
    return answered_by(use, payment, row)

"""Prepaid tokens: each use is held while its call runs, then spent with its answer, or returned.

A token exists from the creation of its payment, and pays for calls once that is paid.

    paid ──> held ──> spent      the answer is stored in the same step
               └────> returned   the call failed, or its process died and the lease expired

`remaining + held + spent` is `max_calls` at all times: a call is deducted and put back in the transaction that makes
or returns its use.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from alive402.payments.core import (
    AlsoUsed,
    Answered,
    AnswerGone,
    AnswerSigner,
    IssuedAnswer,
    KeyReused,
    PaymentInUse,
    TokenExhausted,
    TokenExpired,
    TokenMismatch,
    TokenOffer,
    TokenPending,
    TokenRefunded,
    TokenUnknown,
    Use,
)
from alive402.payments.ledger import HELD, MAY_HAVE_MOVED, PAID, Ledger, Payment, State, authorization_of, is_held
from alive402.payments.prepaid.models import PrepaidUse, Prepayment, UseState, share
from alive402.payments.prepaid.repository import PrepaidRepository
from alive402.storage import Clock, Lease, Outbox, utc_now

PREPAID_USED = "prepaid.used"
"""Type of the notification about an answer that a prepaid call bought."""
_NO_TOKEN = (
    "This is the id of a payment, not its token, which the answer to POST /api/payments held. Pay the payment at "
    "`payment.payUrl`, then send the call with its token."
)


class Tokens:
    """Operations on tokens, each in one transaction; a use is held for the ledger's lease time.

    A token is valid for `days` from the moment at which its payment is recorded as paid.
    """

    def __init__(self, ledger: Ledger, days: float, now: Clock = utc_now) -> None:
        self._ledger = ledger
        self._days = timedelta(days=days)
        self._lease = timedelta(seconds=ledger.lease_seconds)
        self._now = now

    async def recall(self, offer: TokenOffer, use: Use) -> Answered | None:
        """The answer that this token bought for this request before, or None when the token can pay for a call.

        Raises:
            TokenRefused: it cannot pay; the error's class says why.
            PaymentInUse: its last call, or one with the same Idempotency-Key, is still running; or it is being paid.
            KeyReused: the Idempotency-Key belongs to another request.
            AnswerGone: it bought the answer, which has been erased.
        """
        async with self._repository() as prepaid:
            return await self._recall(prepaid, *await self._find(prepaid, offer, use), offer, use)

    async def take(self, offer: TokenOffer, use: Use) -> Answered | TokenHold:
        """Reserve one call of the token. Raises like `recall`."""
        async with self._repository() as prepaid:
            prepayment, payment = await self._find(prepaid, offer, use)
            answered = await self._recall(prepaid, prepayment, payment, offer, use)
            if answered is not None:
                return answered
            hold = await self.hold(prepaid, prepayment, use, offer.idempotency_key)
        self.keep(hold)
        return hold

    async def hold(
        self, prepaid: PrepaidRepository, prepayment: Prepayment, use: Use, idempotency_key: str | None
    ) -> TokenHold:
        """Reserve one call of a prepayment within the caller's transaction; call `keep` after the commit.

        Raises:
            TokenExhausted: no call is left.
            CodedError: what the call uses besides the money cannot be taken.
        """
        now = self._now()
        if not await prepaid.take_one(prepayment.id):
            raise TokenExhausted(paymentId=prepayment.id)
        held = PrepaidUse(
            id=uuid4().hex,
            prepayment_id=prepayment.id,
            state=UseState.HELD,
            lease_until=now + self._lease,
            request_id=use.request_id,
            request_hash=use.request_hash,
            idempotency_key=idempotency_key,
            detail="",
            created_at=now,
        )
        await prepaid.add(held)
        if use.also is not None:
            await use.also.take(prepaid.session, None)
        receipt = receipt_of(await _payment(prepaid, prepayment), prepayment)
        return TokenHold(self, prepayment.id, held.id, use.request_id, receipt, also=use.also)

    def keep(self, hold: TokenHold) -> None:
        """Renew the lease of a use while the current task runs."""

        async def renew() -> bool:
            async with self._repository() as prepaid:
                return await prepaid.renew(hold.use_id, self._now() + self._lease)

        self._ledger.leases.keep(Lease(hold.use_id, renew))

    async def spend(
        self, prepayment_id: str, use_id: str, issued: IssuedAnswer, also: AlsoUsed | None = None
    ) -> Answered:
        """Store the answer of a use and its verdict; this spends the call and notifies the operator.

        Raises:
            PaymentInUse: the lease expired and the use was returned.
        """
        now, answered = self._now(), issued.answered
        async with self._ledger.session() as session:
            prepaid = PrepaidRepository(session)
            # Always lock the prepayment first: transactions with another order would deadlock.
            prepayment = await prepaid.by_id(prepayment_id)
            values = {"state": UseState.SPENT, "result": json.dumps(answered.result), "ended_at": now}
            if prepayment is None or not await prepaid.end_use(use_id, values):
                raise PaymentInUse
            if also is not None:
                await also.spend(session, answered.result)
            payment = await _payment(prepaid, prepayment)
            self._notify(session, now, prepayment, payment, answered.request_id)
            return await issued.keep(session)

    def _notify(
        self, session: AsyncSession, at: datetime, prepayment: Prepayment, payment: Payment | None, request_id: str
    ) -> None:
        """Queue the notification of an answer; `payment` is None when the operator granted the calls."""
        data: dict[str, Any] = {"requestId": request_id, "serviceId": prepayment.service_id}
        if payment is not None:
            amount = str(share(payment.amount, prepayment.max_calls))
            data |= {"amount": amount, **authorization_of(payment)}
        data |= {"prepaymentId": prepayment.id, "remainingCalls": prepayment.remaining}
        if prepayment.api_key_id is not None:
            data["keyId"] = prepayment.api_key_id
        Outbox(session).put(self._ledger.webhook_urls, PREPAID_USED, at, data)

    async def give_back(self, prepayment_id: str, use_id: str, why: str) -> None:
        """Return a use; one that is returned already stays so."""
        async with self._repository() as prepaid:
            await prepaid.by_id(prepayment_id)
            values = {"state": UseState.RETURNED, "detail": why, "ended_at": self._now()}
            if await prepaid.end_use(use_id, values):
                await prepaid.put_back(prepayment_id, 1)

    async def refreshed(self, prepaid: PrepaidRepository, prepayment: Prepayment) -> tuple[Prepayment, Payment | None]:
        """The prepayment and its payment, after recording that it is paid and returning the uses of dead processes."""
        now, payment = self._now(), await _payment(prepaid, prepayment)
        if prepayment.paid_at is None:
            if payment is None or payment.state not in PAID:
                return prepayment, payment
            values = {"paid_at": now, "expires_at": now + self._days, "remaining": prepayment.max_calls}
            # Calls that are credited to an API key have no token, or both could use them.
            keyed = {"token_hash": None} if prepayment.api_key_id is not None else {}
            await prepaid.change(prepayment.id, values | keyed)
        else:
            # A lease that ends too far in the future was written with a wrong clock.
            dead = await prepaid.end_dead_uses(prepayment.id, now, now + 2 * self._lease)
            if not dead:
                return prepayment, payment
            await prepaid.put_back(prepayment.id, dead)
        renewed = await prepaid.by_id(prepayment.id)
        assert renewed is not None
        return renewed, payment

    async def _find(self, prepaid: PrepaidRepository, offer: TokenOffer, use: Use) -> tuple[Prepayment, Payment | None]:
        """The prepayment of a token and its payment, up to date."""
        found = await prepaid.by_token(token_digest(offer.token))
        if found is None:
            named = await prepaid.by_id(offer.token)
            # Sending a payment's id in place of its token gets this error, which reveals no more than the id itself.
            raise TokenUnknown if named is None or named.paid_at else TokenPending(_NO_TOKEN, paymentId=named.id)
        if found.client_hash is not None and found.client_hash != token_digest(offer.client_secret or ""):
            raise TokenMismatch(reason="client")
        if found.service_id != use.service_id:
            raise TokenMismatch(reason="service", paymentId=found.id)
        prepayment, payment = await self.refreshed(prepaid, found)
        if prepayment.token_hash is None:
            raise TokenUnknown
        return prepayment, payment

    async def _recall(
        self, prepaid: PrepaidRepository, prepayment: Prepayment, payment: Payment | None, offer: TokenOffer, use: Use
    ) -> Answered | None:
        """The answer bought before, whatever the token's state is now."""
        before: PrepaidUse | None = None
        if offer.idempotency_key is not None:
            before = await prepaid.use_of_key(prepayment.id, offer.idempotency_key)
            if before is not None and before.request_hash != use.request_hash:
                raise KeyReused
            if before is not None and before.state == UseState.HELD:
                raise PaymentInUse
        elif prepayment.remaining == 0:
            # If a single answer was lost in transit, it is returned again without payment.
            before = await prepaid.last_answer(prepayment.id, use.request_hash)
        if before is not None:
            return answered_by(before, payment, prepayment)
        if payment is not None and payment.state == State.REFUNDED:
            raise TokenRefunded(paymentId=prepayment.id)
        if prepayment.paid_at is None and payment is not None and self._moves(payment):
            # A refusal would make a client pay a second time.
            raise PaymentInUse
        if prepayment.expires_at <= self._now():
            raise TokenExpired(paymentId=prepayment.id)
        if prepayment.paid_at is None:
            raise TokenPending(paymentId=prepayment.id)
        if prepayment.remaining == 0:
            raise PaymentInUse if await prepaid.held(prepayment.id) else TokenExhausted(paymentId=prepayment.id)
        return None

    def _moves(self, payment: Payment) -> bool:
        """Whether the payment is being settled, or its result is not known yet."""
        if payment.state in MAY_HAVE_MOVED:
            return True
        return payment.state in HELD and is_held(payment.lease_until, self._now(), self._lease)

    @asynccontextmanager
    async def _repository(self) -> AsyncIterator[PrepaidRepository]:
        async with self._ledger.session() as session:
            yield PrepaidRepository(session)


@dataclass(frozen=True, slots=True)
class TokenHold:
    """The `Hold` of one use of a token."""

    tokens: Tokens
    prepayment_id: str
    use_id: str
    request_id: str
    receipt: dict[str, Any]
    result: dict[str, Any] | None = None
    also: AlsoUsed | None = None

    async def confirm(self, waited: float) -> None:
        """Do nothing: the money moved before."""

    async def give_back(self, why: str) -> None:
        """Return the use to the token."""
        await self.tokens.give_back(self.prepayment_id, self.use_id, why)

    async def settle(self, result: dict[str, Any], signer: AnswerSigner) -> Answered:
        """Spend the use. The money moved before: the receipt is one call's share of that payment."""
        issued = signer.issue(Answered(self.request_id, result, self.receipt))
        return await self.tokens.spend(self.prepayment_id, self.use_id, issued, self.also)


def token_digest(secret: str) -> str:
    """The stored form of a secret: its sha256, 64 hex digits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def answered_by(use: PrepaidUse, payment: Payment | None, prepayment: Prepayment) -> Answered:
    """The stored answer of a spent use, with the receipt of its payment.

    Raises:
        AnswerGone: the answer has been erased.
    """
    if use.result is None:
        raise AnswerGone
    return Answered(use.request_id, json.loads(use.result), receipt_of(payment, prepayment))


async def _payment(prepaid: PrepaidRepository, prepayment: Prepayment) -> Payment | None:
    return await prepaid.payment(prepayment.ledger_id) if prepayment.ledger_id else None


def receipt_of(payment: Payment | None, prepayment: Prepayment) -> dict[str, Any]:
    """The receipt of one call: the whole payment's settlement, with the amount of one call and the payment's id."""
    if payment is None:
        return {}
    amount = str(share(payment.amount, prepayment.max_calls))
    return {**json.loads(payment.receipt or "{}"), "amount": amount, "paymentId": prepayment.id}

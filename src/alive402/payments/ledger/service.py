"""Payment state machine: money moves once, only for an answer, and a paid answer is never lost.

    created ─> verified ─> reserved ─> executed ─> settling ─> settled ─> consumed
                             │  ^         ^           │  │        ^           │
              the call failed│  │the same │  the money│  │answer  │found      │refunded
                             v  │signature│   did not v  │lost    │on chain   v
                           released       └──────── failed  v     │        refunded
                                                      │ settle_unknown
                                                      v           │
                                                   expired <──────┘   never moved, and no longer can

created         a payment is requested, and nothing is signed yet
verified        the facilitator confirms that the signature would settle
reserved        one call owns it until its lease ends; no other call may use it
executed        the answer is stored: in one transaction with `settling`, except when settlement is retried
settling        the facilitator is asked to move the money
settled         the money moved
consumed        its uses are spent: for a single call, together with `settled`
released        the call failed; nothing was charged, and the same signature may be used again
failed          the money did not move, or not yet; the answer is stored for its request, and not returned
settle_unknown  the result is unknown; the next use of the same signature, or the reconciler, asks the chain
expired         the authorization expired by the chain's clock, and the money never moved
refunded        the operator refunded the payment
recovered       the chain shows the money, and this ledger, restored from a backup, did not know it: the same signature
                buys an answer, through `reserved`

An expired lease means that the process holding it died. The payment then counts as released (if reserved), failed (if
executed) or settle_unknown (if settling), and the next call with the same signature takes it over. Payments whose buyer
never returns are handled by `recovery.py`. Every step is an immutable event, along the transitions in `states.py`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from alive402.payments.core import (
    Answered,
    Claim,
    Money,
    PaymentExpiresSoon,
    PaymentInUse,
    PaymentSpent,
    Stage,
    Unverified,
    Use,
)
from alive402.payments.ledger.identifiers import Identifiers
from alive402.payments.ledger.models import Payment
from alive402.payments.ledger.repository import PaymentRepository, answered, was_refused
from alive402.payments.ledger.states import HELD, MAY_HAVE_MOVED, PAID, State
from alive402.storage import Clock, utc_now


class PaymentService:
    """The operations of the state machine, within the caller's transaction."""

    def __init__(self, repository: PaymentRepository, lease_seconds: float, now: Clock = utc_now) -> None:
        self._payments = repository
        self._lease = timedelta(seconds=lease_seconds)
        self._now = now

    @property
    def session(self) -> AsyncSession:
        """The transaction itself, for other writes that belong to it."""
        return self._payments.session

    async def reserve(self, money: Money, use: Use, *, verified: bool) -> Claim | Answered | Unverified:
        """Reserve the payment for one use. Call it with `verified=False` first; on `Unverified`, verify and repeat.

        Raises:
            PaymentInUse: another call holds it.
            PaymentSpent: it is bound to another request.
            AnswerGone: it bought the answer to this request, which has been erased.
            PaymentExpiresSoon: it has expired by the chain's clock.
            PaymentIdentifierTaken: the buyer's identifier names another payment.
            KeyReused: the payer's Idempotency-Key names another request.
            CodedError: what the call uses besides the money cannot be taken.
        """
        now = self._now()
        # Only after the facilitator has verified the signature is it certain that the payer sent the key.
        earlier = await Identifiers(self._payments).earlier(money, use) if verified and use.repeat_key else None
        if earlier is not None:
            return earlier
        if use.identifier is not None:
            await Identifiers(self._payments).bind(use.service_id, use.identifier, money)
        payment = await self._payments.find(money.network, money.asset, money.payer, money.nonce)
        if payment is None:
            return await self._reserve_new(money, use, now) if verified else Unverified()
        state = State(payment.state)
        held = state in HELD and is_held(payment.lease_until, now, self._lease)
        same_use = (payment.service_id, payment.request_hash) == (use.service_id, use.request_hash)
        same = same_use and payment.proof == money.proof
        if state in PAID:
            if not same:
                raise PaymentSpent
            return answered(payment)
        if held:
            raise PaymentInUse if same else PaymentSpent
        if state in MAY_HAVE_MOVED:
            if not same:
                raise PaymentSpent
            return await self._take_over(payment, use, State.SETTLING, Stage.RESOLVE, now)
        if was_refused(payment):
            if not same:
                raise PaymentSpent
            return await self._take_over(payment, use, State.EXECUTED, Stage.SETTLE, now)
        if not verified:
            return Unverified()
        if state is State.EXPIRED:
            raise PaymentExpiresSoon
        return await self._take_over(payment, use, State.RESERVED, Stage.EXECUTE, now, money)

    async def recover(self, money: Money, use: Use, transaction: str) -> Claim | Answered:
        """Claim a payment that `transaction` has moved before, and that has bought nothing in this ledger.

        `money` has the amount that moved. The caller has seen on chain that this very signature moved it. Raises like
        `reserve`.
        """
        held = await self.reserve(money, use, verified=False)
        if not isinstance(held, Unverified):
            return held
        now = self._now()
        await self._payments.add_recovered(money, transaction, now)
        payment = await self._payments.find(money.network, money.asset, money.payer, money.nonce)
        assert payment is not None
        if payment.state not in (State.RECOVERED, State.RESERVED):
            await self._payments.note(payment.id, now, State.RECOVERED, None, transaction)
        await self._payments.change(payment.id, {"transaction": transaction})
        return await self._take_over(payment, use, State.RESERVED, Stage.ANSWER, now, money)

    async def is_free(self, money: Money) -> None:
        """Check that a new call could reserve this payment; nothing is written.

        Raises:
            PaymentInUse: a call holds it.
            PaymentSpent: it is spent, or may be.
            PaymentExpiresSoon: it has expired by the chain's clock.
        """
        payment = await self._payments.find(money.network, money.asset, money.payer, money.nonce)
        if payment is None:
            return
        state = State(payment.state)
        if state in PAID or state in MAY_HAVE_MOVED:
            raise PaymentSpent
        if state in HELD and is_held(payment.lease_until, self._now(), self._lease):
            raise PaymentInUse
        if was_refused(payment):
            raise PaymentSpent
        if state is State.EXPIRED:
            raise PaymentExpiresSoon

    async def settling(self, claim: Claim, result: dict[str, Any], amount: int | None = None) -> None:
        """Record that settlement starts, so money may move from here on. `result` is the answer that it pays for.

        The answer is stored in the same step, unless the claim has it already: no money moves for an unstored answer.
        `amount` is what it costs, where that is less than what was signed; a claim with an answer keeps its amount.

        Raises:
            PaymentInUse: the lease expired and another call took the payment over.
        """
        if claim.result is None:
            values: dict[str, Any] = {"result": json.dumps(result)}
            if amount is not None and amount != claim.amount:
                values["amount"] = amount
            await self._move(claim, (State.RESERVED,), State.SETTLING, values, passing=State.EXECUTED)
        else:
            await self._move(claim, (State.EXECUTED, State.SETTLING), State.SETTLING, {})

    async def settled(self, claim: Claim, transaction: str, receipt: dict[str, Any]) -> None:
        """Record that the money moved and the payment is consumed. Raises `PaymentInUse` like `settling`."""
        values = {"transaction": transaction, "receipt": json.dumps(receipt), "owner": None, "lease_until": None}
        await self._move(claim, (State.SETTLING,), State.CONSUMED, values, passing=State.SETTLED, detail=transaction)

    async def unknown(self, claim: Claim, why: str) -> None:
        """Record that it is unknown whether the money moved. Raises `PaymentInUse` like `settling`."""
        await self._move(claim, (State.SETTLING,), State.SETTLE_UNKNOWN, _FREE, detail=why)

    async def refused(self, claim: Claim, why: str, *, expired: bool = False) -> None:
        """Record that the money did not move; `expired` when it never can. Raises `PaymentInUse` like `settling`."""
        await self._move(claim, (State.SETTLING,), State.EXPIRED if expired else State.FAILED, _FREE, detail=why)

    async def release(self, claim: Claim, why: str) -> None:
        """Release the payment of a failed call. A claim that another call took over stays with that call."""
        values = {**_FREE, "request_hash": None, "result": None}
        after = State.RECOVERED if claim.stage is Stage.ANSWER else State.RELEASED
        if await self._payments.move(claim.payment_id, claim.owner, (State.RESERVED,), self._stamped(after, values)):
            await self._payments.note(claim.payment_id, self._now(), after, claim.request_id, why)

    async def renew(self, payment_id: str, owner: str) -> bool:
        """Extend the lease of a running call's claim; False when it no longer holds the payment."""
        return await self._payments.renew(payment_id, owner, self._now() + self._lease)

    async def history(self, limit: int = 1000) -> list[tuple[Payment, list[str]]]:
        """The newest payments with the states that each went through."""
        payments = await self._payments.all(limit)
        return [(payment, [event.state for event in await self._payments.events(payment.id)]) for payment in payments]

    async def _reserve_new(self, money: Money, use: Use, now: datetime) -> Claim:
        claim = Claim(uuid4().hex, uuid4().hex, use.request_id, Stage.EXECUTE, None, money.amount)
        added = await self._payments.add(
            {
                "id": claim.payment_id,
                "service_id": use.service_id,
                **asdict(money),
                "state": State.RESERVED,
                "owner": claim.owner,
                "lease_until": now + self._lease,
                "request_id": use.request_id,
                "request_hash": use.request_hash,
                "created_at": now,
                "updated_at": now,
            }
        )
        if not added:
            raise PaymentInUse
        states = (State.CREATED, State.VERIFIED, State.RESERVED)
        await self._payments.note_all(claim.payment_id, now, states, use.request_id, "")
        await self._name(claim.payment_id, use, money.payer)
        if use.also is not None:
            await use.also.take(self.session, None)
        return claim

    async def _take_over(
        self, payment: Payment, use: Use, state: State, stage: Stage, now: datetime, money: Money | None = None
    ) -> Claim:
        """Give a free payment to this call; with `money`, as if it were new."""
        # A payment that is reserved and free belonged to a dead call.
        dead = payment.request_id if payment.state == State.RESERVED else None
        # An existing answer keeps the request id that it was produced under.
        kept = payment.result if money is None else None
        request_id = payment.request_id if kept and payment.request_id else use.request_id
        amount = payment.amount if money is None else money.amount
        claim = Claim(payment.id, uuid4().hex, request_id, stage, json.loads(kept) if kept else None, amount)
        values: dict[str, Any] = {
            "owner": claim.owner,
            "lease_until": now + self._lease,
            "request_id": request_id,
            "request_hash": use.request_hash,
            "result": kept,
        }
        if money is not None:
            values |= {
                "proof": money.proof,
                "amount": money.amount,
                "pay_to": money.pay_to,
                "valid_before": money.valid_before,
                "service_id": use.service_id,
            }
        await self._payments.change(payment.id, self._stamped(state, values))
        await self._payments.note(payment.id, now, state, request_id, f"taken over from {payment.state}")
        await self._name(payment.id, use, payment.payer)
        if use.also is not None and claim.result is None:
            await use.also.take(self.session, dead)
        return claim

    async def _name(self, payment_id: str, use: Use, payer: str) -> None:
        if use.identifier is not None or use.repeat_key is not None:
            await Identifiers(self._payments).name(payment_id, use, payer)

    async def _move(
        self,
        claim: Claim,
        before: tuple[State, ...],
        after: State,
        values: dict[str, Any],
        *,
        passing: State | None = None,
        detail: str = "",
    ) -> None:
        now = self._now()
        if "lease_until" not in values:
            values = {**values, "lease_until": now + self._lease}
        if not await self._payments.move(claim.payment_id, claim.owner, before, self._stamped(after, values)):
            raise PaymentInUse
        states = (after,) if passing is None else (passing, after)
        await self._payments.note_all(claim.payment_id, now, states, claim.request_id, detail)

    def _stamped(self, state: State, values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "state": str(state), "updated_at": self._now()}


_FREE: dict[str, Any] = {"owner": None, "lease_until": None}


def is_held(lease_until: datetime | None, now: datetime, lease: timedelta) -> bool:
    """Whether a lease is active at `now`. One that ends too far in the future was written with a wrong clock."""
    return lease_until is not None and now < lease_until <= now + 2 * abs(lease)

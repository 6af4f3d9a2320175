"""Recovery of payments: abandoned ones, those that only the chain knows, and refunds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from alive402.payments.core import Money, NoSuchPayment, RefundRefused
from alive402.payments.ledger.models import Payment
from alive402.payments.ledger.repository import PaymentRepository
from alive402.payments.ledger.service import is_held
from alive402.payments.ledger.states import HELD, MAY_HAVE_MOVED, PAID, State
from alive402.storage import Clock, utc_now

_COUNTS_AS = {
    State.RESERVED: State.RELEASED,
    State.EXECUTED: State.FAILED,
    State.SETTLING: State.SETTLE_UNKNOWN,
}
_ENDED = "its process died"
# A database takes some thousand values in one query.
_ASKED_AT_ONCE = 500
LATE = timedelta(hours=1)
"""For so long after a refusal the chain is asked whether the money moved all the same."""


@dataclass(frozen=True, slots=True)
class UnresolvedPayment:
    """A payment whose money may have moved, in the state in which it was read."""

    payment_id: str
    state: State
    money: Money


class Seen(StrEnum):
    """How a transfer that the chain shows stands in the ledger.

    known: it is paid or recovered. settled: its answer is stored, and counts as paid from now on. recovered: it has no
    answer, and waits for its buyer from now on. waiting: a call or the reconciler works on it. unknown: the ledger does
    not have it, and was not to add it.
    """

    KNOWN = "known"
    SETTLED = "settled"
    RECOVERED = "recovered"
    WAITING = "waiting"
    UNKNOWN = "unknown"


class Recovery:
    """Recovery operations within the caller's transaction."""

    def __init__(self, repository: PaymentRepository, lease_seconds: float, now: Clock = utc_now) -> None:
        self._payments = repository
        self._lease = timedelta(seconds=lease_seconds)
        self._now = now

    async def let_go(self, limit: int = 100) -> int:
        """Release payments whose lease has expired, and record their new states; returns how many there were."""
        now, count = self._now(), 0
        for payment in await self._payments.ended(now, now + 2 * abs(self._lease), limit):
            state = State(payment.state)
            if state not in HELD or is_held(payment.lease_until, now, self._lease):
                continue
            after = _COUNTS_AS[state]
            unbound = {"request_hash": None, "result": None} if after is State.RELEASED else {}
            if after is State.RELEASED and payment.transaction is not None:
                after = State.RECOVERED
            await self._change(payment, after, {**unbound, "owner": None, "lease_until": None}, _ENDED)
            count += 1
        return count

    async def cases(self, limit: int = 100) -> list[UnresolvedPayment]:
        """At most `limit` unresolved payments of each network, the ones checked longest ago first.

        A refused payment is among them while its transaction may be late, and when its time is over.
        """
        now = self._now()
        found = await self._payments.unresolved(int(now.timestamp()), now - LATE, limit)
        return [UnresolvedPayment(each.id, State(each.state), each.money) for each in found]

    async def looked(self, case: UnresolvedPayment) -> None:
        """Record that the chain could not decide yet, so that other payments are checked first next time."""
        await self._payments.change(case.payment_id, {"updated_at": self._now()})

    async def moved(self, case: UnresolvedPayment, transaction: str, receipt: dict[str, Any]) -> bool:
        """Record that the chain shows the transfer: the stored answer is paid. False when the payment has changed."""
        payment = await self._unchanged(case)
        if payment is None:
            return False
        values = {"transaction": transaction, "receipt": json.dumps(receipt)}
        await self._change(payment, (State.SETTLED, State.CONSUMED), values, transaction)
        return True

    async def never_moves(self, case: UnresolvedPayment, why: str, *, expired: bool) -> bool:
        """Record that the money did not move; `expired` when the authorization ran out. False like `moved`."""
        payment = await self._unchanged(case)
        after = State.EXPIRED if expired else State.FAILED
        if payment is None or payment.state == after:
            return False
        await self._change(payment, after, {}, why)
        return True

    async def seen(self, money: Money, transaction: str, receipt: dict[str, Any], *, add: bool) -> Seen:
        """Compare a transfer that the chain shows with the ledger, and correct the ledger; `add` what it does not have.

        `money` has the amount that moved.
        """
        payment, now = await self._payments.find(money.network, money.asset, money.payer, money.nonce), self._now()
        if payment is None:
            if not add:
                return Seen.UNKNOWN
            # None: a call of its buyer was faster.
            added = await self._payments.add_recovered(money, transaction, now)
            return Seen.RECOVERED if added else Seen.WAITING
        state = State(payment.state)
        if state in PAID or state is State.RECOVERED:
            return Seen.KNOWN
        if state in HELD or state in MAY_HAVE_MOVED:
            return Seen.WAITING
        values: dict[str, Any] = {"transaction": transaction, "amount": money.amount}
        if payment.result is not None:
            paid = {**values, "receipt": json.dumps(receipt)}
            await self._change(payment, (State.SETTLED, State.CONSUMED), paid, transaction)
            return Seen.SETTLED
        await self._change(payment, State.RECOVERED, {**values, "request_hash": None}, transaction)
        return Seen.RECOVERED

    async def paid_by(self, transactions: Sequence[str]) -> dict[str, int]:
        """How many payments of the ledger each of these transactions has paid."""
        found: dict[str, int] = {}
        for first in range(0, len(transactions), _ASKED_AT_ONCE):
            found |= await self._payments.paid_by(transactions[first : first + _ASKED_AT_ONCE])
        return found

    async def position(self, network: str, asset: str, pay_to: str) -> int | None:
        """The height up to which the payments to an address are in the ledger; None when that was never recorded."""
        return await self._payments.position(network, asset, pay_to)

    async def reached(self, network: str, asset: str, pay_to: str, height: int) -> None:
        """Record that the payments to an address are in the ledger up to `height`; a lower one changes nothing."""
        await self._payments.reach(network, asset, pay_to, height, self._now())

    async def is_empty(self) -> bool:
        """Whether the ledger has never had a payment."""
        return not await self._payments.all(1)

    async def refund(self, payment_id: str, transaction: str, transfers: int) -> Payment:
        """Mark a payment as refunded by `transaction`, which makes `transfers` such transfers to its payer.

        Raises:
            NoSuchPayment: no payment has this id.
            RefundRefused: it was not paid, was refunded before, or all the transfers count for other payments already.
        """
        payment = await self._payments.get(payment_id)
        if payment is None:
            raise NoSuchPayment(payment_id=payment_id)
        if payment.state not in (State.CONSUMED, State.RECOVERED):
            raise RefundRefused(f"Payment {payment_id} is {payment.state}: only a paid payment can be refunded.")
        others = await self._payments.refunded_by(transaction, payment)
        if others >= transfers:
            found = "does not move that money to the payer" if not transfers else "already counts for another refund"
            raise RefundRefused(f"Transaction {transaction} {found}.")
        # A recovered payment was never recorded as income, which its refund is subtracted from.
        before = (State.SETTLED, State.CONSUMED) if payment.state == State.RECOVERED else ()
        await self._change(payment, (*before, State.REFUNDED), {"refund": transaction}, transaction)
        return payment

    async def _unchanged(self, case: UnresolvedPayment) -> Payment | None:
        payment = await self._payments.get(case.payment_id)
        if payment is None or (payment.state, payment.proof) != (case.state, case.money.proof):
            return None
        return payment

    async def _change(
        self, payment: Payment, after: State | tuple[State, ...], values: dict[str, Any], detail: str
    ) -> None:
        states, now = (after,) if isinstance(after, State) else after, self._now()
        await self._payments.change(payment.id, {**values, "state": str(states[-1]), "updated_at": now})
        await self._payments.note_all(payment.id, now, states, payment.request_id, detail)

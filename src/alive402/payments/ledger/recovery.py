"""Recovery of abandoned payments: released, resolved by the chain, or refunded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from alive402.payments.core import Money, NoSuchPayment, RefundRefused
from alive402.payments.ledger.models import Payment
from alive402.payments.ledger.repository import PaymentRepository
from alive402.payments.ledger.service import is_held
from alive402.payments.ledger.states import HELD, State
from alive402.storage import Clock, utc_now

_COUNTS_AS = {
    State.RESERVED: State.RELEASED,
    State.EXECUTED: State.FAILED,
    State.SETTLING: State.SETTLE_UNKNOWN,
}
_ENDED = "its process died"
LATE = timedelta(hours=1)
"""For so long after a refusal the chain is asked whether the money moved all the same."""


@dataclass(frozen=True, slots=True)
class UnresolvedPayment:
    """A payment whose money may have moved, in the state in which it was read."""

    payment_id: str
    state: State
    money: Money


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

    async def refund(self, payment_id: str, transaction: str, transfers: int) -> Payment:
        """Mark a payment as refunded by `transaction`, which makes `transfers` such transfers to its payer.

        Raises:
            NoSuchPayment: no payment has this id.
            RefundRefused: it was not paid, was refunded before, or all the transfers count for other payments already.
        """
        payment = await self._payments.get(payment_id)
        if payment is None:
            raise NoSuchPayment(payment_id=payment_id)
        if payment.state != State.CONSUMED:
            raise RefundRefused(f"Payment {payment_id} is {payment.state}: only a paid payment can be refunded.")
        others = await self._payments.refunded_by(transaction, payment)
        if others >= transfers:
            found = "does not move that money to the payer" if not transfers else "already counts for another refund"
            raise RefundRefused(f"Transaction {transaction} {found}.")
        await self._change(payment, State.REFUNDED, {"refund": transaction}, transaction)
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

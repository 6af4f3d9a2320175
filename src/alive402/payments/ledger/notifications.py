"""Notifications of payment steps: which states are notified, their types and their data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from alive402.payments.core import bought_by
from alive402.payments.ledger.models import Payment
from alive402.payments.ledger.states import State
from alive402.storage import Outbox

BOUGHT = "prepaid.bought"
TYPES = {
    State.SETTLED: "call.settled",
    State.RELEASED: "call.failed",
    State.FAILED: "payment.refused",
    State.SETTLE_UNKNOWN: "payment.settle_unknown",
    State.EXPIRED: "payment.expired",
    State.REFUNDED: "payment.refunded",
    State.RECOVERED: "payment.recovered",
}
"""The notified states and their types.

A prepayment's authorization, which buys no answer yet, is notified as `BOUGHT` when it is settled.
"""


async def notify_step(
    session: AsyncSession,
    urls: Sequence[str],
    payment_id: str,
    at: datetime,
    state: State,
    request_id: str | None,
    detail: str,
) -> None:
    """Queue a notification of a payment's step for each of `urls`, when its state is one of `TYPES`."""
    if state not in TYPES:
        return
    payment = await session.get(Payment, payment_id, populate_existing=True)
    assert payment is not None
    settled = state in (State.SETTLED, State.REFUNDED)
    prepayment_id = bought_by(payment.result)
    data = {
        "requestId": request_id,
        "serviceId": payment.service_id,
        **authorization_of(payment),
        "amount": str(payment.amount),
        "state": str(state),
        **({"prepaymentId": prepayment_id} if prepayment_id else {}),
        **({} if settled or not detail else {"reason": detail}),
    }
    bought = prepayment_id is not None and state is State.SETTLED
    Outbox(session).put(urls, BOUGHT if bought else TYPES[state], at, data)
    await session.flush()


def authorization_of(payment: Payment) -> dict[str, Any]:
    """The data of a notification about the authorization that paid."""
    return {
        "paymentId": payment.id,
        "network": payment.network,
        "asset": payment.asset,
        "payer": payment.payer,
        "payTo": payment.pay_to,
        "transaction": payment.transaction,
    }

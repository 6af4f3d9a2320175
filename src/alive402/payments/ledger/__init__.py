"""The ledger: payments, their state machine, recovery, statements."""

from __future__ import annotations

from alive402.payments.ledger.ledger import Ledger
from alive402.payments.ledger.models import Payment, PaymentEvent
from alive402.payments.ledger.notifications import authorization_of
from alive402.payments.ledger.recovery import Seen, UnresolvedPayment
from alive402.payments.ledger.repository import PaymentRepository
from alive402.payments.ledger.service import is_held
from alive402.payments.ledger.statements import Filter
from alive402.payments.ledger.states import HELD, MAY_HAVE_MOVED, PAID, State

__all__ = [
    "HELD",
    "MAY_HAVE_MOVED",
    "PAID",
    "Filter",
    "Ledger",
    "Payment",
    "PaymentEvent",
    "PaymentRepository",
    "Seen",
    "State",
    "UnresolvedPayment",
    "authorization_of",
    "is_held",
]

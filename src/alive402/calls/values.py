"""Values of a paid call: what is reserved for it, what it gives, and what all services share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alive402.calls.admission import Ticket
from alive402.calls.call_log import CallLog
from alive402.calls.rate_limits import CallRate, FreeFailures, Guesses, NewPayments
from alive402.payments.core import Answered, Hold, PaymentMethod
from alive402.payments.keys import AccessKeys, Keys
from alive402.payments.ledger import Ledger
from alive402.payments.prepaid import Balances, Tokens
from alive402.receipts import Reports, Verdicts

if TYPE_CHECKING:
    from alive402.calls.challenged import ChallengeUse
    from alive402.challenges import Challenges


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a paid call: the answer, its settlement receipt, and whether it is a repeat.

    `data` holds `Action`, `Result`, `Elements`, the service's report, and `Receipt`, the signed verdict. `receipt` is
    the x402 SettleResponse, empty when no money moved for this very call. Both are ready for JSON. `report_id`
    identifies the stored report, None when the answer is not stored.
    """

    request_id: str
    data: dict[str, Any]
    receipt: dict[str, Any]
    replayed: bool
    report_id: str | None


@dataclass(frozen=True, slots=True)
class ReservedCall:
    """A call whose price is reserved, or whose answer was bought before; `PaidCalls.finish` completes it.

    `ticket` is None when no work is left to do. `challenge` is the one that the call names.
    """

    request_id: str
    given: dict[str, Any]
    method: PaymentMethod
    held: Answered | Hold
    address: str | None
    began: float
    ticket: Ticket | None
    challenge: ChallengeUse | None = None


@dataclass(frozen=True, slots=True)
class LedgerServices:
    """What all services share: the ledger, payment methods, limits and records."""

    ledger: Ledger
    verdicts: Verdicts
    tokens: Tokens
    keys: Keys
    failures: FreeFailures
    new_payments: NewPayments
    call_log: CallLog
    reports: Reports
    balances: Balances
    access_keys: AccessKeys
    call_rate: CallRate
    guesses: Guesses
    challenges: Challenges

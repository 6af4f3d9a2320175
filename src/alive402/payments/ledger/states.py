"""The states of a payment and their transitions; `service.py` has the diagram."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The state of a payment."""

    CREATED = "created"
    VERIFIED = "verified"
    RESERVED = "reserved"
    EXECUTED = "executed"
    SETTLING = "settling"
    SETTLED = "settled"
    CONSUMED = "consumed"
    RELEASED = "released"
    EXPIRED = "expired"
    FAILED = "failed"
    SETTLE_UNKNOWN = "settle_unknown"
    REFUNDED = "refunded"
    RECOVERED = "recovered"


HELD = (State.RESERVED, State.EXECUTED, State.SETTLING)
"""One call works on the payment while its lease lasts."""
MAY_HAVE_MOVED = (State.SETTLING, State.SETTLE_UNKNOWN)
PAID = (State.SETTLED, State.CONSUMED, State.REFUNDED)
"""An answer is returned only in these states."""

TRANSITIONS: dict[State, frozenset[State]] = {
    State.CREATED: frozenset({State.VERIFIED}),
    State.VERIFIED: frozenset({State.RESERVED}),
    # To itself: the process that held it died, and the same signature was sent again.
    State.RESERVED: frozenset({State.RESERVED, State.EXECUTED, State.RELEASED, State.RECOVERED}),
    State.EXECUTED: frozenset({State.EXECUTED, State.SETTLING, State.FAILED, State.RESERVED}),
    State.SETTLING: frozenset({State.SETTLING, State.SETTLED, State.SETTLE_UNKNOWN, State.FAILED, State.EXPIRED}),
    State.SETTLE_UNKNOWN: frozenset({State.SETTLING, State.SETTLED, State.FAILED, State.EXPIRED}),
    State.SETTLED: frozenset({State.CONSUMED}),
    State.CONSUMED: frozenset({State.REFUNDED}),
    State.RELEASED: frozenset({State.RESERVED, State.RECOVERED}),
    # The facilitator's refusal may be wrong: what the chain shows later counts.
    State.FAILED: frozenset({State.EXECUTED, State.RESERVED, State.SETTLED, State.EXPIRED, State.RECOVERED}),
    # By a database that was restored, while the money moved after its backup.
    State.EXPIRED: frozenset({State.SETTLED, State.RECOVERED}),
    State.REFUNDED: frozenset(),
    State.RECOVERED: frozenset({State.RESERVED, State.SETTLED}),
}
"""For each state, the states that may follow it in a payment's history."""

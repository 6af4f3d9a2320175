"""The states of a payment and the only ways between them; `service.py` draws them."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a payment stands."""

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


HELD = (State.RESERVED, State.EXECUTED, State.SETTLING)
"""One call works on it, for as long as its lease lasts."""
MAY_HAVE_MOVED = (State.SETTLING, State.SETTLE_UNKNOWN)
PAID = (State.SETTLED, State.CONSUMED, State.REFUNDED)
"""Only from here is an answer given."""

WAYS: dict[State, frozenset[State]] = {
    State.CREATED: frozenset({State.VERIFIED}),
    State.VERIFIED: frozenset({State.RESERVED}),
    # To itself: the process that held it died, and the same signature came again.
    State.RESERVED: frozenset({State.RESERVED, State.EXECUTED, State.RELEASED}),
    State.EXECUTED: frozenset({State.EXECUTED, State.SETTLING, State.FAILED, State.RESERVED}),
    State.SETTLING: frozenset({State.SETTLING, State.SETTLED, State.SETTLE_UNKNOWN, State.FAILED, State.EXPIRED}),
    State.SETTLE_UNKNOWN: frozenset({State.SETTLING, State.SETTLED, State.FAILED, State.EXPIRED}),
    State.SETTLED: frozenset({State.CONSUMED}),
    State.CONSUMED: frozenset({State.REFUNDED}),
    State.RELEASED: frozenset({State.RESERVED}),
    # A refusal may be wrong: what the chain shows later counts.
    State.FAILED: frozenset({State.EXECUTED, State.RESERVED, State.SETTLED, State.EXPIRED}),
    State.EXPIRED: frozenset(),
    State.REFUNDED: frozenset(),
}
"""From each state, the states that may follow it in a payment's history."""

"""Tests of the table of states: complete, and money that moved stays paid."""

from __future__ import annotations

from alive402.payments.ledger.states import HELD, MAY_HAVE_MOVED, PAID, TRANSITIONS, State


def reachable(start: State) -> set[State]:
    found, waiting = {start}, [start]
    while waiting:
        for state in TRANSITIONS[waiting.pop()] - found:
            found.add(state)
            waiting.append(state)
    return found


def test_every_state_has_an_entry_and_is_reachable() -> None:
    assert set(TRANSITIONS) == set(State)
    assert reachable(State.CREATED) == set(State)


def test_paid_payment_is_never_free_again() -> None:
    for state in PAID:
        assert reachable(state) <= set(PAID)


def test_every_unfinished_payment_can_end() -> None:
    ends = {state for state in State if not TRANSITIONS[state]}
    assert ends == {State.REFUNDED}
    # What has expired ends so, unless the chain shows that its money moved.
    for state in State:
        assert reachable(state) & {*PAID, State.EXPIRED}


def test_payment_that_may_have_moved_is_not_released() -> None:
    for state in MAY_HAVE_MOVED:
        assert State.RELEASED not in TRANSITIONS[state]
        assert State.RESERVED not in TRANSITIONS[state]
    assert set(HELD).isdisjoint(PAID)

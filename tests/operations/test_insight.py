"""Tests of the operator's figures: equal to hand counts on both databases, and read by indexes."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from sqlalchemy import event as on_event

from alive402.calls import CallKind, LoggedCall
from alive402.operations.insight import PERCENTILES, Backlog, Insight, Span
from alive402.payments.ledger import Ledger, State
from tests.operations.ledger_rows import SERVICE, event, payment, prepayment

NOW = datetime(2026, 3, 29, 14, 35, tzinfo=UTC)
T = TypeVar("T")


def watched(url: str, rows: list[object], look: Callable[[Insight], Awaitable[T]]) -> T:
    async def one() -> T:
        ledger = await Ledger.open(url, lease_seconds=30)
        async with ledger.session() as session:
            session.add_all(rows)
        async with ledger.reading() as session:
            seen = await look(Insight(session, NOW))
        await ledger.close()
        return seen

    return asyncio.run(one())


def called(at: datetime, kind: CallKind, outcome: str, calls: int = 1, milliseconds: int | None = None) -> LoggedCall:
    return LoggedCall(
        service_id=SERVICE, kind=str(kind), outcome=outcome, milliseconds=milliseconds, calls=calls, at=at
    )


def any_calls(count: int, span: Span) -> list[LoggedCall]:
    chance = random.Random(402)
    outcomes = {
        CallKind.ANSWERED: ("live", "spoof", "inconclusive"),
        CallKind.UNUSABLE: ("no_face", "upstream_status"),
        CallKind.FAULT: ("analysis_failed",),
        CallKind.REFUSED: ("payment_spent",),
        CallKind.UNPAID: ("payment_required",),
    }
    return [
        called(
            NOW - timedelta(seconds=chance.randrange(2 * len(span.intervals(NOW)) * int(span.step.total_seconds()))),
            kind := chance.choice(list(outcomes)),
            chance.choice(outcomes[kind]),
            1 if kind is not CallKind.UNPAID else chance.randrange(1, 50),
            chance.randrange(100, 60_000) if kind is CallKind.ANSWERED else None,
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("span", Span)
def test_calls_verdicts_and_failures_fall_into_their_intervals(database_url: str, span: Span) -> None:
    rows = any_calls(400, span)
    begins = span.intervals(NOW)
    counted = [(each.at, CallKind(each.kind), each.outcome, each.calls) for each in rows if each.at >= begins[0]]
    assert 100 < len(counted) < 300
    intervals, failures = watched(database_url, list(rows), lambda insight: insight.calls(span))
    assert [each.begins for each in intervals] == begins
    assert len(begins) == {"24h": 24, "7d": 7, "90d": 90}[span]
    for interval in intervals:
        inside = [each for each in counted if interval.begins <= each[0] < interval.begins + span.step]
        kinds, verdicts = Counter[str](), Counter[str]()
        for _, kind, outcome, calls in inside:
            kinds[str(kind)] += calls
            if kind is CallKind.ANSWERED:
                verdicts[outcome] += calls
        assert (interval.kinds, interval.verdicts, interval.calls) == (kinds, verdicts, kinds.total())
    codes = Counter[tuple[str, str]]()
    for _, kind, outcome, calls in counted:
        if kind in (CallKind.UNUSABLE, CallKind.FAULT, CallKind.REFUSED):
            codes[str(kind), outcome] += calls
    assert {(each.kind, each.code): each.calls for each in failures} == codes
    assert [each.calls for each in failures] == sorted(codes.values(), reverse=True)


@pytest.mark.parametrize("answered", [0, 1, 2, 7, 100, 333])
def test_percentiles_use_the_nearest_rank(database_url: str, answered: int) -> None:
    chance = random.Random(answered)
    lasted = [chance.randrange(50, 90_000) for _ in range(answered)]
    rows = [called(NOW - timedelta(minutes=5), CallKind.ANSWERED, "live", 1, each) for each in lasted]
    others = [
        called(NOW - timedelta(minutes=5), CallKind.FAULT, "analysis_timeout", 1, 999_999),
        called(NOW - timedelta(days=2), CallKind.ANSWERED, "live", 1, 999_999),
    ]
    latency = watched(database_url, [*rows, *others], lambda insight: insight.latency(Span.DAY))
    assert latency.answered == answered
    ranked = sorted(lasted)
    expected = {each: ranked[math.ceil(answered * each / 100) - 1] for each in PERCENTILES} if answered else None
    assert latency.milliseconds == expected


def test_income_is_counted_by_settlement_day(database_url: str) -> None:
    async def fill_and_look() -> list[object]:
        ledger = await Ledger.open(database_url, lease_seconds=30)
        late, early = datetime(2026, 3, 28, 23, 59, 59, 999_000, UTC), datetime(2026, 3, 29, 0, 0, 0, 1_000, UTC)
        paid = [payment(State.CONSUMED, late), payment(State.REFUNDED, late), payment(State.CONSUMED, early)]
        old = payment(State.CONSUMED, NOW - timedelta(days=8))
        failed = payment(State.FAILED, NOW)
        async with ledger.session() as session:
            session.add_all([*paid, old, failed])
        async with ledger.session() as session:
            steps = [(each, State.SETTLED, each.created_at) for each in (*paid, old)]
            steps += [(paid[1], State.REFUNDED, early), (failed, State.FAILED, NOW)]
            session.add_all([event(*step) for step in steps])
        async with ledger.reading() as session:
            insight = Insight(session, NOW)
            found = [await insight.income(Span.WEEK), await insight.income(Span.DAY), await insight.settlements()]
        await ledger.close()
        return found

    week, day, settlements = asyncio.run(fill_and_look())
    told = [(each.day, each.payments, each.income, each.refunds, each.refunded) for each in week]  # type: ignore[attr-defined]
    assert told == [("2026-03-28", 2, 400_000, 0, 0), ("2026-03-29", 1, 200_000, 1, 200_000)]
    assert day == week
    times = [each.at for each in settlements]  # type: ignore[attr-defined]
    assert len(times) == 4
    assert times == sorted(times, reverse=True)


def test_open_cases_are_unresolved_payments(database_url: str) -> None:
    hour = timedelta(hours=1)
    rows = [
        payment(State.SETTLE_UNKNOWN, NOW - 3 * hour, id="1" * 32),
        payment(State.SETTLING, NOW - 2 * hour, id="2" * 32, owner="o", lease_until=NOW - hour),
        payment(State.RESERVED, NOW, id="3" * 32, owner="o", lease_until=NOW + hour),
        payment(State.CONSUMED, NOW - 5 * hour),
    ]
    count, cases = watched(database_url, list(rows), lambda insight: insight.open_cases())
    assert (count, [each.payment_id[0] for each in cases]) == (2, ["1", "2"])
    states = watched(database_url, [], lambda insight: insight.states())
    assert {state: count for state, count in states.items() if count} == {
        State.SETTLE_UNKNOWN: 1,
        State.SETTLING: 1,
        State.RESERVED: 1,
        State.CONSUMED: 1,
    }
    assert set(states) == set(State)


def test_outstanding_counts_unused_prepaid_calls(database_url: str) -> None:
    day = timedelta(days=1)

    async def fill_and_look() -> list[object]:
        ledger = await Ledger.open(database_url, lease_seconds=30)
        refunded = payment(State.REFUNDED, NOW)
        async with ledger.session() as session:
            session.add(refunded)
        async with ledger.session() as session:
            session.add_all(
                [
                    prepayment(NOW - day, 90 * day),
                    prepayment(NOW - day, 90 * day, max_calls=3, amount=600_000, remaining=1),
                    prepayment(NOW - day, day),
                    prepayment(NOW - day, 90 * day, paid_at=None),
                    prepayment(NOW - day, 90 * day, remaining=0),
                    prepayment(NOW - day, 90 * day, ledger_id=refunded.id),
                ]
            )
        async with ledger.reading() as session:
            found = await Insight(session, NOW).outstanding()
        await ledger.close()
        return list(found)

    (each,) = asyncio.run(fill_and_look())
    assert (each.service_id, each.prepayments, each.calls, each.worth) == (SERVICE, 2, 8, 1_600_000)  # type: ignore[attr-defined]


def test_no_query_reads_a_whole_table(database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL rightly reads small tables whole; SQLite's plans do not hang on how full they are")

    async def plans() -> dict[str, list[str]]:
        ledger = await Ledger.open(database_url, lease_seconds=30)
        asked: list[tuple[str, object]] = []

        def note(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
            if statement.startswith("SELECT"):
                asked.append((statement, parameters))

        on_event.listen(ledger._engine.sync_engine, "before_cursor_execute", note)
        async with ledger.reading() as session:
            insight = Insight(session, NOW)
            await insight.calls(Span.QUARTER)
            await insight.latency(Span.QUARTER)
            await insight.income(Span.QUARTER)
            await insight.settlements()
            await insight.open_cases()
            await insight.outstanding()
            await insight.states()
        on_event.remove(ledger._engine.sync_engine, "before_cursor_execute", note)
        found = {}
        async with ledger._engine.connect() as connection:
            for statement, parameters in asked:
                explained = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
                found[statement] = [str(row[-1]) for row in explained]
        await ledger.close()
        return found

    told = asyncio.run(plans())
    assert len(told) == 8
    tables = ("calls", "payments", "payment_events", "prepayments")
    whole = {f"SCAN {table}" for table in tables}
    for statement, steps in told.items():
        assert not whole & set(steps), (statement, steps)
        assert any("USING" in step and "INDEX" in step for step in steps), (statement, steps)


def test_backlog_is_as_old_as_its_oldest_payment(database_url: str) -> None:
    old, new, done = (payment(state, NOW) for state in (State.SETTLE_UNKNOWN, State.SETTLE_UNKNOWN, State.CONSUMED))
    rows: list[object] = [old, new, done]
    rows += [event(done, State.SETTLE_UNKNOWN, NOW - timedelta(hours=9))]
    rows += [event(each, State.SETTLE_UNKNOWN, NOW - timedelta(seconds=ago)) for each, ago in ((old, 90), (new, 30))]
    rows += [event(old, State.SETTLE_UNKNOWN, NOW)]
    assert watched(database_url, rows, Insight.backlog) == Backlog(2, 90.0)


def test_empty_backlog_has_no_age(database_url: str) -> None:
    assert watched(database_url, [], Insight.backlog) == Backlog(0, 0.0)

"""Tests of retention: expired answers, verdicts, messages and calls are erased, nothing else, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from alive402.calls import CallKind, LoggedCall
from alive402.challenges import ChallengeRow
from alive402.operations.retention import AT_ONCE, Erased, Keeping, Retention
from alive402.payments.ledger import Ledger, Payment, PaymentEvent, State
from alive402.payments.prepaid import PrepaidUse
from alive402.receipts import SignedVerdict
from alive402.storage import DeliveryState, WebhookDelivery
from tests.operations.ledger_rows import event, payment, prepayment, use, verdict

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
OLD, NEW = NOW - timedelta(days=31), NOW - timedelta(days=29)
KEEPING = Keeping(answers=timedelta(days=30), call_log=timedelta(days=10))


def swept(url: str, *batches: list[object]) -> list[Erased]:
    """Write rows in batches, then sweep twice."""

    async def one() -> list[Erased]:
        ledger = await Ledger.open(url, lease_seconds=30)
        for rows in batches:
            async with ledger.session() as session:
                session.add_all(rows)
        retention = Retention(ledger, KEEPING, lambda: NOW)
        found = [await retention.sweep(), await retention.sweep()]
        await ledger.close()
        return found

    return asyncio.run(one())


def left(url: str, *queries: object) -> list[list[object]]:
    async def one() -> list[list[object]]:
        ledger = await Ledger.open(url, lease_seconds=30)
        async with ledger.reading() as session:
            found = [list(await session.scalars(query)) for query in queries]  # type: ignore[call-overload]
        await ledger.close()
        return found

    return asyncio.run(one())


def test_answers_and_verdicts_are_erased_and_payments_kept(database_url: str) -> None:
    old, new = payment(State.CONSUMED, OLD), payment(State.CONSUMED, NEW)
    # Given back lately: its row is new, its answer is not.
    refunded = payment(State.REFUNDED, OLD, updated_at=NEW)
    owed = payment(State.SETTLE_UNKNOWN, OLD)
    never_fetched = payment(State.FAILED, OLD)
    first, _ = swept(
        database_url,
        [old, new, refunded, owed, never_fetched],
        [event(old, State.SETTLED, OLD)],
        [verdict(old.request_id, OLD), verdict(new.request_id, NEW), verdict(refunded.request_id, OLD)],
    )
    assert first == Erased(answers=3, verdicts=2)
    with_answer, verdicts, rows, events = left(
        database_url,
        select(Payment.id).where(Payment.result.is_not(None)),
        select(SignedVerdict.request_id),
        select(Payment.id),
        select(PaymentEvent.detail),
    )
    assert set(with_answer) == {new.id, owed.id}
    assert verdicts == [new.request_id]
    assert len(rows) == 5
    assert events == [""]


def test_prepayment_is_kept_and_its_answers_erased(database_url: str) -> None:
    paid = payment(State.CONSUMED, OLD, result='{"paymentId": "x"}')
    bought = prepayment(OLD, timedelta(days=400), ledger_id=paid.id)
    old, new = use(bought, OLD), use(bought, NEW)
    first, second = swept(database_url, [paid], [bought], [old, new], [verdict(old.request_id, OLD)])
    assert (first, second) == (Erased(answers=1, verdicts=1), Erased())
    results, uses, kept = left(
        database_url,
        select(Payment.result),
        select(PrepaidUse.id),
        select(PrepaidUse.id).where(PrepaidUse.result.is_not(None)),
    )
    assert results == ['{"paymentId": "x"}']
    assert (len(uses), kept) == (2, [new.id])


def test_sent_messages_and_counted_calls_are_deleted(database_url: str) -> None:
    def message(at: datetime, state: DeliveryState) -> WebhookDelivery:
        return WebhookDelivery(
            id=f"{at:%m%d}{state}", url="http://x", type="t", body="{}", state=str(state), attempts=1, due_at=at,
            created_at=at,
        )  # fmt: skip

    def counted(days: int) -> LoggedCall:
        return LoggedCall(
            service_id="s", kind=str(CallKind.ANSWERED), outcome="live", milliseconds=1, calls=1,
            at=NOW - timedelta(days=days),
        )  # fmt: skip

    messages = [message(at, state) for at in (OLD, NEW) for state in DeliveryState]
    first, second = swept(database_url, [*messages, *(counted(days) for days in (0, 9, 11, 200))])
    assert (first, second) == (Erased(messages=2, calls=2), Erased())
    waiting, calls = left(database_url, select(WebhookDelivery.id), select(func.count()).select_from(LoggedCall))
    assert f"{OLD:%m%d}{DeliveryState.PENDING}" in waiting
    assert (len(waiting), calls) == (len(DeliveryState) + 1, [2])


def test_challenges_are_deleted_after_a_day(database_url: str) -> None:
    def challenge(hours: int) -> ChallengeRow:
        at = NOW - timedelta(hours=hours)
        return ChallengeRow(
            id=f"{hours:043}", nonce="n", payer_sha256="p" * 64, seed=b"s" * 32, kind="move", steps=5, avoid="",
            pace="normal", issued_at=at, expires_at=at, request_id=f"call {hours}",
        )  # fmt: skip

    first, second = swept(database_url, [challenge(hours) for hours in (1, 23, 25, 900)])
    assert (first, second) == (Erased(challenges=2), Erased())
    (kept,) = left(database_url, select(ChallengeRow.request_id))
    assert sorted(map(str, kept)) == ["call 1", "call 23"]


def test_retention_erases_any_number_of_rows(database_url: str) -> None:
    rows = [payment(State.CONSUMED, OLD) for _ in range(AT_ONCE + 7)]
    first, second = swept(database_url, list(rows), [verdict(each.request_id, OLD) for each in rows])
    assert (first.answers, first.verdicts) == (AT_ONCE + 7, AT_ONCE + 7)
    assert second == Erased()


def test_retention_continues_after_any_error(database_url: str) -> None:
    errors, erased = [RuntimeError("once"), OSError("twice")], asyncio.Event()

    def now() -> datetime:
        if errors:
            raise errors.pop(0)
        erased.set()
        return NOW

    async def one() -> None:
        ledger = await Ledger.open(database_url, lease_seconds=30)
        async with asyncio.timeout(10), Retention(ledger, KEEPING, now).running(0.01):
            await erased.wait()
        await ledger.close()

    asyncio.run(one())

"""Tests of the call log on both databases: tallies of several processes, and their period."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from alive402.calls import call_log
from alive402.calls.call_log import CallKind, CallLog
from alive402.payments.ledger import Ledger

SERVICE = "video-face-liveness-detection"


def test_tally_counts_calls_by_kind_with_median_latency(database_url: str) -> None:
    async def one() -> None:
        ledger = await Ledger.open(database_url, lease_seconds=30)
        log = CallLog(ledger)
        assert (await log.tally(SERVICE)).calls == 0
        for seconds in (1.0, 2.0, 9.0):
            log.note(SERVICE, CallKind.ANSWERED, "live", seconds)
        log.note(SERVICE, CallKind.FAULT, "analysis_failed", 60.0)
        for _ in range(1000):
            log.note(SERVICE, CallKind.UNPAID, "payment_required", 0.01)
        log.note("another", CallKind.ANSWERED, "live", 3.0)
        tally = await log.tally(SERVICE)
        assert (tally.calls, tally.worked_on, tally.milliseconds) == (1004, 4, 2000)
        assert tally.kinds[CallKind.UNPAID] == 1000
        assert tally.last_call_at is not None
        # Another process sees them, and unpaid calls of one moment are one row.
        assert (await CallLog(ledger).tally(SERVICE)).kinds == tally.kinds
        await ledger.close()

    asyncio.run(one())


def test_old_calls_are_not_counted(database_url: str) -> None:
    async def one() -> None:
        ledger = await Ledger.open(database_url, lease_seconds=30)
        today = datetime.now(UTC)
        past, present = CallLog(ledger, lambda: today - timedelta(days=31)), CallLog(ledger, lambda: today)
        past.note(SERVICE, CallKind.ANSWERED, "live", 1.0)
        await past.write()
        present.note(SERVICE, CallKind.ANSWERED, "spoof", 2.0)
        assert (await present.tally(SERVICE)).calls == 1
        await ledger.close()

    asyncio.run(one())


def test_stop_writes_pending_calls(database_url: str) -> None:
    async def one() -> None:
        closed, ledger = await Ledger.open(database_url, lease_seconds=30), await Ledger.open(database_url, 30)
        log = CallLog(closed)
        log.note(SERVICE, CallKind.ANSWERED, "live", 1.0)
        async with log.running():
            pass
        assert (await CallLog(ledger).tally(SERVICE)).calls == 1
        await closed.close()
        await ledger.close()

    asyncio.run(one())


def test_failed_write_is_retried(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = [RuntimeError("once"), OSError("twice")]
    written = asyncio.Event()

    def now() -> datetime:
        if errors:
            raise errors.pop(0)
        written.set()
        return datetime.now(UTC)

    async def one() -> None:
        ledger = await Ledger.open(database_url, lease_seconds=30)
        log = CallLog(ledger, now)
        monkeypatch.setattr(call_log, "WRITE_SECONDS", 0.01)
        log.note(SERVICE, CallKind.UNPAID, "payment_required", 0.01)
        async with asyncio.timeout(10), log.running():
            await written.wait()
        assert (await CallLog(ledger).tally(SERVICE)).calls == 1
        await ledger.close()

    asyncio.run(one())


def test_stop_survives_a_failed_last_write(database_url: str) -> None:
    def never() -> datetime:
        raise RuntimeError

    async def one() -> None:
        ledger = await Ledger.open(database_url, lease_seconds=30)
        log = CallLog(ledger, never)
        log.note(SERVICE, CallKind.UNPAID, "payment_required", 0.01)
        async with log.running():
            pass
        await ledger.close()

    asyncio.run(one())

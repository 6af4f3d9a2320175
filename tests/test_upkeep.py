"""Tests of upkeep: it survives every error of its work, logs each kind of error rarely, and stops with its block."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from structlog.testing import capture_logs

from alive402.upkeep import LONGEST_SILENCE, STOP_SECONDS, Upkeep

pytestmark = pytest.mark.anyio
Work = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


class Panic(BaseException):
    """An error of a native library."""


def failing(*errors: BaseException, then: asyncio.Event) -> Work:
    """Work that raises each error in turn, and then succeeds."""
    left = list(errors)

    async def work() -> None:
        if left:
            raise left.pop(0)
        then.set()

    return work


@pytest.mark.parametrize(
    "error",
    [
        OSError("disk"),
        ValueError("a row that cannot be read"),
        TimeoutError(),
        MemoryError(),
        asyncio.CancelledError(),
        Panic(),
        BaseExceptionGroup("several", [Panic()]),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_upkeep_continues_after_any_error(error: BaseException) -> None:
    done = asyncio.Event()
    with capture_logs() as logged:
        async with asyncio.timeout(10), Upkeep("sweep", failing(error, error, then=done)).running(0):
            await done.wait()
    assert [(line["event"], line["work"], line["error"]) for line in logged] == [
        ("upkeep failed", "sweep", type(error).__name__)
    ]


async def test_upkeep_continues_without_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("alive402.upkeep.log", type("Log", (), {"error": broken, "warning": broken})())
    done = asyncio.Event()
    async with asyncio.timeout(10), Upkeep("sweep", failing(OSError(), then=done)).running(0):
        await done.wait()


async def test_repeated_errors_are_logged_with_backoff() -> None:
    now, logged_at = 0.0, []

    async def fail() -> None:
        raise OSError

    upkeep = Upkeep("sweep", fail, expected=OSError, clock=lambda: now)
    for second in range(3 * 3600):
        now = float(second)
        with capture_logs() as logged:
            await upkeep.once()
        logged_at += [second for _ in logged]
        assert all((line["log_level"], "exc_info" in line) == ("warning", False) for line in logged)
    waits = [after - before for before, after in itertools.pairwise(logged_at)]
    assert logged_at[0] == 0
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_SILENCE
    assert len(logged_at) < 12
    # Another kind is not silenced by the first one, and one that has not come up for long is new again.
    now += 2 * LONGEST_SILENCE
    with capture_logs() as logged:
        await upkeep.once()
    now += 61
    with capture_logs() as soon:
        await upkeep.once()
    assert (len(logged), len(soon)) == (1, 1)


async def test_unexpected_error_is_logged_with_its_traceback() -> None:
    with capture_logs() as logged:
        await Upkeep("sweep", failing(ValueError(), then=asyncio.Event()), expected=OSError).once()
    assert [(line["log_level"], isinstance(line["exc_info"], ValueError)) for line in logged] == [("error", True)]


async def test_upkeep_stops_at_once() -> None:
    begun, ended = asyncio.Event(), False

    async def hang() -> None:
        nonlocal ended
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended = True

    async with asyncio.timeout(STOP_SECONDS / 2):
        async with Upkeep("slow", hang).running(3600):
            await begun.wait()
        assert ended
        async with Upkeep("idle", failing(then=begun)).running(3600):
            pass


async def test_uncancellable_work_is_not_restarted() -> None:
    begun, runs = asyncio.Event(), 0

    async def stubborn() -> None:
        nonlocal runs
        runs += 1
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    async with asyncio.timeout(STOP_SECONDS / 2), Upkeep("stubborn", stubborn).running(0):
        await begun.wait()
    assert runs == 1


async def test_upkeep_that_starts_later_waits_first() -> None:
    done = asyncio.Event()
    async with Upkeep("later", failing(then=done)).running(3600, at_once=False):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not done.is_set()


async def test_error_of_the_block_is_raised() -> None:
    with pytest.raises(RuntimeError, match="the block"):
        async with Upkeep("sweep", failing(then=asyncio.Event())).running(0):
            raise RuntimeError("the block")

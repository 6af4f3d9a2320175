"""Periodic work of a service: one loop that goes on after any error, and stops with its block."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

log = structlog.get_logger(__name__)

FIRST_SILENCE, LONGEST_SILENCE = 60.0, 3600.0
"""Seconds until an error of the same kind is logged again: they double from the first to the longest."""
STOP_SECONDS = 5.0
"""How long a block waits at its end for work that does not stop when it is cancelled."""


@dataclass(slots=True)
class _Silence:
    """One kind of error: how long it is not logged again."""

    seconds: float
    until: float


@dataclass(slots=True)
class Upkeep:
    """Work that is done again and again, whatever it raises; `name` names it in the log.

    Errors of the type `expected` are logged without a traceback: a database or a disk that is away for a while.
    `clock` gives seconds.
    """

    name: str
    work: Callable[[], Awaitable[object]]
    expected: type[Exception] | tuple[type[Exception], ...] = ()
    clock: Callable[[], float] = time.monotonic
    _silences: dict[str, _Silence] = field(default_factory=dict, init=False)

    async def once(self) -> None:
        """Do the work now; an error is logged and not raised.

        Raises:
            asyncio.CancelledError: the task that called this is cancelled.
        """
        task = asyncio.current_task()
        try:
            await self.work()
        except (KeyboardInterrupt, SystemExit):
            raise
        except asyncio.CancelledError as error:
            # Without a request to cancel this task, something within the work was cancelled: an error as any other.
            if task is None or task.cancelling():
                raise
            self._report(error)
        except BaseException as error:
            # Also what native libraries raise beside `Exception`, and groups of it.
            self._report(error)

    @asynccontextmanager
    async def running(self, every_seconds: float, *, at_once: bool = True) -> AsyncIterator[None]:
        """Do the work until the block ends, with a pause of `every_seconds` after each time.

        The first time comes at once, or after the first pause. When the block ends, the work is cancelled.
        """
        stopped = False

        async def repeat() -> None:
            if not at_once:
                await asyncio.sleep(every_seconds)
            # Work may swallow its cancellation.
            while not stopped:
                await self.once()
                if not stopped:
                    await asyncio.sleep(every_seconds)

        task = asyncio.create_task(repeat(), name=f"upkeep: {self.name}")
        try:
            yield
        finally:
            stopped = True
            task.cancel()
            _, late = await asyncio.wait({task}, timeout=STOP_SECONDS)
            if late:
                log.warning("upkeep does not stop", work=self.name)

    def _report(self, error: BaseException) -> None:
        """Log an error, unless one of its kind was logged a short while ago."""
        kind, now = type(error).__name__, self.clock()
        known = self._silences.get(kind)
        if known is not None and now < known.until:
            return
        again = known is not None and now < known.until + LONGEST_SILENCE
        seconds = min(2 * known.seconds, LONGEST_SILENCE) if known is not None and again else FIRST_SILENCE
        self._silences[kind] = _Silence(seconds, now + seconds)
        # A log that cannot be written stops nothing.
        with contextlib.suppress(Exception):
            if isinstance(error, self.expected):
                log.warning("upkeep failed", work=self.name, error=kind)
            else:
                log.error("upkeep failed", work=self.name, error=kind, exc_info=error)

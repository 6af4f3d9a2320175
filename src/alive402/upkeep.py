"""Periodic background work: a loop that continues after any error and stops with its block."""

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
"""Seconds until an error of the same kind is logged again; they double from the first value to the second."""
STOP_SECONDS = 5.0
"""Seconds that the block waits at its end for work that ignores its cancellation."""


@dataclass(slots=True)
class _Silence:
    """How long one kind of error is not logged again."""

    seconds: float
    until: float


@dataclass(slots=True)
class Upkeep:
    """Work that is repeated whatever it raises; `name` names it in the log.

    Errors of the type `expected` are logged without a traceback, e.g. a database or disk that is unavailable.
    `clock` gives seconds.
    """

    name: str
    work: Callable[[], Awaitable[object]]
    expected: type[Exception] | tuple[type[Exception], ...] = ()
    clock: Callable[[], float] = time.monotonic
    _silences: dict[str, _Silence] = field(default_factory=dict, init=False)

    async def once(self) -> None:
        """Do the work once; an error is logged and not raised.

        Raises:
            asyncio.CancelledError: the task that called this is cancelled.
        """
        task = asyncio.current_task()
        try:
            await self.work()
        except (KeyboardInterrupt, SystemExit):
            raise
        except asyncio.CancelledError as error:
            # This task was not cancelled, so something inside the work was: treat it as any other error.
            if task is None or task.cancelling():
                raise
            self._report(error)
        except BaseException as error:
            # Native libraries raise errors that are not `Exception`, and groups of them.
            self._report(error)

    @asynccontextmanager
    async def running(self, every_seconds: float, *, at_once: bool = True) -> AsyncIterator[None]:
        """Repeat the work until the block ends, with a pause of `every_seconds` after each run.

        The first run is at once, or after the first pause. When the block ends, the work is cancelled.
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
        """Log an error, unless one of its kind was logged recently."""
        kind, now = type(error).__name__, self.clock()
        known = self._silences.get(kind)
        if known is not None and now < known.until:
            return
        again = known is not None and now < known.until + LONGEST_SILENCE
        seconds = min(2 * known.seconds, LONGEST_SILENCE) if known is not None and again else FIRST_SILENCE
        self._silences[kind] = _Silence(seconds, now + seconds)
        # A failing log must not stop the loop.
        with contextlib.suppress(Exception):
            if isinstance(error, self.expected):
                log.warning("upkeep failed", work=self.name, error=kind)
            else:
                log.error("upkeep failed", work=self.name, error=kind, exc_info=error)

"""Trial: judges a built-in clip, to know whether calls can be judged now."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from alive402.errors import CodedError
from alive402.providers.base import Judges
from alive402.providers.fair_queue import Places
from alive402.upkeep import Upkeep

log = structlog.get_logger(__name__)

CLIP = Path(__file__).with_name("trial.mp4")
"""A drawn face, 1.1 seconds, 4 kB; `tests/providers/trial_clip.py` draws it."""
FRESH_SECONDS = 15.0
"""A result is not tried again within this time; a bad one is tried again after it."""
GOOD_SECONDS = 300.0
"""A good result is tried again after this time without any call."""
FIRST_SECONDS = 10.0
"""Longest wait for the first result; it includes the start of a worker."""


@dataclass(slots=True)
class Trial:
    """Whether `judges` judge files; `places` are those of the calls.

    `works` is the last result, None before the first, and `known_at` its time (monotonic). A call that is judged sets
    both too, so that a busy service judges no clip besides.
    """

    judges: Judges
    places: Places
    works: bool | None = None
    known_at: float = -math.inf
    _trying: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def now(self) -> bool:
        """The result, tried again unless it is fresh. For a failed call that still holds its place."""
        async with self._trying:
            if self.works is None or time.monotonic() - self.known_at > FRESH_SECONDS:
                await self._try()
        return bool(self.works)

    async def known(self) -> bool:
        """The last result; the first one is waited for, at most FIRST_SECONDS."""
        if self.works is None:
            try:
                async with asyncio.timeout(FIRST_SECONDS), self.places.one():
                    await self.now()
            except TimeoutError:
                return False
        return bool(self.works)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Try a bad result again soon, and a good one now and then, until the block ends."""
        async with Upkeep("trial", self._try_if_old).running(FRESH_SECONDS, at_once=False):
            yield

    async def _try_if_old(self) -> None:
        age = time.monotonic() - self.known_at
        if self.works is False or (self.works and age > GOOD_SECONDS):
            async with self.places.one():
                await self.now()

    async def _try(self) -> None:
        try:
            await self.judges.judge(CLIP)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            # A fault of its own is logged with its traceback; the others were logged where they came from.
            coded = isinstance(error, CodedError)
            log.error("no file can be judged", code=getattr(error, "code", None), exc_info=None if coded else error)
            self.works, self.known_at = False, time.monotonic()
        else:
            self.works, self.known_at = True, time.monotonic()

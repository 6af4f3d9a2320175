"""This machine answers: the video is fetched, recognised, judged in a child process, and deleted."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alive402.intake.errors import Busy
from alive402.intake.fetch import FetchLimits, check_url, fetch
from alive402.intake.sandbox import Progress, SandboxLimits, judge
from alive402.intake.sniff import sniff
from alive402.providers.base import Answer

# Of all the work, as a person waits for it.
FETCHING_SHARE = 0.2


@dataclass(slots=True)
class LocalProvider:
    """Judges at most `at_once` videos side by side, and fetches eight times as many: a slow host holds none.

    Whoever finds no place within `wait_seconds` is told `Busy`. A video lies in a fresh folder under `media` (the
    system's temporary one by default) while it is judged.
    """

    fetching: FetchLimits
    judging: SandboxLimits
    at_once: int = 2
    wait_seconds: float = 30.0
    media: Path | None = None
    _fetches: asyncio.Semaphore = field(init=False)
    _analyses: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._fetches = asyncio.Semaphore(8 * self.at_once)
        self._analyses = asyncio.Semaphore(self.at_once)

    @property
    def seconds(self) -> float:
        """See `Provider.seconds`."""
        return 2 * self.wait_seconds + self.fetching.seconds + self.judging.seconds

    def check(self, given: Mapping[str, Any]) -> None:
        """See `Provider.check`."""
        check_url(given["VideoUrl"], self.fetching)

    async def answer(self, given: Mapping[str, Any], progress: Progress | None = None) -> Answer:
        """See `Provider.answer`."""
        tell = progress or (lambda stage, share: None)
        if self.media is not None:
            self.media.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="alive402-", dir=self.media) as folder:
            # The name is ours: a stranger's would be one more thing that a decoder reads.
            path = Path(folder, "video")
            async with self._place(self._fetches):
                tell("fetching", 0.0)
                await fetch(given["VideoUrl"], path, self.fetching)
            sniff(path)
            async with self._place(self._analyses):
                tell("looking", FETCHING_SHARE)
                judged = await judge(
                    path,
                    self.judging,
                    lambda stage, share: tell(stage, FETCHING_SHARE + (1 - FETCHING_SHARE) * share),
                )
        return Answer(elements=judged.elements, liveness=judged.liveness)

    @asynccontextmanager
    async def _place(self, places: asyncio.Semaphore) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self.wait_seconds):
                await places.acquire()
        except TimeoutError:
            raise Busy from None
        try:
            yield
        finally:
            places.release()

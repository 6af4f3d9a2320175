"""This machine answers: the video is fetched, recognised, judged in a warm child process, and deleted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alive402.intake.fetch import FetchLimits, check_url, fetch
from alive402.intake.folders import media_folder
from alive402.intake.sandbox.pool import Judged, Kind, Progress, Sandbox, SandboxLimits
from alive402.intake.sniff import sniff
from alive402.intake.uploads import Uploads
from alive402.liveness.errors import UnusableVideo
from alive402.providers.base import Answer, Judges
from alive402.providers.fair_queue import Places
from alive402.stages import CallStage, stage

# Of all the work, as a person waits for it.
FETCHING_SHARE = 0.2


@dataclass(slots=True)
class LocalProvider:
    """Judges at most `at_once` videos side by side, and fetches eight times as many: a slow host holds none.

    So many more calls as `queue` says may wait. A video lies in a fresh folder under `media` (the system's temporary
    one by default) while it is judged. As many processes as judge at once stay warm; `warm_up` starts them ahead of
    the first call, `close` ends them. What lies in `uploads` is not fetched. With `judges`, others judge what was
    fetched here.
    """

    fetching: FetchLimits
    judging: SandboxLimits
    at_once: int = 2
    queue: int = 16
    media: Path | None = None
    uploads: Uploads | None = None
    judges: Judges | None = None
    fetches: Places = field(init=False)
    analyses: Places = field(init=False)
    _judges: Judges = field(init=False)

    def __post_init__(self) -> None:
        self.fetches = Places(8 * self.at_once)
        self.analyses = Places(self.at_once)
        self._judges = self.judges or Sandbox(self.judging, kept=self.at_once, beside=self.media)

    @property
    def waits(self) -> float:
        """Seconds that a call may wait for its places, files taking a quarter of what they may in the long run."""
        return self.fetching.seconds + math.ceil(self.queue / self.at_once) * self.judging.seconds / 4

    @property
    def seconds(self) -> float:
        """See `Provider.seconds`."""
        return self.waits + self.fetching.seconds + self.judging.seconds

    def check(self, given: Mapping[str, Any]) -> None:
        """See `Provider.check`."""
        # An upload that is gone is told by `answer`: what it bought once is found without it.
        if self.uploads is None or self.uploads.named_in(given["VideoUrl"]) is None:
            check_url(given["VideoUrl"], self.fetching)

    async def answer(self, given: Mapping[str, Any], progress: Progress | None = None) -> Answer:
        """See `Provider.answer`."""
        tell = progress or (lambda stage, share: None)
        with media_folder(self.media) as folder:
            # The name is ours: a stranger's would be one more thing that a decoder reads.
            path = folder / "video"
            async with self.fetches.one():
                tell("fetching", 0.0)
                upload = await self.uploads.lend(given["VideoUrl"], path) if self.uploads else None
                if upload is None:
                    with stage(CallStage.FETCH):
                        await fetch(given["VideoUrl"], path, self.fetching)
            with self._used_up(upload):
                sniff(path)
                async with self.analyses.one():
                    tell("looking", FETCHING_SHARE)
                    judged = await self.judge(
                        path, lambda stage, share: tell(stage, FETCHING_SHARE + (1 - FETCHING_SHARE) * share)
                    )
        return Answer(elements=judged.elements, report=judged.liveness)

    async def judge(self, path: Path, progress: Progress | None = None, kind: Kind = "video") -> Judged:
        """Judge a file of one's own; see `Sandbox.judge`."""
        with stage(CallStage.ANALYSIS):
            return await self._judges.judge(path, progress, kind)

    def fetching_place(self) -> AbstractAsyncContextManager[None]:
        """One of the places to fetch, for another service of this machine."""
        return self.fetches.one()

    def judging_place(self) -> AbstractAsyncContextManager[None]:
        """One of the places to judge, likewise: the machine is not larger for selling more."""
        return self.analyses.one()

    async def warm_up(self) -> None:
        """Start the processes ahead of the first call."""
        await self._judges.warm_up()

    async def close(self) -> None:
        """End the processes that wait for work."""
        await self._judges.close()

    @contextmanager
    def _used_up(self, upload: str | None) -> Iterator[None]:
        """An upload is deleted once it is judged or found to be unusable; any other failure leaves it for a retry."""
        unusable: UnusableVideo | None = None
        try:
            yield
        except UnusableVideo as error:
            unusable = error
        if upload is not None and self.uploads is not None:
            self.uploads.judged(upload)
        if unusable is not None:
            raise unusable

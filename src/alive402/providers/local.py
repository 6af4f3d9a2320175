"""Local video provider: fetches, recognises and judges a video in a warm child process, then deletes it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alive402.intake import (
    AnalysisTimeout,
    FetchLimits,
    UploadGone,
    Uploads,
    check_url,
    container_of,
    fetch_file,
    media_folder,
)
from alive402.intake.sandbox import Judged, Kind, Progress, Sandbox, SandboxLimits
from alive402.liveness import AnalysisError, AnalysisFailed, AnalysisUnavailable, Challenge, UnusableVideo
from alive402.providers.base import Answer, Judges, Received
from alive402.providers.fair_queue import Places
from alive402.providers.trial import Trial
from alive402.stages import CallStage, stage

# Shares of the whole work, by waiting time.
FETCHING_SHARE = 0.2


@dataclass(slots=True)
class LocalProvider:
    """Judges at most `at_once` videos in parallel, and fetches eight times as many, so that slow hosts block none.

    `queue` more calls may wait. A video is in a new folder under `media` (by default the system's temporary folder)
    while it is judged. `at_once` processes stay warm; `warm_up` starts them ahead of the first call, `close` ends
    them. Videos in `uploads` are not fetched. With `judges`, e.g. a cluster, fetched files are judged there.
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
    trial: Trial = field(init=False)
    _judges: Judges = field(init=False)

    def __post_init__(self) -> None:
        self.fetches = Places(8 * self.at_once)
        self.analyses = Places(self.at_once)
        self._judges = self.judges or Sandbox(self.judging, kept=self.at_once, beside=self.media)
        self.trial = Trial(self._judges, self.analyses)

    @property
    def waits(self) -> float:
        """Longest wait for places in seconds, if files take a quarter of their limit on average."""
        return self.fetching.seconds + math.ceil(self.queue / self.at_once) * self.judging.seconds / 4

    @property
    def seconds(self) -> float:
        """Longest duration of `answer`: waiting for places, fetching and judging."""
        return self.waits + self.fetching.seconds + self.judging.seconds

    def check(self, given: Mapping[str, Any]) -> None:
        """Refuse a request whose URL can never be fetched; raises InvalidUrl."""
        # `answer` reports a deleted upload, because a repeated call finds its stored answer without the upload.
        if self.uploads is None or self.uploads.named_in(given["VideoUrl"]) is None:
            check_url(given["VideoUrl"], self.fetching)

    def received_at(self, given: Mapping[str, Any]) -> datetime | None:
        """When the last byte of an upload came; None for a URL that is still to be fetched."""
        upload = self.uploads.named_in(given["VideoUrl"]) if self.uploads else None
        if self.uploads is None or upload is None:
            return None
        try:
            return datetime.fromtimestamp(self.uploads.find(upload).received_at, UTC)
        except UploadGone:
            return None

    async def answer(self, given: Mapping[str, Any], progress: Progress | None = None) -> Answer:
        """Fetch and judge the video; raises IntakeError or AnalysisError."""
        return await self._answer(given, progress, None, None)

    async def answer_to(
        self, challenge: Challenge, given: Mapping[str, Any], received: Received, progress: Progress | None = None
    ) -> Answer:
        """Fetch the video, judge it and whether it answers `challenge`; raises as `answer`, and as `received`."""
        return await self._answer(given, progress, challenge, received)

    async def _answer(
        self,
        given: Mapping[str, Any],
        progress: Progress | None,
        challenge: Challenge | None,
        received: Received | None,
    ) -> Answer:
        tell = progress or (lambda stage, share: None)
        with media_folder(self.media) as folder:
            # Our own file name, so that decoders see no name of the caller's.
            path = folder / "video"
            async with self.fetches.one():
                tell("fetching", 0.0)
                upload = await self.uploads.lend(given["VideoUrl"], path) if self.uploads else None
                if upload is None:
                    with stage(CallStage.FETCH):
                        await fetch_file(given["VideoUrl"], path, self.fetching)
            if received is not None:
                received((self.received_at(given) if upload else None) or datetime.now(UTC))
            with self.used_up([upload] if upload else []):
                container_of(path)
                async with self.analyses.one():
                    tell("looking", FETCHING_SHARE)
                    judged = await self.judge(
                        path,
                        lambda stage, share: tell(stage, FETCHING_SHARE + (1 - FETCHING_SHARE) * share),
                        challenge=challenge,
                    )
        return Answer(elements=judged.elements, report=judged.liveness)

    async def judge(
        self,
        path: Path,
        progress: Progress | None = None,
        kind: Kind = "video",
        challenge: Challenge | None = None,
    ) -> Judged:
        """Judge a local file; raises like `Sandbox.judge`.

        When it fails, the trial tells whether that is the file's fault: if not, it is AnalysisUnavailable.
        """
        with stage(CallStage.ANALYSIS):
            try:
                judged = await self._judges.judge(path, progress, kind, challenge)
            except UnusableVideo:
                self.trial.works, self.trial.known_at = True, time.monotonic()
                raise
            except AnalysisFailed:
                if await self.trial.now():
                    raise
                raise AnalysisUnavailable from None
            except (AnalysisTimeout, AnalysisError):
                # Possibly the service's fault: tried again soon.
                self.trial.known_at = -math.inf
                raise
            self.trial.works, self.trial.known_at = True, time.monotonic()
            return judged

    def fetching_place(self) -> AbstractAsyncContextManager[None]:
        """A place to fetch, for another service of this machine."""
        return self.fetches.one()

    def judging_place(self) -> AbstractAsyncContextManager[None]:
        """A place to judge, for another service of this machine; all services share its places."""
        return self.analyses.one()

    async def warm_up(self) -> None:
        """Start the processes ahead of the first call, and try whether they work."""
        await self._judges.warm_up()
        await self.trial.known()

    async def close(self) -> None:
        """End the idle processes."""
        await self._judges.close()

    @contextmanager
    def used_up(self, lent: Sequence[str]) -> Iterator[None]:
        """Delete uploads once they are judged or one is unusable; after any other failure they stay for a retry."""
        unusable: UnusableVideo | None = None
        try:
            yield
        except UnusableVideo as error:
            unusable = error
        for upload in lent:
            assert self.uploads is not None
            self.uploads.judged(upload)
        if unusable is not None:
            raise unusable

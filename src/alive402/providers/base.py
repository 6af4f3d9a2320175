"""Protocols of providers and of judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from alive402.intake.sandbox import Judged, Kind, Progress
from alive402.liveness import Challenge

Received = Callable[[datetime], None]
"""Called with the time at which the last byte of the video came; may raise, and then the video is not judged."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON-ready answer: `elements` exactly as Alibaba's, and our own `report` with a `verdict` of one word."""

    elements: list[dict[str, Any]]
    report: dict[str, Any]


class Judges(Protocol):
    """Judges local files, in processes of this machine or on a cluster."""

    async def judge(
        self,
        path: Path,
        progress: Progress | None = None,
        kind: Kind = "video",
        challenge: Challenge | None = None,
    ) -> Judged:
        """Judge the file at `path`, and whether it answers `challenge`.

        When the caller is cancelled, the work is stopped.

        Raises:
            AnalysisError: the file cannot be judged, the models are missing, or the analyzer failed.
            AnalysisTimeout: judging took too long and was stopped.
        """
        ...

    async def warm_up(self) -> None:
        """Prepare ahead of the first file."""
        ...

    async def close(self) -> None:
        """End everything that was started."""
        ...


class Provider(Protocol):
    """Answers the requests of one service; `given` is a request that passed its input schema."""

    @property
    def seconds(self) -> float:
        """Longest duration of `answer`, waiting included."""
        ...

    def check(self, given: Mapping[str, Any]) -> None:
        """Refuse a request that `answer` would always refuse, before it is paid for.

        Raises:
            InvalidUrl: a URL in it would never be fetched.
        """
        ...

    async def answer(self, given: Mapping[str, Any], progress: Progress | None = None) -> Answer:
        """Answer one request; `progress` gets each stage and the share of the whole that is done, which never falls.

        Raises:
            IntakeError: the file did not arrive, or could not be judged in time.
            AnalysisError: the file cannot be judged, or the analyzer failed.
        """
        ...


@runtime_checkable
class AsksChallenges(Protocol):
    """A provider that can also check whether a video answers a challenge."""

    def received_at(self, given: Mapping[str, Any]) -> datetime | None:
        """When the last byte of the video came; None where it is still to be fetched."""
        ...

    async def answer_to(
        self, challenge: Challenge, given: Mapping[str, Any], received: Received, progress: Progress | None = None
    ) -> Answer:
        """As `answer`, with `freshness` in the report; `received` is called before the video is judged."""
        ...

"""What every provider of an answer does, wherever it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from alive402.intake.sandbox.pool import Judged, Kind, Progress


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, JSON-ready: `elements` exactly as Alibaba's, and our own `report` with a `verdict` of one word."""

    elements: list[dict[str, Any]]
    report: dict[str, Any]


class Judges(Protocol):
    """Judges files that lie here: processes of this machine, or a cluster."""

    async def judge(self, path: Path, progress: Progress | None = None, kind: Kind = "video") -> Judged:
        """See `Sandbox.judge`."""
        ...

    async def warm_up(self) -> None:
        """Get ready ahead of the first file."""
        ...

    async def close(self) -> None:
        """Let go of all that was started."""
        ...


class Provider(Protocol):
    """Answers the requests of one service; `given` has passed the service's input schema."""

    @property
    def seconds(self) -> float:
        """The longest that `answer` takes, waiting included."""
        ...

    def check(self, given: Mapping[str, Any]) -> None:
        """Refuse at once, before anyone pays, what `answer` would never do.

        Raises:
            InvalidUrl: a URL in it would never be fetched.
        """
        ...

    async def answer(self, given: Mapping[str, Any], progress: Progress | None = None) -> Answer:
        """The answer for one request; `progress` hears of each stage, shares of the whole that never fall.

        Raises:
            IntakeError: it did not arrive, or could not be judged in time.
            AnalysisError: it arrived and cannot be judged, or the analyzer failed.
        """
        ...

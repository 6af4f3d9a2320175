"""What every provider of an answer does, wherever it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from alive402.intake.sandbox import Progress


@dataclass(frozen=True, slots=True)
class Answer:
    """A judged video, JSON-ready: `elements` exactly as Alibaba's, `liveness` our whole report."""

    elements: list[dict[str, Any]]
    liveness: dict[str, Any]


class Provider(Protocol):
    """Judges the video at a URL."""

    @property
    def seconds(self) -> float:
        """The longest that `detect` takes, waiting included."""
        ...

    def check(self, video_url: str) -> None:
        """Refuse at once, before anyone pays, a URL that `detect` would never fetch.

        Raises:
            InvalidUrl: it would not.
        """
        ...

    async def detect(self, video_url: str, progress: Progress | None = None) -> Answer:
        """The answer for one video; `progress` hears of each stage, shares of the whole that never fall.

        Raises:
            IntakeError: it did not arrive, or could not be judged in time.
            AnalysisError: it arrived and cannot be judged, or the analyzer failed.
        """
        ...

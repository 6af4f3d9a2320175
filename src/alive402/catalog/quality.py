"""Measured quality of a service, from its calls and health checks; null where nothing was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Health = Literal["healthy", "degraded", "unhealthy", "unknown"]
# Two-sided 95 %.
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Quality:
    """Measurements of the last 30 days.

    Attributes:
        calls: all calls, unpaid ones too.
        unpaid: calls that were answered with 402.
        worked_on: calls whose video was fetched or judged.
        answered: calls that got a verdict.
        faults: calls that failed by a fault of the service, not of the video.
        latency_ms: median milliseconds of an answer, or None.
        health: result of the last health check, at `checked_at`.
    """

    calls: int = 0
    unpaid: int = 0
    worked_on: int = 0
    answered: int = 0
    faults: int = 0
    latency_ms: int | None = None
    last_call_at: datetime | None = None
    health: Health = "unknown"
    checked_at: datetime | None = None

    @property
    def score(self) -> float | None:
        """The share of worked-on calls without a fault of the service, as its lower 95 % bound (Wilson)."""
        if not self.worked_on:
            return None
        n, share = self.worked_on, 1 - self.faults / self.worked_on
        middle = share + _Z**2 / (2 * n)
        spread = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
        return round((middle - spread) / (1 + _Z**2 / n), 4)

    def to_dict(self) -> dict[str, Any]:
        """`quality` of a catalog entry."""
        return {
            "qualityScore": self.score,
            "healthStatus": self.health,
            "healthCheckedAt": moment(self.checked_at),
            "latencyMs": self.latency_ms,
            "successRate": round(self.answered / self.worked_on, 4) if self.worked_on else None,
            "callCount": self.calls,
            "executionCount": self.worked_on,
            "successCount": self.answered,
            "errorCount": self.worked_on - self.answered,
            "paymentRequireds": self.unpaid,
            "lastCallAt": moment(self.last_call_at),
        }


def moment(at: datetime | None) -> str | None:
    """Format a time for the documents: UTC, seconds, `Z`."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at is not None else None

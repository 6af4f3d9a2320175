"""The thresholds of the movements, read from `thresholds.json`, which also says what they were fitted on."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from alive402.liveness.challenge.steps import KINDS

SIGNALS = ("yaw", "pitch", "mouth")
FILE = Path(__file__).with_name("thresholds.json")


@dataclass(frozen=True, slots=True)
class Limit:
    """The threshold of one movement.

    Attributes:
        signal: `yaw`, `pitch` or `mouth`.
        sign: 1 where the movement makes the signal larger, -1 where smaller.
        threshold: least prominence of the movement, in `unit`.
        unit: unit of the signal.
    """

    signal: str
    sign: int
    threshold: float
    unit: str


@dataclass(frozen=True, slots=True)
class Limits:
    """All thresholds: `movements` by kind; `fitted` says whether they come from people who were asked to move."""

    movements: Mapping[str, Limit]
    fitted: bool
    fitted_on: str

    @classmethod
    def read(cls, path: Path) -> Limits:
        """Read `thresholds.json`.

        Raises:
            ValueError: a movement is missing or unknown, or a threshold is not a positive number.
        """
        table = json.loads(path.read_text(encoding="utf-8"))
        limits = {kind: Limit(**limit) for kind, limit in table["movements"].items()}
        if set(limits) != set(KINDS):
            raise ValueError(f"{path.name} has to name exactly the movements {', '.join(KINDS)}.")
        for kind, limit in limits.items():
            if limit.signal not in SIGNALS or limit.sign not in (1, -1):
                raise ValueError(f"{path.name}: {kind} needs a known signal and a sign.")
            if not (math.isfinite(limit.threshold) and limit.threshold > 0):
                raise ValueError(f"{path.name}: the threshold of {kind} is not a positive number.")
        return cls(limits, bool(table["fitted"]), str(table["fitted_on"]))

    def to_dict(self) -> dict[str, Any]:
        """The thresholds as `read` takes them."""
        return {
            "fitted": self.fitted,
            "fitted_on": self.fitted_on,
            "movements": {
                kind: {"signal": one.signal, "sign": one.sign, "threshold": one.threshold, "unit": one.unit}
                for kind, one in self.movements.items()
            },
        }


@cache
def packaged() -> Limits:
    """The thresholds of this package."""
    return Limits.read(FILE)

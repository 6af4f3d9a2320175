"""The curves of a face over time, as a report shows them beside the movements of a challenge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_POINTS = 150
"""Points of a curve, so that all take at most 4 kB of JSON: 18 seconds at 8 frames a second are shown whole."""
DECIMALS = {"times": 2, "yaw": 1, "pitch": 1, "mouth": 3}


@dataclass(frozen=True, slots=True)
class FreshnessCurves:
    """The curves that the movements were found in; all have the same length, and 0 is the rest before the first step.

    Attributes:
        times: seconds from the first frame.
        yaw: degrees; positive when the person turns to their own left.
        pitch: degrees; positive when the person looks up.
        mouth: opening between the lips in distances of the outer eye corners.
    """

    times: tuple[float, ...]
    yaw: tuple[float, ...]
    pitch: tuple[float, ...]
    mouth: tuple[float, ...]

    def to_dict(self) -> dict[str, list[float]]:
        """The curves, JSON-ready and rounded; of more than `MOST_POINTS` points, as many evenly spaced ones."""
        return {name: _rounded(getattr(self, name), decimals) for name, decimals in DECIMALS.items()}


def _rounded(values: Sequence[float], decimals: int) -> list[float]:
    last = len(values) - 1
    if last >= MOST_POINTS:
        values = [values[round(place * last / (MOST_POINTS - 1))] for place in range(MOST_POINTS)]
    # Adding 0.0 makes -0.0 a plain zero.
    return [round(value, decimals) + 0.0 for value in values]

"""The page of accuracy: errors over the threshold as curves and as a table, for each service that was measured.

`python -m benchmarks.curves` makes the counts in `accuracy.json`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from itertools import pairwise

from markupsafe import Markup, escape

from alive402.catalog import SiteCatalog
from alive402.web.site_pages import render

SIZE = (640, 330)
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 14, 14, 50
_ROWS = tuple(tenth / 10 for tenth in range(1, 10))
_FEW = 10
"""Fewer trials than this say almost nothing; the page says so."""


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """Wrong verdicts of one kind: `errors[i]` of `trials` at the i-th threshold."""

    name: str
    trials: int
    errors: tuple[int, ...]

    @property
    def few(self) -> bool:
        """Whether there were too few trials to conclude anything."""
        return self.trials < _FEW


@dataclass(frozen=True, slots=True)
class ErrorCurves:
    """The error rates of one service over `thresholds`; within `margin` of the engine's `threshold` it is inconclusive.

    `judged` says what was judged, in words; `measured` is the month.
    """

    judged: str
    measured: str
    threshold: float
    margin: float
    thresholds: tuple[float, ...]
    rates: tuple[ErrorRate, ...]

    def at(self, threshold: float) -> list[tuple[ErrorRate, int]]:
        """Each rate with its errors at the threshold nearest to `threshold`."""
        place = min(range(len(self.thresholds)), key=lambda each: abs(self.thresholds[each] - threshold))
        return [(rate, rate.errors[place]) for rate in self.rates]

    def rows(self) -> list[tuple[float, list[tuple[ErrorRate, int]]]]:
        """The rows of the table."""
        return [(threshold, self.at(threshold)) for threshold in _ROWS]

    def drawing(self) -> Markup:
        """The content of an SVG of `SIZE` px: a step line for each rate, the threshold, the inconclusive band."""
        low, high = max(0.0, self.threshold - self.margin), min(1.0, self.threshold + self.margin)
        band = (
            f'<rect class="band" x="{_across(low):.1f}" y="{_TOP}" width="{_across(high) - _across(low):.1f}" '
            f'height="{SIZE[1] - _TOP - _BOTTOM}"/>'
        )
        rule = f'<path class="rule" d="M{_across(self.threshold):.1f} {_TOP}V{SIZE[1] - _BOTTOM}"/>'
        lines = "".join(
            f'<path class="rate rate-{number}" d="{self._steps(rate)}"><title>{escape(rate.name)}</title></path>'
            for number, rate in enumerate(self.rates)
        )
        return Markup(band + _axes() + rule + lines)

    def _steps(self, rate: ErrorRate) -> str:
        shares = [errors / rate.trials for errors in rate.errors]
        path = f"M{_across(self.thresholds[0]):.1f} {_up(shares[0]):.1f}"
        for (_, before), (threshold, share) in pairwise(zip(self.thresholds, shares, strict=True)):
            path += f"H{_across(threshold):.1f}" + (f"V{_up(share):.1f}" if share != before else "")
        return path


@functools.cache
def error_curves() -> dict[str, ErrorCurves]:
    """The measured curves by the id of the service."""
    found = json.loads((files("alive402.web") / "accuracy.json").read_text())
    return {
        service: ErrorCurves(
            one["judged"],
            datetime.strptime(found["measured"], "%Y-%m").strftime("%B %Y"),
            one["threshold"],
            one["margin"],
            tuple(found["thresholds"]),
            tuple(ErrorRate(rate["name"], rate["trials"], tuple(rate["errors"])) for rate in one["rates"]),
        )
        for service, one in found["services"].items()
    }


def measured(services: Collection[str]) -> list[str]:
    """Those of `services` that were measured."""
    return [each for each in services if each in error_curves()]


def page(site: SiteCatalog, services: Sequence[str]) -> str:
    """The page as HTML, with the curves of `services`, ids of the site that were measured."""
    shown = [(service, error_curves()[each]) for each in services if (service := site.find(each)) is not None]
    return render("accuracy.html", site, shown=shown, size=SIZE)


def _axes() -> str:
    right, bottom = SIZE[0] - _RIGHT, SIZE[1] - _BOTTOM
    drawn = ""
    for share in (0, 0.25, 0.5, 0.75, 1):
        drawn += (
            f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{_up(share):.1f}" y2="{_up(share):.1f}"/>'
            f'<text x="{_LEFT - 8}" y="{_up(share) + 4:.1f}" text-anchor="end">{100 * share:.0f} %</text>'
        )
    for level in (0, 0.25, 0.5, 0.75, 1):
        drawn += f'<text x="{_across(level):.1f}" y="{bottom + 20}" text-anchor="middle">{level:g}</text>'
    middle = (_LEFT + right) / 2
    return drawn + f'<text x="{middle}" y="{SIZE[1] - 6}" text-anchor="middle">threshold of the live confidence</text>'


def _across(threshold: float) -> float:
    return _LEFT + threshold * (SIZE[0] - _LEFT - _RIGHT)


def _up(share: float) -> float:
    return _TOP + (1 - share) * (SIZE[1] - _TOP - _BOTTOM)

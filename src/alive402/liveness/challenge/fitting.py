"""Fits the thresholds of the movements on clips of people who were asked to move, and of people who were not.

A threshold is the largest at which at most 2 % of the asked movements are missed, but never so low that clips of people
who were asked nothing show more than 0.1 such movements a second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from alive402.liveness.challenge.answer import EARLIEST, LATEST, REACTION
from alive402.liveness.challenge.fitted import Limits, packaged
from alive402.liveness.challenge.movements import find_movements
from alive402.liveness.challenge.signals import Signals
from alive402.liveness.challenge.steps import KINDS, Challenge

MISSED = 0.02
FALSE_A_SECOND = 0.1
SMALLEST = 0.2
"""Share of the packaged threshold below which nothing is looked for: it would be noise."""
LEAST_PEOPLE, LEAST_MOVEMENTS, LEAST_SECONDS = 30, 50, 100.0
"""Least number of people, of asked movements of each kind, and of seconds of people who were asked nothing, for
thresholds to count as fitted."""


@dataclass(frozen=True, slots=True)
class MovementFit:
    """The fit of one movement.

    Attributes:
        kind, unit: of the movement.
        asked: how many were asked.
        threshold, before: the fitted threshold, and the packaged one.
        missed, missed_before: asked movements that are smaller than each of these.
        false, false_before: such movements a second of people who were asked nothing; None without such clips.
    """

    kind: str
    unit: str
    asked: int
    threshold: float
    before: float
    missed: int
    missed_before: int
    false: float | None
    false_before: float | None


@dataclass(frozen=True, slots=True)
class ThresholdFit:
    """Fitted thresholds.

    Attributes:
        movements: one of each kind.
        limits: the thresholds, with what they were fitted on.
        lacking: why they do not count as fitted; empty where they do.
    """

    movements: tuple[MovementFit, ...]
    limits: Limits
    lacking: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The fit, JSON-ready."""
        return {
            "fitted": self.limits.fitted,
            "fitted_on": self.limits.fitted_on,
            "lacking": list(self.lacking),
            "movements": {
                each.kind: {
                    "unit": each.unit,
                    "asked": each.asked,
                    "threshold": each.threshold,
                    "before": each.before,
                    "missed": each.missed,
                    "missed_before": each.missed_before,
                    "false_a_second": each.false,
                    "false_a_second_before": each.false_before,
                }
                for each in self.movements
            },
        }


def fit_thresholds(asked: Sequence[tuple[Challenge, Signals]], unasked: Sequence[Signals], people: int) -> ThresholdFit:
    """Fit all thresholds; without clips of people who were asked nothing, none becomes lower than the packaged one.

    Args:
        asked: the curves of each answer, with its challenge.
        unasked: the curves of people who were asked nothing.
        people: how many persons answered.
    """
    sizes: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for challenge, signals in asked:
        for kind, size in _asked_sizes(challenge, signals):
            sizes[kind].append(size)
    free: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for signals in unasked:
        for movement in find_movements(signals, 0.0, _lowered()):
            free[movement.kind].append(movement.reach)
    seconds = float(sum(signals.times[-1] - signals.times[0] for signals in unasked if len(signals.times)))
    fits = tuple(_fit(kind, sizes[kind], free[kind], seconds) for kind in KINDS)
    lacking = _lacking(fits, people, seconds)
    fitted_on = (
        f"{sum(each.asked for each in fits)} movements that {people} people were asked for in {len(asked)} clips, and "
        f"{seconds:.0f} s of {len(unasked)} clips of people who were asked nothing."
    )
    now = packaged().movements
    movements = {each.kind: replace(now[each.kind], threshold=each.threshold) for each in fits}
    return ThresholdFit(fits, Limits(movements, not lacking, fitted_on), lacking)


def _lowered() -> Limits:
    now = packaged()
    return replace(
        now,
        movements={kind: replace(limit, threshold=SMALLEST * limit.threshold) for kind, limit in now.movements.items()},
    )


def _asked_sizes(challenge: Challenge, signals: Signals) -> list[tuple[str, float]]:
    """Kind and size of each step's movement, 0 where there is none; at any delay that the engine allows."""
    movements = find_movements(signals, challenge.lead, _lowered())
    return [
        (
            step.kind,
            max(
                (
                    one.reach
                    for one in movements
                    if one.kind == step.kind and step.at + EARLIEST + REACTION <= one.peak <= step.ends + LATEST
                ),
                default=0.0,
            ),
        )
        for step in challenge.steps
    ]


def _fit(kind: str, asked: list[float], free: list[float], seconds: float) -> MovementFit:
    limit = packaged().movements[kind]
    before = limit.threshold
    wanted = float(np.quantile(asked, MISSED, method="lower")) if asked else before
    least = SMALLEST * before if seconds else before
    allowed = math.floor(FALSE_A_SECOND * seconds)
    if len(free) > allowed:
        least = max(least, math.nextafter(sorted(free, reverse=True)[allowed], math.inf))
    threshold = _digits(wanted, math.floor) if wanted > 0 else 0.0
    if threshold < least:
        threshold = _digits(least, math.ceil)

    def false(at: float) -> float | None:
        return round(sum(size >= at for size in free) / seconds, 4) if seconds else None

    return MovementFit(
        kind,
        limit.unit,
        len(asked),
        threshold,
        before,
        sum(size < threshold for size in asked),
        sum(size < before for size in asked),
        false(threshold),
        false(before),
    )


def _digits(value: float, rounding: Any) -> float:
    """A value of four digits, rounded to the side on which the condition that it meets still holds."""
    scale = 10.0 ** (3 - math.floor(math.log10(value)))
    return float(rounding(value * scale) / scale)


def _lacking(fits: Sequence[MovementFit], people: int, seconds: float) -> tuple[str, ...]:
    lacking = []
    if people < LEAST_PEOPLE:
        lacking.append(f"{people} people, at least {LEAST_PEOPLE} are needed")
    for each in fits:
        if each.asked < LEAST_MOVEMENTS:
            lacking.append(f"{each.asked} times {each.kind.replace('_', ' ')}, at least {LEAST_MOVEMENTS} are needed")
    if seconds < LEAST_SECONDS:
        lacking.append(f"{seconds:.0f} s of people who were asked nothing, at least {LEAST_SECONDS:.0f} are needed")
    return tuple(lacking)

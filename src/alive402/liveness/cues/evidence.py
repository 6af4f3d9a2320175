"""Turns a measured value into evidence, by one rule for every cue."""

from __future__ import annotations

from alive402.liveness.report import AttackType, Cue


def silent(
    name: str, unit: str, normal: tuple[float, float], message: str, attack_type: AttackType | None = None
) -> Cue:
    """A cue that could not be measured: no score, and a message with the reason."""
    return Cue(name, None, 0.0, None, unit, normal, message, attack_type)


def ramp(value: float, nothing: float, certain: float) -> float:
    """0 at `nothing` and before, 1 at `certain` and beyond, a straight line between; either may be the larger.

    >>> ramp(3.0, 2.0, 4.0), ramp(9.0, 2.0, 4.0), ramp(0.3, 0.4, 0.2)
    (0.5, 1.0, 0.5)
    """
    return round(min(1.0, max(0.0, (value - nothing) / (certain - nothing))), 6)

"""The reasons and figures of a report in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

COUNTS = 0.005
"""Least weight that is shown as a share of the decision; less rounds to 0 %."""
ALONE = 0.995


def reason_words(verdict: str, reasons: Sequence[Mapping[str, str]]) -> list[str]:
    """The sentences of the reasons; those of an undecided answer say for which side they speak."""
    if verdict != "inconclusive":
        return [reason["message"] for reason in reasons]
    sides = {"live": "For life", "attack": "Against it, but not enough to decide"}
    words = []
    for reason in reasons:
        side = sides.get(reason["code"].rpartition("_")[2])
        words.append(f"{side}: {reason['message']}" if side else reason["message"])
    return words


def share_words(weight: float) -> str:
    """How much a cue moved the decision, in words; empty where it did not."""
    if weight < COUNTS:
        return ""
    return "decides alone" if weight >= ALONE else f"{100 * weight:.0f} % of the decision"


def figure_words(value: float | None, normal: Sequence[float], score: float | None) -> str:
    """A measured value against its usual range; says so where a value outside the range is too little to count."""
    if value is None:
        return "not measured"
    low, high = normal
    usual = f"usually {low:.3g}" if low == high else f"usually {low:.3g} to {high:.3g}"
    outside = not low <= value <= high
    return f"{value:.3g}; {usual}" + (": a little outside, too little to count" if outside and not score else "")

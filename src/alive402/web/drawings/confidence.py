"""Inline SVG drawings of an answer: confidence over time, and a measured value against its normal range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

CURVE = (640, 200)
CURVE_PAD = 44
CUE_TRACK = 260


@dataclass(frozen=True, slots=True)
class CueBar:
    """A value on its axis, in px of the drawing: the normal range as a band, the value as a mark or no mark."""

    low: float
    high: float
    mark: float | None


def curve(points: Sequence[tuple[float, float]], threshold: float) -> Markup:
    """Draw (seconds, confidence 0..1) of one or more frames, in time order: the content of an SVG of `CURVE` px."""
    width, height = CURVE
    longest = max(points[-1][0], 1e-6)
    placed = [(_across(time / longest), _up(level)) for time, level in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"><title>{time:.2f} s: {level:.2f}</title></circle>'
        for (x, y), (time, level) in zip(placed, points, strict=True)
    )
    rule = _up(threshold)
    grid = "".join(
        f'<line class="grid" x1="{CURVE_PAD}" x2="{width - 8}" y1="{_up(level):.1f}" y2="{_up(level):.1f}"/>'
        f'<text x="{CURVE_PAD - 6}" y="{_up(level) + 4:.1f}" text-anchor="end">{level:g}</text>'
        for level in (0, 0.5, 1)
    )
    ends = (
        f'<text x="{CURVE_PAD}" y="{height - 6}">0 s</text>'
        f'<text x="{width - 8}" y="{height - 6}" text-anchor="end">{longest:.1f} s</text>'
    )
    return Markup(
        f"{grid}"
        f'<line class="rule" x1="{CURVE_PAD}" x2="{width - 8}" y1="{rule:.1f}" y2="{rule:.1f}"/>'
        f'<polyline points="{line}"/>{dots}{ends}'
    )


def bar(value: float | None, normal: tuple[float, float]) -> CueBar:
    """Place a value and its normal range on an axis that extends a little beyond both."""
    low, high = normal
    ends = [low, high] if value is None else [low, high, value]
    span = max(max(ends) - min(ends), 1e-9)
    start, scale = min(ends) - 0.12 * span, CUE_TRACK / (1.24 * span)
    mark = None if value is None else (value - start) * scale
    return CueBar((low - start) * scale, (high - start) * scale, mark)


def _across(share: float) -> float:
    return CURVE_PAD + share * (CURVE[0] - CURVE_PAD - 8)


def _up(level: float) -> float:
    return 12 + (1 - level) * (CURVE[1] - 44)

"""Bar charts over time for the operator's page: stacked bars as inline SVG, one bar per interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

BARS = (720, 190)
# Labels are twice as large on a phone, where the drawing is half as large: there is room for them.
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 6, 14, 30
_GAP = 0.18
_WIDEST = 48.0
"""px of a bar and its gap; a few bars stand at the left instead of filling the page."""
_APART = 400
"""px that the labels of the first and the last bar need beside each other."""


def bars(named: Sequence[tuple[str, Mapping[str, float]]], layers: Sequence[str]) -> Markup:
    """The content of an SVG of `BARS` px: one bar for each (name, amount by layer), the first of `layers` lowest.

    A layer has the class `layer-N`, N its index in `layers`. Each bar has its figures as a tooltip.
    """
    width, height = BARS[0] - _LEFT - _RIGHT, BARS[1] - _TOP - _BOTTOM
    highest = max((sum(amounts.values()) for _, amounts in named), default=0)
    top = _round_up(highest)
    step = min(width / max(len(named), 1), _WIDEST)
    drawn = [_grid(level, top, height) for level in (0, top / 2, top)]
    for place, (name, amounts) in enumerate(named):
        x, y = _LEFT + (place + _GAP / 2) * step, float(_TOP + height)
        said = ", ".join(f"{layer} {amounts[layer]:g}" for layer in layers if amounts.get(layer)) or "none"
        parts = ""
        for number, layer in enumerate(layers):
            tall = height * amounts.get(layer, 0) / top
            y -= tall
            if tall:
                parts += (
                    f'<rect class="layer-{number}" x="{x:.1f}" y="{y:.1f}" width="{step * (1 - _GAP):.1f}" '
                    f'height="{tall:.1f}"/>'
                )
        drawn.append(f"<g><title>{escape(name)}: {escape(said)}</title>{parts}</g>")
    if named:
        drawn.append(_label(_LEFT, named[0][0], "start"))
        if len(named) > 1 and step * len(named) > _APART:
            drawn.append(_label(_LEFT + step * len(named), named[-1][0], "end"))
    return Markup("".join(drawn))


def _grid(level: float, top: float, height: float) -> str:
    y = _TOP + height * (1 - level / top)
    return (
        f'<line class="grid" x1="{_LEFT}" x2="{BARS[0] - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{level:g}</text>'
    )


def _label(x: float, words: str, anchor: str) -> str:
    return f'<text x="{x}" y="{BARS[1] - 8}" text-anchor="{anchor}">{escape(words)}</text>'


def _round_up(highest: float) -> float:
    """The end of the axis: 1, 2 or 5 times a power of ten, at least 2."""
    power = 1.0
    while True:
        for digit in (1, 2, 5):
            if digit * power >= max(highest, 2):
                return digit * power
        power *= 10

"""The answer to a challenge for a page: the movements asked and found as an SVG over time, and in words for a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from markupsafe import Markup, escape

_SIZE = (520, 478)
_LEFT, _RIGHT = 58, 8
_PANELS_TOP, _PANEL, _TITLE, _PLOT = 50, 126, 24, 94
_BOTTOM = _PANELS_TOP + 3 * _PANEL - 8
_BREAK = 0.35
"""Seconds between two points over which no line is drawn: the face was not seen."""
_TICKS = (1, 2, 5, 10, 20)

STATUSES = {"answered": "Answered", "not_answered": "Not answered", "unclear": "Unclear"}
STEP_WORDS = {
    "done": "made in its time",
    "missed": "not made",
    "contradicted": "another movement was made",
    "unseen": "the face was not seen",
}
_SIGNS = {
    "done": "M1 8l4 4 8-10",
    "missed": "M2 2l10 10M12 2L2 12",
    "contradicted": "M1 5h12M1 10h12M10 1L4 14",
    "unseen": "M3 4.5a4 4 0 1 1 5.5 3.7c-1 .5-1.5 1-1.5 2.3M7 13v1",
}
"""A mark of 14 px for each status, so that none is known by its colour alone."""


@dataclass(frozen=True, slots=True)
class _Panel:
    """One curve: its sentence, the movements that it shows with their signs, and its least height."""

    signal: str
    title: str
    kinds: Mapping[str, int]
    height: float


_PANELS = (
    _Panel("yaw", "Turn, degrees: the person's left is above 0", {"turn_left": 1, "turn_right": -1}, 30.0),
    _Panel("pitch", "Look, degrees: up is above 0", {"look_up": 1, "look_down": -1}, 22.0),
    _Panel("mouth", "Mouth, in distances of the eye corners", {"open_mouth": 1}, 0.17),
)


@dataclass(frozen=True, slots=True)
class ShownMovement:
    """One step in words."""

    number: int
    asked: str
    window: str
    found: str
    size: str
    status: str
    result: str


@dataclass(frozen=True, slots=True)
class ShownFreshness:
    """The answer in words; `drawing` is the content of an SVG of `size` px, None where the report has no curves.

    `times` says when the steps were shown, and how much later the clip came; empty where a service does not know it.
    """

    status: str
    title: str
    message: str
    bits: float
    fitted: bool
    movements: tuple[ShownMovement, ...]
    drawing: Markup | None
    times: str = ""
    size: tuple[int, int] = _SIZE

    @property
    def summary(self) -> str:
        """The answer in a few words."""
        made = sum(movement.status == "done" for movement in self.movements)
        return f"{self.title}: {made} of {len(self.movements)} movements"


def shown_freshness(freshness: Mapping[str, Any] | None) -> ShownFreshness | None:
    """What a page shows of `freshness` in a report; None without a challenge."""
    if freshness is None:
        return None
    steps, delay = freshness["steps"], freshness["delay"]
    curves = freshness.get("curves") or {}
    return ShownFreshness(
        freshness["status"],
        STATUSES.get(freshness["status"], freshness["status"]),
        freshness["message"],
        freshness["bits"],
        freshness["fitted"],
        tuple(_movement(number, step, delay) for number, step in enumerate(steps, 1)),
        _draw(steps, delay, curves, freshness.get("cuts") or ()) if curves.get("times") else None,
        _times(freshness.get("begun_at"), freshness.get("received_at")),
    )


def _times(begun: str | None, received: str | None) -> str:
    if not begun or not received:
        return ""
    later = (datetime.fromisoformat(received) - datetime.fromisoformat(begun)).total_seconds()
    at = datetime.fromisoformat(begun).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"The movements were shown on {at}, and the last byte of the clip came {later:.0f} seconds later."


def _movement(number: int, step: Mapping[str, Any], delay: float) -> ShownMovement:
    found, value = step["found_at"], step["value"]
    begins, ends = _window(step, delay)
    return ShownMovement(
        number,
        step["kind"].replace("_", " "),
        f"from {begins:.1f} to {ends:.1f} s",
        "" if found is None else f"at {found:.1f} s",
        "" if value is None else f"{value:.3g} {step['unit']}, at least {step['threshold']:.3g}",
        step["status"],
        STEP_WORDS.get(step["status"], step["status"]),
    )


def _window(step: Mapping[str, Any], delay: float) -> tuple[float, float]:
    """Begin and end of a step's window, by the clock of the clip."""
    return step["at"] + delay, step["at"] + step["seconds"] + delay


def _draw(
    steps: Sequence[Mapping[str, Any]], delay: float, curves: Mapping[str, Sequence[float]], cuts: Sequence[float]
) -> Markup:
    times = curves["times"]
    span = max(times[-1], *(_window(step, delay)[1] for step in steps), 1e-6)
    across = (_SIZE[0] - _LEFT - _RIGHT) / span
    drawn = _seconds(span, across)
    for number, step in enumerate(steps, 1):
        drawn += _head(number, step, _window(step, delay), across)
    for place, panel in enumerate(_PANELS):
        drawn += _Plot(panel, _PANELS_TOP + place * _PANEL + _TITLE, across, curves).draw(steps, delay)
    return Markup(drawn + "".join(_cut(time, across) for time in cuts if 0 <= time <= span))


def _cut(time: float, across: float) -> str:
    """A jagged line through all curves where the clip was cut."""
    x = _LEFT + time * across
    jags = "l4 7l-8 14l4 7" * ((_BOTTOM - _PANELS_TOP) // 28)
    return f'<path class="cut" d="M{x:.1f} {_PANELS_TOP}{jags}"><title>cut at {time:.1f} s</title></path>'


def _seconds(span: float, across: float) -> str:
    """The axis of time below all curves."""
    every = next((tick for tick in _TICKS if span / tick <= 8), _TICKS[-1])
    labels = "".join(
        f'<path class="grid" d="M{_LEFT + time * across:.1f} {_PANELS_TOP}V{_BOTTOM + 4}"/>'
        f'<text x="{_LEFT + time * across:.1f}" y="{_BOTTOM + 22}" text-anchor="middle">{time}</text>'
        for time in range(0, int(span) + 1, every)
    )
    middle = (_LEFT + _SIZE[0] - _RIGHT) / 2
    return f'{labels}<text x="{middle:.0f}" y="{_SIZE[1] - 6}" text-anchor="middle">seconds of the clip</text>'


def _head(number: int, step: Mapping[str, Any], window: tuple[float, float], across: float) -> str:
    """The band of a step's window, with its number and the mark of its status above."""
    left, wide = _LEFT + max(window[0], 0) * across, (window[1] - max(window[0], 0)) * across
    middle = left + wide / 2
    sign, kind = _SIGNS.get(step["status"], _SIGNS["unseen"]), "sign done" if step["status"] == "done" else "sign"
    said = f"{number}: {step['kind'].replace('_', ' ')}, {STEP_WORDS.get(step['status'], step['status'])}"
    return (
        f"<g><title>{escape(said)}</title>"
        f'<rect class="window" x="{left:.1f}" y="{_PANELS_TOP}" width="{wide:.1f}" height="{_BOTTOM - _PANELS_TOP}"/>'
        f'<text class="number" x="{middle:.1f}" y="20" text-anchor="middle">{number}</text>'
        f'<path class="{kind}" transform="translate({middle - 7:.1f} 29)" d="{sign}"/></g>'
    )


@dataclass(frozen=True, slots=True)
class _Plot:
    """The plot of one curve, `top` px below the drawing's edge, `across` px a second."""

    panel: _Panel
    top: float
    across: float
    curves: Mapping[str, Sequence[float]]

    def draw(self, steps: Sequence[Mapping[str, Any]], delay: float) -> str:
        """Its axes, where the curve has to peak, the curve, and the peaks that were found."""
        mine = [(number, step) for number, step in enumerate(steps, 1) if step["kind"] in self.panel.kinds]
        levels = {0.0, *(self.panel.kinds[step["kind"]] * step["threshold"] for _, step in mine)}
        right = _SIZE[0] - _RIGHT
        drawn = f'<text x="{_LEFT}" y="{self.top - 6:.1f}">{self.panel.title}</text>'
        for level in sorted(levels):
            y = self._y(level)
            kind = "rule" if level else "zero"
            drawn += f'<path class="{kind}" d="M{_LEFT} {y:.1f}H{right}"/>'
            drawn += f'<text x="{_LEFT - 6}" y="{y + 5:.1f}" text-anchor="end">{level:g}</text>'
        return drawn + "".join(self._goal(step, delay) for _, step in mine) + self._line() + "".join(
            self._peak(number, step) for number, step in mine if step["found_at"] is not None
        )  # fmt: skip

    def _goal(self, step: Mapping[str, Any], delay: float) -> str:
        """The frame in which the curve has to peak: from the threshold on, as long as the window lasts."""
        begins, ends = _window(step, delay)
        sign = self.panel.kinds[step["kind"]]
        over, under = sorted((self._y(sign * step["threshold"]), self.top if sign > 0 else self.top + _PLOT))
        left = max(begins, 0) * self.across
        return (
            f'<rect class="goal" x="{_LEFT + left:.1f}" y="{over:.1f}" width="{ends * self.across - left:.1f}" '
            f'height="{under - over:.1f}"/>'
        )

    def _line(self) -> str:
        """The curve, broken where the face was not seen."""
        points = list(zip(self.curves["times"], self.curves[self.panel.signal], strict=True))
        apart = sorted(after - before for (before, _), (after, _) in pairwise(points))
        most = max(_BREAK, 2 * apart[len(apart) // 2]) if apart else _BREAK
        path, last = "", None
        for time, value in points:
            joined = last is not None and time - last <= most
            path += f"{'L' if joined else 'M'}{_LEFT + time * self.across:.1f} {self._y(value):.1f}"
            last = time
        return f'<path class="line" d="{path}"/>'

    def _peak(self, number: int, step: Mapping[str, Any]) -> str:
        """A tick through the curve where a movement was found."""
        at = step["found_at"]
        times = self.curves["times"]
        nearest = min(range(len(times)), key=lambda place: abs(times[place] - at))
        x, y = _LEFT + at * self.across, self._y(self.curves[self.panel.signal][nearest])
        return (
            f'<path class="peak" d="M{x:.1f} {y - 9:.1f}V{y + 9:.1f}">'
            f"<title>{number}: {escape(step['kind'].replace('_', ' '))}, found at {at:.2f} s</title></path>"
        )

    def _y(self, value: float) -> float:
        """The place of a value; what is beyond four times the least height lies on the edge."""
        panel, highest = self.panel, self.panel.height
        highest = max(highest, min(1.1 * max(map(abs, self.curves[panel.signal])), 4 * highest))
        lowest = -highest if min(panel.kinds.values()) < 0 else -0.2 * highest
        share = (highest - min(max(value, lowest), highest)) / (highest - lowest)
        return self.top + share * _PLOT

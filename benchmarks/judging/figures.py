"""Figures of a run: the effect of each condition and attack on the verdicts, and whether the bars are met."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alive402.lab import Rate
from alive402.lab.metrics import Auc, Scored
from benchmarks.judging.journal import Answer
from benchmarks.making.conditions import CONDITIONS, CONTROL

MOST_TURNED, MOST_TURNED_BY_ONE = 0.04, 0.12
"""Most verdicts that may turn: of all, and of the people or the attacks under one condition."""
MORE_THAN_CONTROL = 1
"""Wrong answers that a condition of geometry may add to those of the control, of people and of attacks."""
MOST_SPLICED = 0.0
ATTACK_BARS = {
    "still": 0.1,
    "talking photo": 0.1,
    "driven photo": 0.1,
    "2.5-D": 0.1,
    "relief": 0.1,
    "cut-out": 0.1,
    "bent": 0.2,
    "avatar": 0.2,
}
"""Most of an attack, by the start of its name, that may be called live. Other attacks have no bar, only a rate."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of the answers to clips with the same right answer.

    Attributes:
        clips: how many.
        wrong: called the opposite: a person `spoof`, an attack `live`.
        unsure: `inconclusive`.
        unjudged: no verdict, an error code instead.
        turned: right under the control, wrong here.
        lost: right under the control, here neither right nor wrong.
    """

    clips: int = 0
    wrong: int = 0
    unsure: int = 0
    unjudged: int = 0
    turned: int = 0
    lost: int = 0

    @classmethod
    def of(cls, answers: Iterable[Answer], control: Mapping[str, Answer], right: str) -> Tally:
        """Count answers; `control` holds the control's answers by clip, `right` is the right verdict."""
        counts = dict.fromkeys(("clips", "wrong", "unsure", "unjudged", "turned", "lost"), 0)
        for answer in answers:
            wrong = answer.verdict not in (right, "inconclusive", "")
            was_right = answer.clip in control and control[answer.clip].verdict == right
            counts["clips"] += 1
            counts["wrong"] += wrong
            counts["unsure"] += answer.verdict == "inconclusive"
            counts["unjudged"] += answer.verdict == ""
            counts["turned"] += was_right and wrong
            counts["lost"] += was_right and answer.verdict in ("inconclusive", "")
        return cls(**counts)

    def __add__(self, other: Tally) -> Tally:
        names = ("clips", "wrong", "unsure", "unjudged", "turned", "lost")
        return Tally(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def rate(self) -> Rate:
        """Wrong answers as a rate of all clips, judged or not."""
        return Rate(self.wrong, self.clips)

    @property
    def not_right(self) -> Rate:
        """Wrong, unsure and unjudged answers as a rate of all clips."""
        return Rate(self.wrong + self.unsure + self.unjudged, self.clips)


@dataclass(frozen=True, slots=True)
class Line:
    """One condition: answers to people and to attacks, and how well the scores separate them."""

    name: str
    group: str
    people: Tally
    attacks: Tally
    auc: Auc

    @property
    def turned(self) -> Rate:
        """Verdicts that turned from right to wrong, as a rate of all clips."""
        return Rate(self.people.turned + self.attacks.turned, self.people.clips + self.attacks.clips)


@dataclass(frozen=True, slots=True)
class AttackLine:
    """One kind of made attack, or one order of a splice; `bar` is the share that may be called live, or None."""

    name: str
    kind: str
    tally: Tally
    bar: float | None

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None without one, or without an answer."""
        return None if self.bar is None or not self.tally.clips else self.tally.rate.value <= self.bar


@dataclass(frozen=True, slots=True)
class Bar:
    """A required limit, the measured value, and whether it is met."""

    limit: str
    found: str
    met: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of a run.

    Attributes:
        lines: conditions, the control among them.
        attacks: made attacks, then splices.
        codes: how many clips were not judged, by code.
        engine: which one judged.
    """

    lines: tuple[Line, ...]
    attacks: tuple[AttackLine, ...]
    codes: Mapping[str, int]
    engine: str

    @property
    def control(self) -> Line | None:
        """The line of the control."""
        return next((line for line in self.lines if line.name == CONTROL.name), None)

    @property
    def altered(self) -> tuple[Line, ...]:
        """The lines of all conditions but the control."""
        return tuple(line for line in self.lines if line.name != CONTROL.name)

    @property
    def total(self) -> tuple[Tally, Tally]:
        """People and attacks, over all conditions but the control."""
        people, attacks = Tally(), Tally()
        for line in self.altered:
            people, attacks = people + line.people, attacks + line.attacks
        return people, attacks

    def bars(self) -> list[Bar]:
        """The bars that this run measured."""
        found = _turned(self) + _geometry(self)
        for line in self.attacks:
            if line.met is not None and line.bar is not None:
                rate = line.tally.rate
                limit = f"{line.name}: at most {100 * line.bar:g} % called live"
                found.append(Bar(limit, f"{rate.errors} of {rate.trials}", line.met))
        return found


def condition_line(
    name: str, answers: Sequence[Answer], control: Mapping[str, Answer], live: Mapping[str, bool]
) -> Line:
    """Make the line of one condition from its answers, the control's by clip, and the set of bona fide clips."""
    people = [answer for answer in answers if live[answer.clip]]
    attacks = [answer for answer in answers if not live[answer.clip]]
    scores = [math.nan if answer.confidence is None else answer.confidence for answer in (*people, *attacks)]
    labels = [True] * len(people) + [False] * len(attacks)
    return Line(
        name,
        CONDITIONS[name].group,
        Tally.of(people, control, "live"),
        Tally.of(attacks, control, "spoof"),
        Auc.of(Scored.of(scores, labels, ["attack"] * len(labels))),
    )


def attack_line(name: str, kind: str, answers: Iterable[Answer]) -> AttackLine:
    """Make the line of one made attack or splice."""
    bars = (share for start, share in ATTACK_BARS.items() if name.startswith(start))
    bar = MOST_SPLICED if kind == "splice" else next(bars, None)
    return AttackLine(name, kind, Tally.of(answers, {}, "spoof"), bar)


def _turned(figures: Figures) -> list[Bar]:
    lines = [line for line in figures.altered if line.turned.trials]
    if not lines:
        return []
    rate = Rate(sum(line.turned.errors for line in lines), sum(line.turned.trials for line in lines))
    whole = Bar("at most 4 % of all verdicts turn wrong", f"{rate.errors} of {rate.trials}", rate.value <= MOST_TURNED)
    sides = [
        (Rate(tally.turned, tally.clips), line.name, side)
        for line in lines
        for tally, side in ((line.people, "people"), (line.attacks, "attacks"))
        if tally.clips
    ]
    over = [side for side in sides if side[0].value > MOST_TURNED_BY_ONE]
    said = "; ".join(f"{name}: {rate.errors} of {rate.trials} {side}" for rate, name, side in over)
    return [whole, Bar("under no condition over 12 % of people or attacks turn wrong", said or "none", not over)]


def _geometry(figures: Figures) -> list[Bar]:
    control = figures.control
    lines = [line for line in figures.altered if line.group == "geometry"]
    if control is None or not lines:
        return []
    over = []
    for line in lines:
        for now, then, side in ((line.people, control.people, "people"), (line.attacks, control.attacks, "attacks")):
            if now.wrong > then.wrong + MORE_THAN_CONTROL:
                over.append(f"{line.name}: {now.wrong} {side} instead of {then.wrong}")
    return [Bar("geometry: at most 1 more wrong than as they are", "; ".join(over) or "none", not over)]

"""Formats the figures of a run as Markdown tables and as one JSON object."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from alive402.lab import Rate, shown
from benchmarks.judging.figures import AttackLine, Figures, Line, Tally

COLUMNS = "people refused | unsure | not judged | attacks called live | unsure | not judged | turned wrong | lost | AUC"
HEAD = f"| | {COLUMNS} |\n|---|---|---|---|---|---|---|---|---|---|"
ATTACK_HEAD = "| made | called live | unsure | not judged | limit |\n|---|---|---|---|---|"
BAR_HEAD = "| limit | found | met |\n|---|---|---|"


def markdown(figures: Figures) -> Iterator[str]:
    """The lines of the page: conditions with their total, made attacks, required limits."""
    if figures.lines:
        yield HEAD
        group = ""
        for line in figures.lines:
            if line.group not in (group, "control"):
                yield f"| **{line.group}** | | | | | | | | | |"
            group = line.group
            yield _row(line)
        people, attacks = figures.total
        if figures.altered:
            turned = Rate(people.turned + attacks.turned, people.clips + attacks.clips)
            lost = people.lost + attacks.lost
            yield f"| **all conditions** | {_side(people)} | {_side(attacks)} | {said(turned)} | {lost} | |"
        yield ""
    if figures.attacks:
        yield ATTACK_HEAD
        yield from (_attack_row(line) for line in figures.attacks)
        yield ""
    bars = figures.bars()
    if bars:
        yield BAR_HEAD
        yield from (f"| {bar.limit} | {bar.found} | {'yes' if bar.met else 'no'} |" for bar in bars)
        yield ""
    codes = ", ".join(f"{count} {code}" for code, count in sorted(figures.codes.items()))
    yield f"Engine `{figures.engine}`." + (f" Not judged: {codes}." if codes else "")


def as_json(figures: Figures) -> dict[str, Any]:
    """Every figure with its interval; no name of a clip."""
    people, attacks = figures.total
    return {
        "engine": figures.engine,
        "conditions": [
            {
                "name": line.name,
                "group": line.group,
                "people": _tally(line.people),
                "attacks": _tally(line.attacks),
                "turned_wrong": _rate(line.turned),
                "auc": {"value": _finite(line.auc.value), "interval": line.auc.interval},
            }
            for line in figures.lines
        ],
        "total": {"people": _tally(people), "attacks": _tally(attacks)},
        "made": [
            {"name": line.name, "kind": line.kind, "bar": line.bar, "met": line.met, **_tally(line.tally)}
            for line in figures.attacks
        ],
        "not_judged": dict(figures.codes),
        "bars": [asdict(bar) for bar in figures.bars()],
    }


def said(rate: Rate) -> str:
    """Format a rate for the tables: `1 of 38 (.001 to .138)`."""
    return f"{rate.errors} of {rate.trials} ({shown(rate.lower)} to {shown(rate.upper)})" if rate.trials else "none"


def _row(line: Line) -> str:
    lost = line.people.lost + line.attacks.lost
    area = "" if math.isnan(line.auc.value) else f"{shown(line.auc.value)}"
    turned = "" if line.group == "control" else said(line.turned)
    lost_said = "" if line.group == "control" else str(lost)
    return f"| {line.name} | {_side(line.people)} | {_side(line.attacks)} | {turned} | {lost_said} | {area} |"


def _attack_row(line: AttackLine) -> str:
    bar = "" if line.bar is None else f"{100 * line.bar:g} %"
    tally = line.tally
    return f"| {line.name} | {said(tally.rate)} | {tally.unsure} | {tally.unjudged} | {bar} |"


def _side(tally: Tally) -> str:
    return f"{said(tally.rate)} | {tally.unsure} | {tally.unjudged}"


def _tally(tally: Tally) -> dict[str, Any]:
    return asdict(tally) | {"wrong_rate": _rate(tally.rate), "not_right_rate": _rate(tally.not_right)}


def _rate(rate: Rate) -> dict[str, Any]:
    return {"errors": rate.errors, "trials": rate.trials, "interval": rate.interval()}


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else value

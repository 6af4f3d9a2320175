"""Computes the summary of an evaluation from scores: every figure of the report, as frozen data and as JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alive402.lab.metrics import UNNAMED, Auc, BpcerAt, ErrorRates, NonResponse, equal_errors
from alive402.lab.rates import MeanRate, Rate
from alive402.lab.scores import Score, scored

INVERSES = (10, 20, 100)
INCONCLUSIVE = "inconclusive"
BONA_FIDE = "bona fide"


@dataclass(frozen=True, slots=True)
class Point:
    """The errors at one threshold, and the origin of that threshold."""

    name: str
    words: str
    rates: ErrorRates


@dataclass(frozen=True, slots=True)
class Source:
    """One source (presentations filmed together): errors and non-responses at the chosen threshold."""

    name: str
    rates: ErrorRates
    missing: NonResponse


@dataclass(frozen=True, slots=True)
class Summary:
    """Every figure of one evaluation.

    Attributes:
        lines: the scores that were counted: the test group where there is one, else all.
        left_out: how many scores of other groups were not counted.
        auc: of all attacks together.
        eer: the errors where FAR and FRR meet on these same scores; None when one side is empty.
        points: at the engine's own threshold, and at that of the dev set if there is one; the last is chosen.
        bpcer_at: BPCER10, BPCER20, BPCER100.
        missing: non-response rates.
        sources: the same by source.
    """

    lines: tuple[Score, ...]
    left_out: int
    auc: Auc
    eer: ErrorRates | None
    points: tuple[Point, ...]
    bpcer_at: tuple[BpcerAt, ...]
    missing: NonResponse
    sources: tuple[Source, ...]

    @property
    def chosen(self) -> Point:
        """The point at which species, sources and errors are reported."""
        return self.points[-1]

    @property
    def judged(self) -> int:
        """How many presentations got a score."""
        return sum(not math.isnan(line.score) for line in self.lines)

    @property
    def inconclusive(self) -> Rate:
        """Answers that were `inconclusive`; their scores count like all others."""
        return Rate(sum(line.verdict == INCONCLUSIVE for line in self.lines), self.judged)

    @property
    def freshness(self) -> dict[str, Counter[str]]:
        """How many judged presentations with a challenge have each status, by `bona fide` and by species."""
        found: dict[str, Counter[str]] = {}
        for line in self.lines:
            if line.freshness:
                kind = BONA_FIDE if line.bona_fide else line.attack_type or UNNAMED
                found.setdefault(kind, Counter())[line.freshness] += 1
        return dict(sorted(found.items()))

    @property
    def errors(self) -> list[Score]:
        """Presentations on the wrong side of the chosen threshold, worst first."""
        threshold = self.chosen.rates.threshold
        wrong = [
            line for line in self.lines if not math.isnan(line.score) and (line.score >= threshold) != line.bona_fide
        ]
        return sorted(wrong, key=lambda line: (-abs(line.score - threshold), line.name))

    @property
    def non_responses(self) -> list[Score]:
        """Presentations without an answer."""
        return [line for line in self.lines if math.isnan(line.score)]

    def to_dict(self) -> dict[str, Any]:
        """The summary as JSON-ready data, without names of files or persons."""
        return {
            "engines": sorted({line.engine for line in self.lines if line.engine}),
            "presentations": len(self.lines),
            "bona_fide": sum(line.bona_fide for line in self.lines),
            "attacks": sum(not line.bona_fide for line in self.lines),
            "sources": len(self.sources),
            "judged": self.judged,
            "left_out_of_other_groups": self.left_out,
            "level": 0.95,
            "auc": _figure(self.auc.value, self.auc.interval),
            "eer": None if self.eer is None else _mean(self.eer.hter) | {"threshold": self.eer.threshold},
            "bpcer_at": {
                f"bpcer{at.inverse}": _rate(at.rate) | {"threshold": _number(at.threshold)} for at in self.bpcer_at
            },
            "points": {point.name: _errors(point.rates) | {"about": point.words} for point in self.points},
            "inconclusive": _rate(self.inconclusive),
            "non_response": _missing(self.missing)
            | {"codes": dict(sorted(Counter(line.code for line in self.non_responses).items()))},
            **(
                {"freshness": {kind: dict(counts) for kind, counts in self.freshness.items()}} if self.freshness else {}
            ),
            "by_source": {
                source.name: _errors(source.rates) | {"non_response": _missing(source.missing)}
                for source in self.sources
            },
        }


def summarise(lines: Sequence[Score], threshold: float, dev: Sequence[Score] = (), dev_words: str = "") -> Summary:
    """Compute the summary of these scores.

    Args:
        lines: the scores. If some have the group `test`, only those are counted, and those of the group `dev` give the
            threshold unless `dev` is given.
        threshold: the engine's own.
        dev: scores to choose a threshold on (where FAR and FRR meet).
        dev_words: description of `dev`.
    """
    counted = [line for line in lines if line.group == "test"] or list(lines)
    if not dev and len(counted) < len(lines):
        dev, dev_words = [line for line in lines if line.group == "dev"], "the dev group of the same data"
    table = scored(counted)
    points = [Point("engine", "the engine's own operating point", ErrorRates.at(table, threshold))]
    met = equal_errors(scored(dev)) if dev else None
    if met is not None:
        words = f"where FAR and FRR meet on {dev_words or 'the dev set'} ({_eer_words(met)})"
        points.append(Point("dev", words, ErrorRates.at(table, met.threshold)))
    level = points[-1].rates.threshold
    return Summary(
        lines=tuple(counted),
        left_out=len(lines) - len(counted),
        auc=Auc.of(table),
        eer=equal_errors(table),
        points=tuple(points),
        bpcer_at=tuple(BpcerAt.of(table, inverse) for inverse in INVERSES),
        missing=table.non_response(),
        sources=tuple(
            _source(name, [line for line in counted if line.source == name], level)
            for name in sorted({line.source for line in counted})
        ),
    )


def _source(name: str, lines: list[Score], threshold: float) -> Source:
    table = scored(lines)
    return Source(name or "not named", ErrorRates.at(table, threshold), table.non_response())


def _eer_words(met: ErrorRates) -> str:
    return f"EER there {met.hter}"


def _errors(rates: ErrorRates) -> dict[str, Any]:
    worst = rates.worst
    return {
        "threshold": rates.threshold,
        "bpcer": _rate(rates.bpcer),
        "apcer": {name: _rate(rate) for name, rate in rates.apcer.items()},
        "apcer_worst": None if worst is None else {"species": worst[0]} | _rate(worst[1]),
        "acer": _mean(rates.acer),
        "hter": _mean(rates.hter),
    }


def _missing(missing: NonResponse) -> dict[str, Any]:
    return {"bpnrr": _rate(missing.bpnrr), "apnrr": {name: _rate(rate) for name, rate in missing.apnrr.items()}}


def _rate(rate: Rate) -> dict[str, Any]:
    return {"errors": rate.errors, "trials": rate.trials} | _figure(rate.value, (rate.lower, rate.upper))


def _mean(mean: MeanRate) -> dict[str, Any]:
    return _figure(mean.value, mean.interval)


def _figure(value: float, interval: tuple[float, float]) -> dict[str, Any]:
    return {"value": _number(value), "interval": [_number(end) for end in interval]}


def _number(value: float) -> float | None:
    """Round to six decimals; None for NaN, which JSON does not have."""
    return None if np.isnan(value) else round(float(value), 6)

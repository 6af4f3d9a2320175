"""ISO/IEC 30107-3 error rates of presentation attack detection, each with its exact interval; higher score = bona fide.

Sources: ISO/IEC 30107-3:2023, 3.2 (APCER, BPCER, APNRR, BPNRR; APCER is reported per PAI species, never pooled);
Clopper and Pearson 1934 (exact binomial intervals); Newcombe 2006 (interval of an AUC). ACER, EER and HTER are not the
standard's: papers report them. A score at or above the threshold counts as bona fide. A score of NaN is a failure to
acquire: it counts in no error rate, only in the non-response rates. bob.pad.base uses the same conventions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from alive402.lab.rates import LEVEL, MeanRate, Rate, shown

Floats = npt.NDArray[np.float64]

UNNAMED = "unknown"


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """n presentations with their scores, the input of every metric.

    Attributes:
        scores: (n,) float64, higher = bona fide, NaN = failure to acquire.
        bona_fide: (n,) bool.
        species: (n,) str, the PAI species of an attack; ignored for a bona fide presentation.

    >>> scored = Scored.of([0.9, 0.4, 0.6, float("nan")], [True, True, False, False], ["", "", "print", "replay"])
    >>> scored.live.tolist(), {name: found.tolist() for name, found in scored.attacks.items()}
    ([0.4, 0.9], {'print': [0.6], 'replay': []})
    """

    scores: Floats
    bona_fide: npt.NDArray[np.bool_]
    species: npt.NDArray[np.str_]

    @classmethod
    def of(cls, scores: Iterable[float], bona_fide: Iterable[bool], species: Iterable[str]) -> Scored:
        """From lists of one length."""
        names = [name or UNNAMED for name in species]
        made = cls(np.array(list(scores), np.float64), np.array(list(bona_fide), np.bool_), np.array(names, np.str_))
        if not len(made.scores) == len(made.bona_fide) == len(made.species):
            raise ValueError("scores, bona_fide and species differ in length")
        return made

    @property
    def live(self) -> Floats:
        """Scores of the bona fide presentations that got one, ascending."""
        return _sorted(self.scores[self.bona_fide])

    @property
    def attacks(self) -> dict[str, Floats]:
        """Scores of the attacks that got one, ascending, by PAI species."""
        return {name: _sorted(self.scores[self._of(name)]) for name in self._names()}

    @property
    def pooled(self) -> Floats:
        """Scores of all attacks that got one, ascending. For AUC, EER and HTER only: APCER is never pooled."""
        return _sorted(self.scores[~self.bona_fide])

    def non_response(self) -> NonResponse:
        """The non-response rates of each kind."""
        missing = np.isnan(self.scores)
        attacks = {name: Rate(int(missing[self._of(name)].sum()), int(self._of(name).sum())) for name in self._names()}
        return NonResponse(attacks, Rate(int(missing[self.bona_fide].sum()), int(self.bona_fide.sum())))

    def _names(self) -> list[str]:
        return sorted(set(self.species[~self.bona_fide].tolist()))

    def _of(self, name: str) -> npt.NDArray[np.bool_]:
        mine: npt.NDArray[np.bool_] = ~self.bona_fide & (self.species == name)
        return mine


@dataclass(frozen=True, slots=True)
class NonResponse:
    """APNRR by PAI species and BPNRR (ISO/IEC 30107-3:2023, 3.2): rates of presentations without an answer.

    >>> nan = float("nan")
    >>> print(Scored.of([0.9, nan, 0.2], [True, True, False], ["", "", "print"]).non_response().bpnrr)
    1/2 = .500 (.013 to .987)
    """

    apnrr: Mapping[str, Rate]
    bpnrr: Rate


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """The errors at one threshold (ISO/IEC 30107-3:2023, 3.2).

    Attributes:
        threshold: scores at or above it count as bona fide.
        apcer: attack presentations taken for bona fide, by PAI species.
        bpcer: bona fide presentations taken for attacks.
        accepted: attacks of all species taken for bona fide; papers call it FAR. For HTER only.

    >>> scored = Scored.of([0.9, 0.4, 0.6, 0.2, 0.1], [True, True, False, False, False],
    ...                    ["", "", "print", "replay", "replay"])
    >>> rates = ErrorRates.at(scored, threshold=0.5)
    >>> rates.bpcer.value, {name: rate.value for name, rate in rates.apcer.items()}
    (0.5, {'print': 1.0, 'replay': 0.0})
    >>> rates.worst, rates.acer.value, round(rates.hter.value, 4)
    (('print', Rate(errors=1, trials=1)), 0.75, 0.4167)
    """

    threshold: float
    apcer: Mapping[str, Rate]
    bpcer: Rate
    accepted: Rate

    @classmethod
    def at(cls, scored: Scored, threshold: float) -> ErrorRates:
        """Count the errors at a threshold."""
        apcer = {name: _accepted(scores, threshold) for name, scores in scored.attacks.items()}
        live = scored.live
        refused = Rate(int(np.searchsorted(live, threshold)), len(live))
        return cls(threshold, apcer, refused, _accepted(scored.pooled, threshold))

    @property
    def worst(self) -> tuple[str, Rate] | None:
        """The species with the highest APCER; None if no attack was judged."""
        judged = [(rate.value, name) for name, rate in self.apcer.items() if rate.trials]
        return (max(judged)[1], self.apcer[max(judged)[1]]) if judged else None

    @property
    def acer(self) -> MeanRate:
        """Mean of the worst APCER and BPCER."""
        return MeanRate.worst([rate for rate in self.apcer.values() if rate.trials], self.bpcer)

    @property
    def hter(self) -> MeanRate:
        """Half total error rate: mean of FAR (all attacks together) and FRR (= BPCER)."""
        return MeanRate.of(self.accepted, self.bpcer)


@dataclass(frozen=True, slots=True)
class BpcerAt:
    """BPCER at a fixed security level (ISO/IEC 30107-3:2023, 3.2): BPCER20 is that at an APCER of at most 5 %.

    The threshold is the lowest attack score at which at most 1 in `inverse` of any species is at or above it, or just
    above the highest score where none may pass, as in bob.pad.base. With fewer than `inverse` attacks of a species,
    none of them may pass.

    >>> scored = Scored.of([0.9, 0.8, 0.5, 0.3, 0.6, 0.4, 0.2], [True] * 4 + [False] * 3, [""] * 4 + ["print"] * 3)
    >>> BpcerAt.of(scored, 20).rate, BpcerAt.of(scored, 3).rate, BpcerAt.of(scored, 3).threshold
    (Rate(errors=2, trials=4), Rate(errors=2, trials=4), 0.6)
    """

    inverse: int
    threshold: float
    rate: Rate

    @classmethod
    def of(cls, scored: Scored, inverse: int) -> BpcerAt:
        """BPCER at an APCER of at most 1 / inverse for every species; NaN and no trial without attacks."""
        lowest = [_lowest_threshold(found, 1 / inverse) for found in scored.attacks.values() if len(found)]
        if not lowest:
            return cls(inverse, float("nan"), Rate(0, 0))
        return cls(inverse, max(lowest), ErrorRates.at(scored, max(lowest)).bpcer)


@dataclass(frozen=True, slots=True)
class Auc:
    """The probability that a bona fide presentation scores above an attack; ties count half (Mann and Whitney 1947).

    >>> area = Auc.of(Scored.of([0.9, 0.4, 0.6, 0.2], [True, True, False, False], ["", "", "print", "print"]))
    >>> area.value, [round(end, 3) for end in area.interval]
    (0.75, [0.227, 0.967])
    """

    value: float
    interval: tuple[float, float]

    @classmethod
    def of(cls, scored: Scored) -> Auc:
        """The AUC of all attacks together; NaN when one side is empty."""
        live, attacks = scored.live, scored.pooled
        if not len(live) or not len(attacks):
            return cls(float("nan"), (0.0, 1.0))
        below, upto = np.searchsorted(attacks, live, "left"), np.searchsorted(attacks, live, "right")
        value = float((below + upto).sum() / (2 * len(live) * len(attacks)))
        return cls(value, _area_interval(value, len(live), len(attacks)))

    def __str__(self) -> str:
        return f"{shown(self.value)} ({shown(self.interval[0])} to {shown(self.interval[1])})"


def equal_errors(scored: Scored) -> ErrorRates | None:
    """The errors where FAR and FRR are closest; their mean (`hter`) is the EER. None when one side is empty.

    The threshold is midway between two scores. Chosen on a dev set and applied to another set, it gives the HTER.

    >>> scored = Scored.of([0.9, 0.7, 0.5, 0.6, 0.3, 0.1], [True] * 3 + [False] * 3, [""] * 3 + ["print"] * 3)
    >>> rates = equal_errors(scored)
    >>> rates.threshold, round(rates.hter.value, 4)
    (0.55, 0.3333)
    """
    live, attacks = scored.live, scored.pooled
    if not len(live) or not len(attacks):
        return None
    levels = np.unique(np.concatenate([live, attacks]))
    between = [(low + high) / 2 for low, high in pairwise(levels.tolist())]
    tried = np.array([levels[0], *between, np.nextafter(levels[-1], np.inf)])
    accepted, refused = curve(live, attacks, tried)
    return ErrorRates.at(scored, float(tried[int(np.abs(accepted - refused).argmin())]))


def curve(live: Floats, attacks: Floats, thresholds: Floats) -> tuple[Floats, Floats]:
    """The shares (attacks accepted, bona fide refused) at each threshold; both score arrays must be ascending.

    >>> accepted, refused = curve(np.array([0.4, 0.9]), np.array([0.2, 0.6]), np.array([0.0, 0.5, 1.0]))
    >>> accepted.tolist(), refused.tolist()
    ([1.0, 0.5, 0.0], [0.0, 0.5, 1.0])
    """
    accepted = 1 - np.searchsorted(attacks, thresholds) / max(len(attacks), 1)
    return accepted, np.searchsorted(live, thresholds) / max(len(live), 1)


def _sorted(scores: Floats) -> Floats:
    return np.sort(scores[~np.isnan(scores)])


def _accepted(scores: Floats, threshold: float) -> Rate:
    return Rate(len(scores) - int(np.searchsorted(scores, threshold)), len(scores))


def _lowest_threshold(scores: Floats, share: float) -> float:
    """The lowest (ascending) score with at most `share` of the scores at or above it, or just above the highest."""
    levels = np.unique(scores)
    passing = (len(scores) - np.searchsorted(scores, levels)) / len(scores) <= share
    return float(levels[passing][0]) if passing.any() else float(np.nextafter(scores[-1], np.inf))


def _area_interval(value: float, live: int, attacks: int) -> tuple[float, float]:
    """Newcombe's method 5, valid at 0 and 1 too: the areas whose standard error covers the measured area."""
    spread, pairs = float(ndtri((1 + LEVEL) / 2)), (live + attacks) / 2 - 1

    def outside(area: float) -> bool:
        shape = 1 + pairs * (1 - area) / (2 - area) + pairs * area / (1 + area)
        return abs(value - area) > spread * float(np.sqrt(area * (1 - area) * shape / (live * attacks)))

    return _edge(outside, value, 0.0), _edge(outside, value, 1.0)


def _edge(outside: Callable[[float], bool], inside: float, end: float) -> float:
    """The point between an inside point and an end where `outside` becomes true, by bisection."""
    if not outside(end):
        return end
    for _ in range(60):
        middle = (inside + end) / 2
        inside, end = (inside, middle) if outside(middle) else (middle, end)
    return inside

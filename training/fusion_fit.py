"""Fits the numbers of the fusion: a logistic model in which no evidence has a negative weight.

Weights are held near expected values, and sources count alike within a label. So a few dozen clips cannot move them
far, and no source outvotes the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float64]

# Evidence with too few cases in the clips to fit a weight: set by hand, so that a full score outweighs a confident
# network. The other weights are fitted, each held near its expected value.
SET_BY_HAND = {
    "repeats": 14.0,
    "frozen": 13.5,
    "puppet": 13.5,
    "drawn": 13.5,
    "overlay": 13.5,
    "moire": 10.0,
    "flicker": 1.0,
    "pulse": 1.0,
}
EXPECTED = {"mean": 0.5, "percentile": 0.5, "face": 0.5, "planar": 4.0, "bezel": 3.0}
MOST = {"mean": 2.0, "percentile": 2.0, "face": 2.0, "planar": 6.0, "bezel": 6.0}
FREE = ("colourless", "dark", "close", "close_score", "close_face")
"""Conditions of filming: their weights may have either sign, and are held near 0, only weakly."""
SEEN = ("mean", "percentile", "face", *FREE)
"""What our network says of a clip: the names of `Line` in the package's fusion, without the intercept."""
FREE_PULL = 0.02 / 3.0**2
"""Strength of the pull of a FREE weight to 0."""
HELD = 0.3
"""Strength of the pull to the expected values (a Gaussian prior whose width is proportional to the value)."""
STEPS = 2_000


@dataclass(frozen=True)
class Table:
    """Clips as numbers: features (n, k), labels (n,) 1 = bona fide, sources (n,), species (n,), k names.

    `weights` (n,): how much each row counts within its source and label, 1 where it is None.
    """

    features: Floats
    labels: Floats
    sources: npt.NDArray[np.str_]
    species: npt.NDArray[np.str_]
    names: list[str]
    weights: Floats | None = None


def _only(table: Table, chosen: npt.NDArray[np.bool_]) -> Table:
    weights = None if table.weights is None else table.weights[chosen]
    about = table.labels[chosen], table.sources[chosen], table.species[chosen]
    return Table(table.features[chosen], *about, table.names, weights)


def fit(table: Table) -> tuple[float, Floats]:
    """Intercept and non-negative weights by L-BFGS-B; sources count alike within a label.

    The intercept is then moved to where the clips that count fully (weight 1: clean looks) have the fewest errors.

    Weights are held near EXPECTED: fitted freely, those of one fold differ so much from those of the next that scores
    of clips left out can no longer be ranked together.
    """
    weight = np.zeros(len(table.labels))
    for label in (0.0, 1.0):
        for source in set(table.sources[table.labels == label]):
            mine = (table.labels == label) & (table.sources == source)
            share = np.ones(len(mine)) if table.weights is None else table.weights
            weight[mine] = share[mine] / np.sqrt(share[mine].sum())
        weight[table.labels == label] /= weight[table.labels == label].sum()
    expected = np.array([SET_BY_HAND.get(name, EXPECTED.get(name, 0.0)) for name in table.names])
    fixed = np.array([name in SET_BY_HAND for name in table.names])
    most = np.array([MOST.get(name, np.inf) for name in table.names])
    free = np.isin(table.names, FREE)
    pull = np.select([fixed, free], [0.0, FREE_PULL], HELD / (expected + 0.3) ** 2)
    least, most = np.where(fixed, expected, np.where(free, -np.inf, 0.0)), np.where(fixed, expected, most)

    def loss(numbers: Floats) -> tuple[float, Floats]:
        """Weighted log loss and the pull to the expected values, with the gradient; intercept first."""
        odds, away = numbers[0] + table.features @ numbers[1:], numbers[1:] - expected
        error = weight * (_sigmoid(odds) - table.labels)
        value = weight @ np.logaddexp(0, np.where(table.labels == 1, -odds, odds)) + 0.5 * pull @ away**2
        return float(value), np.concatenate([[error.sum()], table.features.T @ error + pull * away])

    bounds = [(-np.inf, np.inf), *zip(least, most, strict=True)]
    start = np.concatenate([[0.0], expected])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": STEPS, "ftol": 1e-12})
    intercept, chosen = float(found.x[0]), np.asarray(found.x[1:])
    odds = intercept + table.features @ chosen
    clean = np.full(len(odds), True) if table.weights is None else table.weights >= 1
    return intercept - _fewest_errors(odds[clean], table.labels[clean]), chosen


def _fewest_errors(odds: Floats, labels: Floats) -> float:
    """The log odds at which BPCER + APCER of these clips is least: the mean of all such points between two clips."""
    levels = np.unique(odds)
    places = (levels[1:] + levels[:-1]) / 2
    live, attack = odds[labels == 1], odds[labels == 0]
    errors = (live < places[:, None]).mean(axis=1) + (attack >= places[:, None]).mean(axis=1)
    return float(places[errors <= errors.min() + 1e-9].mean())


def left_out(table: Table) -> Floats:
    """(n,) probability of each clip by numbers fitted without its source."""
    scores = np.zeros(len(table.labels))
    for source in sorted(set(table.sources)):
        mine = table.sources == source
        intercept, weights = fit(_only(table, ~mine))
        scores[mine] = _sigmoid(intercept + table.features[mine] @ weights)
    return scores


def auc(scores: Floats, labels: Floats) -> float:
    """Area under the ROC curve: the chance that a bona fide clip scores above an attack."""
    live, attack = scores[labels == 1], scores[labels == 0]
    return float((live[:, None] > attack).mean() + 0.5 * (live[:, None] == attack).mean())


def with_expert(table: Table, expert: Table) -> Floats:
    """(n,) probability of each clip when the two networks count half each, fitted as in `left_out`."""
    odds = np.zeros(len(table.labels))
    for source in sorted(set(table.sources)):
        mine = table.sources == source
        intercept, weights = fit(_only(table, ~mine))
        theirs, slopes = fit(_only(expert, ~mine))
        own = np.isin(table.names, SEEN)
        ours = intercept + table.features[mine][:, own] @ weights[own]
        cues = table.features[mine][:, ~own] @ weights[~own]
        odds[mine] = (ours + theirs + expert.features[mine] @ slopes) / 2 + cues
    return _sigmoid(odds)


def _sigmoid(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))))

"""Fit the few numbers of the fusion on labelled clips, and say how well they do on sources they have not seen.

    python -m training.calibrate MANIFEST.csv [--write]

The manifest has the columns file, label (live or spoof), source and, if known, attack; files lie beside it. Figures are
leave-one-source-out: the clips of a source are judged by numbers fitted on all other sources. `--write` then fits on
all of them and replaces `weights/calibration.json`.
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from alive402.liveness import Analyzer, UnusableVideo
from alive402.liveness.decision.fusion import APPEARANCE, EXPERT
from alive402.liveness.networks.appearance import pool
from alive402.liveness.networks.model_files import WEIGHTS, registry

Floats = npt.NDArray[np.float64]

# Evidence of which the clips hold too few cases to fit a weight: set by hand, so that at full score it outweighs a
# confident network. The rest is fitted, each held near what is expected: some tens of clips cannot move it far.
SET_BY_HAND = {
    "repeats": 14.0,
    "frozen": 13.5,
    "puppet": 13.5,
    "drawn": 13.5,
    "moire": 10.0,
    "flicker": 1.0,
    "pulse": 1.0,
}
EXPECTED = {"mean": 0.5, "percentile": 0.5, "planar": 4.0, "bezel": 3.0}
MOST = {"mean": 2.0, "percentile": 2.0, "planar": 6.0, "bezel": 6.0}
HELD = 0.3
"""Strength of the pull to what is expected (a Gaussian prior, its width in proportion)."""
THRESHOLD, MARGIN = 0.5, 0.05
STEPS, RATE = 4_000, 0.1


@dataclass(frozen=True)
class Table:
    """Clips as numbers: features (n, k), labels (n,) 1 = bona fide, sources (n,), species (n,), k names."""

    features: Floats
    labels: Floats
    sources: npt.NDArray[np.str_]
    species: npt.NDArray[np.str_]
    names: list[str]


def read(manifest: Path, expert: str | None = None) -> tuple[Table, Table | None]:
    """Every clip of the manifest, analyzed; those that cannot be judged are named and left out.

    The second table holds the expert's pooled log odds of the same clips, if one is asked.
    """
    analyzer, rows, others = Analyzer(expert=expert), [], []
    labels, sources, species, names = [], [], [], []
    for entry in csv.DictReader(manifest.open()):
        try:
            analysis = analyzer.analyze(manifest.parent / entry["file"])
        except UnusableVideo as error:
            print(f"left out: {entry['file']}: {error.code}")
            continue
        evidence = analysis.report.cues.items()
        cues = {name: cue.score or 0.0 for name, cue in evidence if name not in (APPEARANCE, EXPERT)}
        rows.append([*pool(analysis.looks.live), *cues.values()])
        if analysis.expert is not None:
            others.append(pool(analysis.expert.live))
        names = ["mean", "percentile", *cues]
        labels.append(entry["label"] == "live")
        sources.append(entry["source"])
        species.append(entry.get("attack") or entry["label"])
    about = np.array(labels, float), np.array(sources), np.array(species)
    table = Table(np.array(rows, float), *about, names)
    return table, Table(np.array(others, float), *about, ["mean", "percentile"]) if others else None


def _only(table: Table, chosen: npt.NDArray[np.bool_]) -> Table:
    return Table(
        table.features[chosen], table.labels[chosen], table.sources[chosen], table.species[chosen], table.names
    )


def fit(table: Table) -> tuple[float, Floats]:
    """Intercept and non-negative weights by projected gradient; sources count alike within a label.

    Weights are held near EXPECTED: fitted freely, those of one fold differ so much from those of the next that scores
    of clips left out can no longer be ranked together.
    """
    weight = np.zeros(len(table.labels))
    for label in (0.0, 1.0):
        for source in set(table.sources[table.labels == label]):
            mine = (table.labels == label) & (table.sources == source)
            weight[mine] = 1 / np.sqrt(mine.sum())
        weight[table.labels == label] /= weight[table.labels == label].sum()
    expected = np.array([SET_BY_HAND.get(name, EXPECTED.get(name, 0.0)) for name in table.names])
    fixed = np.array([name in SET_BY_HAND for name in table.names])
    most = np.array([MOST.get(name, np.inf) for name in table.names])
    pull = np.where(fixed, 0.0, HELD / (expected + 0.3) ** 2)
    chosen, intercept = expected.copy(), 0.0
    for _ in range(STEPS):
        error = weight * (_sigmoid(intercept + table.features @ chosen) - table.labels)
        intercept -= RATE * error.sum()
        step = table.features.T @ error + pull * (chosen - expected)
        chosen = np.where(fixed, chosen, np.clip(chosen - RATE * step, 0.0, most))
    odds = intercept + table.features @ chosen
    return float(intercept - _fewest_errors(odds, table.labels)), chosen


def _fewest_errors(odds: Floats, labels: Floats) -> float:
    """The log odds at which BPCER + APCER of these clips is least: the mean of all such places between two clips."""
    levels = np.unique(odds)
    places = (levels[1:] + levels[:-1]) / 2
    live, attack = odds[labels == 1], odds[labels == 0]
    errors = (live < places[:, None]).mean(axis=1) + (attack >= places[:, None]).mean(axis=1)
    return float(places[errors <= errors.min() + 1e-9].mean())


def left_out(table: Table) -> Floats:
    """(n,) probability of each clip, by numbers fitted without its source."""
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
        ours = intercept + table.features[mine][:, :2] @ weights[:2]
        cues = table.features[mine][:, 2:] @ weights[2:]
        odds[mine] = (ours + theirs + expert.features[mine] @ slopes) / 2 + cues
    return _sigmoid(odds)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--expert", help="fit the line of an optional expert too, added with `alive402 models add`")
    parser.add_argument("--write", action="store_true", help="replace weights/calibration.json")
    options = parser.parse_args()
    table, expert = read(options.manifest, options.expert)
    _say(table, left_out(table))
    print(f"network's mean alone: AUC {auc(table.features[:, 0], table.labels):.3f}")
    for name, scores in zip(table.names[2:], table.features[:, 2:].T, strict=True):
        attacks, people = (int((scores[table.labels == label] < 0).sum()) for label in (0, 1))
        print(f"{name} speaks against life on {attacks} attacks and {people} bona fide")
    intercept, weights = fit(table)
    chosen = dict(zip(table.names, weights.round(3).tolist(), strict=True))
    print(f"intercept {intercept:.3f}, weights {chosen}")
    lines = {
        "appearance": {"intercept": round(intercept, 3), "mean": chosen["mean"], "percentile": chosen["percentile"]}
    }
    if expert is not None:
        print(f"with {options.expert}:")
        _say(table, with_expert(table, expert))
        theirs, slopes = (value.round(3).tolist() for value in map(np.asarray, fit(expert)))
        lines["expert"] = {"intercept": theirs, "mean": slopes[0], "percentile": slopes[1]}
    if options.write:
        _write(table, lines, {name: weight for name, weight in chosen.items() if name not in ("mean", "percentile")})


def _say(table: Table, scores: Floats) -> None:
    """The figures of scores that were judged leave-one-source-out."""
    live, attack = scores[table.labels == 1], scores[table.labels == 0]
    print(f"{len(live)} bona fide, {len(attack)} attacks, {len(set(table.sources))} sources, leave-one-source-out:")
    print(f"AUC {auc(scores, table.labels):.3f}")
    refused = int((live < THRESHOLD).sum())
    print(f"BPCER {refused}/{len(live)} = {refused / len(live):.3f} at {THRESHOLD}")
    for kind in sorted(set(table.species[table.labels == 0])):
        mine = scores[(table.species == kind) & (table.labels == 0)]
        accepted = int((mine >= THRESHOLD).sum())
        print(f"APCER {kind}: {accepted}/{len(mine)} = {accepted / len(mine):.3f}")
    print(f"inconclusive {(abs(scores - THRESHOLD) < MARGIN).sum()} of {len(scores)}")


def _write(table: Table, lines: dict[str, dict[str, float]], cues: dict[str, float]) -> None:
    """Replace the package's calibration; the line of an expert that was not fitted now is kept."""
    path = WEIGHTS / "calibration.json"
    before = json.loads(path.read_text())
    if "expert" not in lines and "expert" in before:
        lines["expert"] = before["expert"]
    live = int(table.labels.sum())
    content = {
        "about": f"Fitted on {live} bona fide and {len(table.labels) - live} attack clips of "
        f"{len(set(table.sources))} sources by training/calibrate.py; weights in log odds, never negative. "
        f"Set by hand, for want of cases: {', '.join(SET_BY_HAND)}.",
        "network_sha256": registry()[0]["two_view"].sha256,
        **lines,
        "cues": cues,
        "default": "balanced",
        "operating_points": {"balanced": {"threshold": THRESHOLD, "margin": MARGIN}},
    }
    path.write_text(json.dumps(content, indent=2) + "\n")


def _sigmoid(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))))


if __name__ == "__main__":
    main()

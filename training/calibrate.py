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
from alive402.liveness.appearance import pool
from alive402.liveness.models import WEIGHTS, registry

Floats = npt.NDArray[np.float64]

# Evidence of which the clips hold too few cases to fit a weight: set by hand, so that at full score it outweighs a
# confident network. The rest is fitted.
SET_BY_HAND = {"repeats": 6.0, "moire": 6.0, "flicker": 1.0, "pulse": 1.0}
MOST = {"planar": 6.0, "bezel": 6.0}
THRESHOLD, MARGIN = 0.5, 0.05
RIDGE = 0.002
STEPS, RATE = 6_000, 0.3


@dataclass(frozen=True)
class Table:
    """Clips as numbers: features (n, k), labels (n,) 1 = bona fide, sources (n,), species (n,), k names."""

    features: Floats
    labels: Floats
    sources: npt.NDArray[np.str_]
    species: npt.NDArray[np.str_]
    names: list[str]


def read(manifest: Path) -> Table:
    """Analyze every clip of the manifest; those that cannot be judged are named and left out."""
    analyzer, rows, labels, sources, species, names = Analyzer(), [], [], [], [], []
    for entry in csv.DictReader(manifest.open()):
        try:
            analysis = analyzer.analyze(manifest.parent / entry["file"])
        except UnusableVideo as error:
            print(f"left out: {entry['file']}: {error.code}")
            continue
        cues = {name: cue.score or 0.0 for name, cue in analysis.report.cues.items() if name != "appearance"}
        mean, percentile = pool(analysis.looks.live)
        rows.append([mean, percentile, *cues.values()])
        names = ["mean", "percentile", *cues]
        labels.append(entry["label"] == "live")
        sources.append(entry["source"])
        species.append(entry.get("attack") or entry["label"])
    return Table(np.array(rows, float), np.array(labels, float), np.array(sources), np.array(species), names)


def fit(table: Table) -> tuple[float, Floats]:
    """Intercept and non-negative weights by projected gradient; sources count alike within a label."""
    weight = np.zeros(len(table.labels))
    for label in (0.0, 1.0):
        for source in set(table.sources[table.labels == label]):
            mine = (table.labels == label) & (table.sources == source)
            weight[mine] = 1 / np.sqrt(mine.sum())
        weight[table.labels == label] /= weight[table.labels == label].sum()
    low = np.array([SET_BY_HAND.get(name, 0.0) for name in table.names])
    high = np.array([SET_BY_HAND.get(name, MOST.get(name, 2.0)) for name in table.names])
    chosen, intercept = np.clip(np.ones(len(low)) * 0.5, low, high), 0.0
    for _ in range(STEPS):
        error = weight * (_sigmoid(intercept + table.features @ chosen) - table.labels)
        intercept -= RATE * error.sum()
        chosen = np.clip(chosen - RATE * (table.features.T @ error + RIDGE * chosen * (low < high)), low, high)
    return float(intercept), chosen


def left_out(table: Table) -> Floats:
    """(n,) probability of each clip, by numbers fitted without its source."""
    scores = np.zeros(len(table.labels))
    for source in sorted(set(table.sources)):
        mine = table.sources == source
        rest = Table(
            table.features[~mine], table.labels[~mine], table.sources[~mine], table.species[~mine], table.names
        )
        intercept, weights = fit(rest)
        scores[mine] = _sigmoid(intercept + table.features[mine] @ weights)
    return scores


def auc(scores: Floats, labels: Floats) -> float:
    """Area under the ROC curve: the chance that a bona fide clip scores above an attack."""
    live, attack = scores[labels == 1], scores[labels == 0]
    return float((live[:, None] > attack).mean() + 0.5 * (live[:, None] == attack).mean())


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--write", action="store_true", help="replace weights/calibration.json")
    options = parser.parse_args()
    table = read(options.manifest)
    scores = left_out(table)
    live, attack = scores[table.labels == 1], scores[table.labels == 0]
    print(f"{len(live)} bona fide, {len(attack)} attacks, {len(set(table.sources))} sources, leave-one-source-out:")
    print(f"AUC {auc(scores, table.labels):.3f} (network's mean alone {auc(table.features[:, 0], table.labels):.3f})")
    refused = int((live < THRESHOLD).sum())
    print(f"BPCER {refused}/{len(live)} = {refused / len(live):.3f} at {THRESHOLD}")
    for kind in sorted(set(table.species[table.labels == 0])):
        mine = scores[(table.species == kind) & (table.labels == 0)]
        accepted = int((mine >= THRESHOLD).sum())
        print(f"APCER {kind}: {accepted}/{len(mine)} = {accepted / len(mine):.3f}")
    print(f"inconclusive {(abs(scores - THRESHOLD) < MARGIN).sum()} of {len(scores)}")
    intercept, weights = fit(table)
    chosen = dict(zip(table.names, weights.round(3).tolist(), strict=True))
    print(f"intercept {intercept:.3f}, weights {chosen}")
    if options.write:
        _write(intercept, chosen, len(live), len(attack), len(set(table.sources)))


def _write(intercept: float, chosen: dict[str, float], live: int, attack: int, sources: int) -> None:
    content = {
        "about": f"Fitted on {live} bona fide and {attack} attack clips of {sources} sources by training/calibrate.py; "
        f"weights in log odds, never negative. Set by hand, for want of cases: {', '.join(SET_BY_HAND)}.",
        "network_sha256": registry()[0]["two_view"].sha256,
        "intercept": round(intercept, 3),
        "appearance": {"mean": chosen.pop("mean"), "percentile": chosen.pop("percentile")},
        "cues": chosen,
        "default": "balanced",
        "operating_points": {"balanced": {"threshold": THRESHOLD, "margin": MARGIN}},
    }
    (WEIGHTS / "calibration.json").write_text(json.dumps(content, indent=2) + "\n")


def _sigmoid(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))))


if __name__ == "__main__":
    main()

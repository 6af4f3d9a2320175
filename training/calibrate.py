"""Fits the numbers of the fusion on labelled clips and reports its errors on sources that it was not fitted on.

    python -m training.calibrate MANIFEST.csv [--write]

The manifest has the columns file, label (live or spoof), source and, if known, attack; files lie beside it. The fusion
is fitted on unaltered and altered looks together (`training/alterations.py`), so that its operating point also holds in
other light. Figures are leave-one-source-out: the clips of a source are judged by numbers fitted on all other sources.
`--write` then fits on all of them and replaces `weights/calibration.json`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from alive402.liveness.networks import WEIGHTS, AppearanceNetwork
from alive402.liveness.networks.model_files import registry
from training.alterations import MEASURED
from training.compare import numbers, together
from training.folds import look, pooled
from training.fusion_fit import SEEN, SET_BY_HAND, Floats, Table, auc, fit, left_out, with_expert
from training.harder import HARDER

THRESHOLD, MARGIN = 0.5, 0.15
"""Within the margin of the threshold the verdict is `inconclusive`. Up to .15, a wider margin turns two or three
verdicts on altered looks inconclusive for each wrong one that it prevents; from .15 to .2 it is more than three."""
MARGINS = (0.05, 0.1, MARGIN, 0.2)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--expert", help="fit the line of an optional expert too, added with `alive402 models add`")
    parser.add_argument("--work", type=Path, default=Path("var/training"), help="looks at the clips are kept here")
    parser.add_argument("--write", action="store_true", help="replace weights/calibration.json")
    options = parser.parse_args()
    looked = look(options.manifest, options.work, options.expert)
    (found,) = numbers([AppearanceNetwork(1)], looked, MEASURED | HARDER, conditions=True)
    table, clean = together(looked, found.features), together(looked, {"": found.features[""]})
    scores = left_out(table)
    _say(clean, scores[: len(clean.labels)])
    for margin in MARGINS:
        alone, altered = (_outcomes(one, scores, margin) for one in (clean, table))
        print(f"margin {margin}: {alone} as they are, {altered} with the altered ones")
    print(f"network's mean alone: AUC {auc(found.odds[''], clean.labels):.3f}")
    for name, scores in zip(clean.names[-len(looked.names) :], clean.features[:, -len(looked.names) :].T, strict=True):
        attacks, people = (int((scores[clean.labels == label] < 0).sum()) for label in (0, 1))
        print(f"{name} speaks against life on {attacks} attacks and {people} bona fide")
    intercept, weights = fit(table)
    chosen = dict(zip(table.names, weights.round(3).tolist(), strict=True))
    print(f"intercept {intercept:.3f}, weights {chosen}")
    lines = {"appearance": {"intercept": round(intercept, 3)} | {name: chosen[name] for name in SEEN}}
    if options.expert:
        theirs = Table(
            pooled(looked.expert, looked.clip), clean.labels, clean.sources, clean.species, ["mean", "percentile"]
        )
        print(f"with {options.expert}:")
        _say(clean, with_expert(clean, theirs))
        start, slopes = (value.round(3).tolist() for value in map(np.asarray, fit(theirs)))
        lines["expert"] = {"intercept": start, "mean": slopes[0], "percentile": slopes[1]}
    if options.write:
        _write(clean, lines, {name: weight for name, weight in chosen.items() if name not in SEEN})


def _say(table: Table, scores: Floats) -> None:
    """Print the figures of leave-one-source-out scores."""
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


def _outcomes(table: Table, scores: Floats, margin: float) -> str:
    """How many of the table's clips are wrong and how many inconclusive; `scores` begin with theirs."""
    first = scores[: len(table.labels)]
    near = abs(first - THRESHOLD) < margin
    wrong = ~near & ((first >= THRESHOLD) != (table.labels == 1))
    return f"{wrong.sum()} wrong and {near.sum()} inconclusive of {len(first)}"


def _write(table: Table, lines: dict[str, dict[str, float]], cues: dict[str, float]) -> None:
    """Write the package's calibration; the line of an expert that was not fitted now is kept."""
    path = WEIGHTS / "calibration.json"
    before = json.loads(path.read_text())
    if "expert" not in lines and "expert" in before:
        lines["expert"] = before["expert"]
    live = int(table.labels.sum())
    content = {
        "about": f"Fitted on {live} bona fide and {len(table.labels) - live} attack clips of "
        f"{len(set(table.sources))} sources by training/calibrate.py; weights in log odds, those of evidence never "
        "negative. "
        f"Set by hand, for want of cases: {', '.join(SET_BY_HAND)}.",
        "network_sha256": registry()[0]["two_view"].sha256,
        **lines,
        "cues": cues,
        "default": "balanced",
        "operating_points": {"balanced": {"threshold": THRESHOLD, "margin": MARGIN}},
    }
    path.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()

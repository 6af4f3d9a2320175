"""Measures the single-picture path on the middle frame of each clip: errors, and the calibration of its confidence.

    python -m benchmarks.images MANIFEST.csv [MANIFEST.csv ...] [--json]

Manifests are those of `training.calibrate_images`: clips and photographs. Rates are given with a calibration fitted
without the clip's source, and with the shipped one; inconclusive verdicts are listed separately. The table of
confidences uses five frames of each clip.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from training.calibrate_images import Looks, left_out, read

from alive402.lab import Rate, shown
from alive402.lab.metrics import Auc, ErrorRates, Scored
from alive402.liveness.image.analyzer import packaged

Floats = npt.NDArray[np.float64]

BANDS = (0.0, 0.2, 0.3, 0.5, 0.7, 0.8, 1.0)
HELD_OUT, SHIPPED = "calibration fitted on other sources", "as shipped: its calibration has seen these clips"


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifests", type=Path, nargs="+")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    for manifest in options.manifests:
        if not manifest.is_file():
            print(f"There is no {manifest}: give a manifest (docs/accuracy.md).", file=sys.stderr)
            return 64
    looks = read(*options.manifests)
    held = left_out(looks)
    figures = {
        "clips": len(set(looks.clips)),
        "sources": len(set(looks.sources)),
        "middle_frames": {
            name: _middle(looks, scores) for name, scores in ((HELD_OUT, held), (SHIPPED, looks.confidence))
        },
        "confidence": _bands(looks, held),
        "looks": len(looks.odds),
        "unusable": looks.unusable,
    }
    print(json.dumps(figures) if options.json else "\n".join(_lines(figures)))
    return 0


def _middle(looks: Looks, scores: Floats) -> dict[str, Any]:
    """AUC, errors at the threshold, and the shares of the three verdicts by species."""
    rule, middle = packaged(), looks.middle
    scored = Scored.of(scores[middle], looks.labels[middle] == 1, looks.species[middle])
    area, rates = Auc.of(scored), ErrorRates.at(scored, rule.threshold)
    unsure = np.abs(scores - rule.threshold) < rule.margin
    verdicts = {}
    for species in sorted(set(looks.species)):
        mine = middle & (looks.species == species)
        sure = scores[mine & ~unsure]
        passed = int((sure >= rule.threshold).sum())
        verdicts[species] = {"live": passed, "inconclusive": int((mine & unsure).sum()), "spoof": len(sure) - passed}
    return {
        "auc": {"value": area.value, "interval": area.interval},
        "bpcer": _rate(rates.bpcer),
        "apcer": {name: _rate(rate) for name, rate in rates.apcer.items()},
        "verdicts": verdicts,
    }


def _bands(looks: Looks, scores: Floats) -> list[dict[str, Any]]:
    """For each band of confidence: the claimed confidence, and the number of looks at bona fide clips."""
    table = []
    for low, high in pairwise(BANDS):
        mine = (scores >= low) & ((scores < high) | (high == 1.0))
        live = int(looks.labels[mine].sum())
        claimed = float(scores[mine].mean()) if mine.any() else None
        table.append({"from": low, "to": high, "looks": int(mine.sum()), "bona_fide": live, "claimed": claimed})
    return table


def _rate(rate: Rate) -> dict[str, Any]:
    return {"errors": rate.errors, "trials": rate.trials, "interval": (rate.lower, rate.upper)}


def _lines(figures: dict[str, Any]) -> list[str]:
    said = [f"the middle frame of {figures['clips']} clips of {figures['sources']} sources, alone; 95 % intervals"]
    for name, found in figures["middle_frames"].items():
        area = found["auc"]
        said += [f"  {name}", f"    {'AUC':<22} {shown(area['value']):>11}  {_ends(area)}"]
        for kind, rate in {"BPCER": found["bpcer"], **found["apcer"]}.items():
            count = f"{rate['errors']} of {rate['trials']}"
            said.append(f"    {kind:<22} {count:>11}  {_ends(rate)}")
        for species, verdicts in found["verdicts"].items():
            said.append(f"    {species:<22} " + ", ".join(f"{count} {word}" for word, count in verdicts.items()))
    said.append(f"{figures['looks']} looks at five frames of each clip, calibration fitted on other sources:")
    for band in figures["confidence"]:
        if band["looks"]:
            share = band["bona_fide"] / band["looks"]
            said.append(
                f"  confidence {band['from']:.1f} to {band['to']:.1f}: {band['looks']:>4} looks, claimed "
                f"{band['claimed']:.2f}, bona fide {share:.2f}"
            )
    if figures["unusable"]:
        said.append(f"not judged, and in no figure: {figures['unusable']}")
    return said


def _ends(figure: dict[str, Any]) -> str:
    return f"{shown(figure['interval'][0])} to {shown(figure['interval'][1])}"


if __name__ == "__main__":
    sys.exit(main())

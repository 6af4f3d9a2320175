"""Measures the value of each part: teacher and labels, tight and wide view, each cue; prints Markdown.

    python -m benchmarks.ablation MANIFEST.csv [--network NAME=FILE.onnx ...]

`--network` adds a network from another training (`python -m training all --no-labels`, `--no-teacher`). Every figure of
a fusion is from one fitted without the clip's source.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from alive402.lab.datasets import read
from alive402.liveness.networks import AppearanceNetwork, pool
from alive402.liveness.networks.appearance import Floats
from alive402.liveness.networks.model_files import locate
from benchmarks.evidence import APPEARANCE, HEAD, Scores, Seen, fused, look, row


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--network", action="append", default=[], metavar="NAME=FILE", help="a further network")
    options = parser.parse_args()
    seen = look(read(options.manifest))
    cues = list(seen[0].cues)
    print(f"{HEAD}\n{row('as shipped: all views, all cues', fused(seen, cues), seen)}")
    print(row("no cue", fused(seen, []), seen))
    print(row("without the face alone", fused(seen, cues, APPEARANCE[:2]), seen))
    for name in cues:
        print(row(f"without {name}", fused(seen, [other for other in cues if other != name]), seen))
    for name in cues:
        print(row(f"{name} alone, no network", _alone(seen, name), seen))
    print(f"\nThe network alone, 20th percentile of its frames:\n\n{HEAD}")
    files = [("as shipped", locate("two_view"))]
    files += [(name, Path(file)) for name, file in (one.split("=", 1) for one in options.network)]
    for name, file in files:
        views = _views(seen, AppearanceNetwork(path=file))
        for view, live in views.items():
            print(row(f"{name}, {view}", np.array([_percentile(frames) for frames in live]), seen))


def _views(seen: Sequence[Seen], network: AppearanceNetwork) -> dict[str, list[Floats]]:
    """Score of each sample of each clip by the tight view, the wide one, both, and the face alone."""
    found: dict[str, list[Floats]] = {"tight view": [], "wide view": [], "both": [], "face alone": []}
    for one in seen:
        looks = network.look(one.analysis.samples)
        found["tight view"].append(looks.views[:, 0])
        found["wide view"].append(looks.views[:, 1])
        found["both"].append(looks.live)
        found["face alone"].append(looks.face)
    return found


def _percentile(frames: Floats) -> float:
    return float(1 / (1 + np.exp(-pool(frames)[1])))


def _alone(seen: Sequence[Seen], cue: str) -> Scores:
    """The score of one cue, mapped from -1..1 to 0..1: neutral counts as accepted."""
    return np.array([(one.cues[cue] + 1) / 2 for one in seen])


if __name__ == "__main__":
    main()

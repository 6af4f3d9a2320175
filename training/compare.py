"""Compare networks on real clips: `python -m training.compare --dev MANIFEST.csv NAME=FILE.onnx ...`

For each network: the ranking of clips by the network alone, the decision with the fusion fitted on other sources, and
both again while the looks are altered (`training/alterations.py`). `--json` prints the figures for other programs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from alive402.liveness.networks.appearance import network_input
from training.alterations import MEASURED, Look, usual_faces
from training.folds import Floats, Looked, look, mean_odds, pooled, some_looks
from training.fusion_fit import Table, auc, left_out

AT_ONCE = 16
SEED = 402
THRESHOLD = 0.5
ALTERED_WEIGHT = 0.5
"""Of all altered looks of a clip together, beside 1 of the clean ones, when the fusion is fitted."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One network under one alteration.

    Attributes:
        auc: of the mean log odds of the network alone.
        fused: AUC of the decision; the fusion is fitted on other sources, on clean and altered looks together.
        refused, accepted: bona fide clips under .5, attacks at .5 or over, of that decision.
    """

    auc: float
    fused: float
    refused: int
    accepted: int


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--dev", type=Path, required=True, help="manifest of labelled clips")
    parser.add_argument("--work", type=Path, default=Path("var/training"), help="looks at the clips are kept here")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    looked = look(options.dev, options.work)
    views = dict(altered_views(looked))
    found = {}
    for name, file in (one.split("=", 1) for one in options.networks):
        found[name] = compare(Path(file), looked, views)
        if not options.json:
            print(table(name, found[name], looked), flush=True)
    if options.json:
        print(json.dumps({name: {one: asdict(two) for one, two in some.items()} for name, some in found.items()}))


Views = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def altered_views(looked: Looked) -> Iterator[tuple[str, Views]]:
    """The network's input under each alteration: all looks as they are, then some looks altered."""
    yield "", (network_input(looked.mid), network_input(looked.wide))
    some = some_looks(looked)
    faces = usual_faces(len(some))
    for name, alteration in MEASURED.items():
        rng = np.random.default_rng(SEED)
        changed = [
            alteration(rng, Look((looked.mid[one], looked.wide[one]), face)).views
            for one, face in zip(some, faces, strict=True)
        ]
        yield (
            name,
            (
                network_input([mid for mid, _ in changed]),
                network_input([wide for _, wide in changed]),
            ),
        )


def live(network: Path, views: Views) -> npt.NDArray[np.float32]:
    """(n,) p(live) of n looks, by the exported network."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
    mid, wide = views
    parts = [
        session.run(["p_live"], {"mid_2p7": mid[at : at + AT_ONCE], "wide_4p0": wide[at : at + AT_ONCE]})[0]
        for at in range(0, len(mid), AT_ONCE)
    ]
    return np.concatenate(parts)


def numbers(network: Path, looked: Looked, views: dict[str, Views]) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """By alteration: (m, 2 + k) what the fusion is given of each clip, and (m,) mean log odds of the network alone."""
    some = some_looks(looked)
    features, odds = {}, {}
    for name, view in views.items():
        clip = looked.clip if name == "" else looked.clip[some]
        said = live(network, view)
        odds[name] = mean_odds(said, clip)
        features[name] = np.concatenate([pooled(said, clip), looked.cues], axis=1)
    return features, odds


def compare(network: Path, looked: Looked, views: dict[str, Views]) -> dict[str, Figures]:
    """Figures by alteration; "" is the clips as they are."""
    features, odds = numbers(network, looked, views)
    scores_of = dict(zip(features, np.split(left_out(together(looked, features)), len(features)), strict=True))
    figures = {}
    for name in views:
        scores = scores_of[name]
        people, attacks = scores[looked.labels == 1], scores[looked.labels == 0]
        figures[name] = Figures(
            auc(odds[name], looked.labels.astype(float)),
            auc(scores, looked.labels.astype(float)),
            int((people < THRESHOLD).sum()),
            int((attacks >= THRESHOLD).sum()),
        )
    return figures


def together(looked: Looked, features: dict[str, Floats]) -> Table:
    """All clips as they are ("") and then under each alteration, as one table: what the fusion is fitted on."""
    altered = max(len(features) - 1, 1)
    repeat, count = len(features), len(looked.labels)
    return Table(
        features=np.concatenate(list(features.values())),
        labels=np.tile(looked.labels.astype(float), repeat),
        sources=np.tile(looked.sources, repeat),
        species=np.tile(looked.attacks, repeat),
        names=["mean", "percentile", *looked.names.tolist()],
        weights=np.concatenate([np.full(count, 1.0 if name == "" else ALTERED_WEIGHT / altered) for name in features]),
    )


def table(name: str, figures: dict[str, Figures], looked: Looked) -> str:
    """Readable lines: one alteration a line."""
    people = int(looked.labels.sum())
    attacks = len(looked.labels) - people
    lines = [f"{name}: {people} bona fide, {attacks} attacks", "  looks            alone  fused  refused  accepted"]
    for one, figure in figures.items():
        lines.append(
            f"  {one or 'as they are':<16} {figure.auc:.4f} {figure.fused:.4f} {figure.refused:7d} {figure.accepted:8d}"
        )
    changed = [figure for one, figure in figures.items() if one]
    wrong = sum(figure.refused + figure.accepted for figure in changed) / (len(changed) * (people + attacks))
    lines.append(
        f"  altered, mean    {np.mean([one.auc for one in changed]):.4f} {np.mean([one.fused for one in changed]):.4f}"
        f"  wrong {wrong:.1%}"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()

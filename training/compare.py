"""Compares networks on real clips: `python -m training.compare --dev MANIFEST.csv NAME=FILE.onnx ...`.

For each network: the ranking of clips by the network alone, the decision with the fusion fitted on other sources, and
both again while the looks are altered (`training/alterations.py`). `--stills MANIFEST.csv` adds photographs, each
judged by one look of the network alone. `--teacher FOLDER` adds Silent-Face's networks as published (needs
training/requirements.txt). `--json` prints the figures for other programs.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from alive402.liveness.networks import AppearanceNetwork, Looks, logits
from training.alterations import MEASURED, Alteration, Look, faces_within, usual_faces
from training.folds import Floats, Image, Looked, Stills, look, look_at_stills, mean_odds, pooled, some_looks
from training.fusion_fit import SEEN, Table, auc, left_out
from training.harder import HARDER

SEED = 402
THRESHOLD = 0.5
ALTERED_WEIGHT = 0.5
"""Weight of all altered looks of a clip together when the fusion is fitted; the clean looks have 1."""
REFUSED_SHARE = 0.1
"""Share of the people in photographs that is refused at the threshold at which attacks are counted."""

Views = tuple[Sequence[Image], Sequence[Image], Floats, npt.NDArray[np.float32]]
"""Mid and wide view of n looks, their reach, and the face in each mid view, (n, 4)."""


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


@dataclass(frozen=True, slots=True)
class StillFigures:
    """One network on photographs of one kind of attack: AUC, and how many of n are called live.

    The threshold is where a tenth of the people is refused.
    """

    auc: float
    live: int
    of: int


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NAME=FILE")
    parser.add_argument("--dev", type=Path, required=True, help="manifest of labelled clips")
    parser.add_argument("--stills", type=Path, help="manifest of labelled photographs")
    parser.add_argument("--teacher", type=Path, help="folder with v2_27.onnx and v1se_40.onnx")
    parser.add_argument("--work", type=Path, default=Path("var/training"), help="looks at the clips are kept here")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    networks = {
        name: AppearanceNetwork(1, Path(file)) for name, file in (one.split("=", 1) for one in options.networks)
    }
    if options.teacher:
        networks["teacher"] = published(options.teacher)
    if not networks:
        parser.error("name at least one network, NAME=FILE.onnx, or --teacher")
    looked = look(options.dev, options.work)
    stills = look_at_stills(options.stills, options.work) if options.stills else None
    found = dict(zip(networks, compare(list(networks.values()), looked), strict=True))
    photographs = {name: on_stills(network, stills) for name, network in networks.items()} if stills else {}
    if options.json:
        clips = {name: {one: asdict(two) for one, two in some.items()} for name, some in found.items()}
        kinds = {name: {one: asdict(two) for one, two in some.items()} for name, some in photographs.items()}
        print(json.dumps({"clips": clips, "stills": kinds}))
        return
    for name, figures in found.items():
        print(table(name, figures, looked))
        for kind, figure in photographs.get(name, {}).items():
            print(f"  photographs, {kind:<8} AUC {figure.auc:.3f}, called live {figure.live} of {figure.of}")


def published(teacher: Path) -> AppearanceNetwork:
    """Silent-Face's two networks as they are, behind the interface of ours."""
    from training.two_view import teacher_pair, to_onnx

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "teacher.onnx")
        path.write_bytes(to_onnx(teacher_pair(teacher), {}, pad=False).SerializeToString())
        return AppearanceNetwork(1, path)


def altered_views(looked: Looked, alterations: Mapping[str, Alteration] = MEASURED) -> Iterator[tuple[str, Views]]:
    """Yield the looks under each alteration, one set at a time: all unaltered (""), then some of them altered."""
    yield "", (looked.mid, looked.wide, looked.reach, looked.faces)
    some = some_looks(looked)
    usual, real = usual_faces(len(some)), faces_within(looked.reach[some])
    real[:, 0] = looked.faces[some]
    for name, alteration in alterations.items():
        rng = np.random.default_rng(SEED)
        changed = [
            alteration(rng, Look((looked.mid[one], looked.wide[one]), face))
            for one, face in zip(some, real if name in HARDER else usual, strict=True)
        ]
        views = [one.views[0] for one in changed], [one.views[1] for one in changed]
        if name not in HARDER:
            yield name, (*views, looked.reach[some], looked.faces[some])
            continue
        faces = np.stack([one.faces for one in changed])
        yield name, (*views, 1 / (faces[:, 1, 2:] - faces[:, 1, :2]).max(axis=1), faces[:, 0])


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of one network, by alteration.

    Attributes:
        features: (m, 2 + k) each, what the fusion is given of each clip.
        odds: (m,) each, mean log odds of the network alone.
    """

    features: dict[str, Floats]
    odds: dict[str, Floats]


def numbers(
    networks: Sequence[AppearanceNetwork],
    looked: Looked,
    alterations: Mapping[str, Alteration] = MEASURED,
    conditions: bool = False,
) -> list[Numbers]:
    """Score the clips under each alteration by each network; "" is the unaltered clips.

    With `conditions`, the features are those of `seen_by_clip`; without, the network's score alone and the cues.
    """
    found = [Numbers({}, {}) for _ in networks]
    some = looked.clip[some_looks(looked)]
    for name, views in altered_views(looked, alterations):
        clip = some if name else looked.clip
        for network, one in zip(networks, found, strict=True):
            looks = network.look_at(*views)
            one.odds[name] = mean_odds(looks.live, clip)
            seen = seen_by_clip(looks, clip) if conditions else pooled(looks.live, clip)
            one.features[name] = np.concatenate([seen, looked.cues], axis=1)
    return found


def seen_by_clip(looks: Looks, clip: npt.NDArray[np.int64]) -> Floats:
    """(m, k) float64: what the network says of each of m clips, by the names in SEEN; `clip` (n,) is of each look."""
    alone = logits(looks.face)
    each = [alone, looks.colourless, looks.dark, looks.close, looks.close * logits(looks.live), looks.close * alone]
    means = [np.bincount(clip, one) / np.bincount(clip) for one in each]
    return np.concatenate([pooled(looks.live, clip), np.stack(means, axis=1)], axis=1)


def compare(networks: Sequence[AppearanceNetwork], looked: Looked) -> list[dict[str, Figures]]:
    """Figures of each network by alteration."""
    return [_figures(one, looked) for one in numbers(networks, looked)]


def _figures(one: Numbers, looked: Looked) -> dict[str, Figures]:
    labels = looked.labels.astype(float)
    decided = np.split(left_out(together(looked, one.features)), len(one.features))
    return {
        name: Figures(
            auc(one.odds[name], labels),
            auc(scores, labels),
            int((scores[labels == 1] < THRESHOLD).sum()),
            int((scores[labels == 0] >= THRESHOLD).sum()),
        )
        for name, scores in zip(one.features, decided, strict=True)
    }


def on_stills(network: AppearanceNetwork, stills: Stills) -> dict[str, StillFigures]:
    """Compute the figures on photographs, by kind of attack."""
    odds, people = logits(network.look_at(stills.mid, stills.wide).live), stills.attacks == ""
    threshold = np.quantile(odds[people], REFUSED_SHARE)
    found = {}
    for kind in sorted(set(stills.attacks[~people].tolist())):
        mine = stills.attacks == kind
        chosen = people | mine
        found[kind] = StillFigures(
            auc(odds[chosen], people[chosen].astype(float)), int((odds[mine] >= threshold).sum()), int(mine.sum())
        )
    return found


def together(looked: Looked, features: dict[str, Floats]) -> Table:
    """Join all clips, unaltered ("") and under each alteration, into one table for fitting the fusion."""
    altered = max(len(features) - 1, 1)
    repeat, count = len(features), len(looked.labels)
    seen = SEEN if features[""].shape[1] > 2 + len(looked.names) else SEEN[:2]
    return Table(
        features=np.concatenate(list(features.values())),
        labels=np.tile(looked.labels.astype(float), repeat),
        sources=np.tile(looked.sources, repeat),
        species=np.tile(looked.attacks, repeat),
        names=[*seen, *looked.names.tolist()],
        weights=np.concatenate([np.full(count, 1.0 if name == "" else ALTERED_WEIGHT / altered) for name in features]),
    )


def table(name: str, figures: dict[str, Figures], looked: Looked) -> str:
    """Format the figures as lines of text, one alteration per line."""
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

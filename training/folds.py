"""Looks at real clips, taken once, on which candidate networks are compared source by source, with alterations.

A network is never chosen on rendered samples: the longer it learns from the simulator, the more it drifts to it.
Figures of the fusion are leave-one-source-out.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from alive402 import liveness
from alive402.liveness import Analysis, Analyzer, UnusableVideo
from alive402.liveness.decision.fusion import APPEARANCE, EXPERT
from alive402.liveness.networks import logits, pool

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
LOOKS_ALTERED = 4
"""Altered looks per clip: enough to rank clips, at a quarter of the cost."""


@dataclass(frozen=True, slots=True)
class Looked:
    """The looks at m clips, one after another.

    Attributes:
        mid, wide: (n, 128, 128, 3) uint8 BGR.
        reach: (n,) float64, times the face box that the picture has room for, at most 4.
        faces: (n, 4) float32, the face in each mid view, 0..1 of its side.
        clip: (n,) int, the clip of each look.
        labels: (m,) 1 = bona fide.
        sources, attacks: (m,) str; `attacks` is empty for bona fide.
        cues: (m, k) float64, the score of each cue, and their k `names`.
        expert: (n,) float32, p(live) of each look by an optional expert; empty without one.
    """

    mid: Image
    wide: Image
    reach: Floats
    faces: npt.NDArray[np.float32]
    clip: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    sources: npt.NDArray[np.str_]
    attacks: npt.NDArray[np.str_]
    cues: Floats
    names: npt.NDArray[np.str_]
    expert: npt.NDArray[np.float32]


def look(manifest: Path, work: Path, expert: str | None = None) -> Looked:
    """Analyse every clip of the manifest (file, label, attack, source) by the engine.

    The result is kept in `work` for this state of the engine's code; clips that cannot be judged are named and left
    out.
    """
    kept = work / f"looks-{manifest.parent.name}-{expert or 'alone'}-{_engine()}.npz"
    if kept.exists():
        return Looked(**np.load(kept))
    with manifest.open() as file:
        rows = list(csv.DictReader(file))
    found = collect(_analyzed(manifest.parent, rows, Analyzer(expert=expert)))
    work.mkdir(parents=True, exist_ok=True)
    np.savez(kept, **{name: getattr(found, name) for name in Looked.__slots__})
    return found


@dataclass(frozen=True, slots=True)
class Stills:
    """One look at each of n photographs.

    Attributes:
        mid, wide: (n, 128, 128, 3) uint8 BGR.
        attacks: (n,) str, empty for bona fide.
    """

    mid: Image
    wide: Image
    attacks: npt.NDArray[np.str_]


def look_at_stills(manifest: Path, work: Path) -> Stills:
    """Analyse every photograph of the manifest (file, label, attack) and keep the result, as `look` does."""
    kept = work / f"stills-{manifest.parent.name}-{_engine()}.npz"
    if kept.exists():
        return Stills(**np.load(kept))
    analyzer, mid, wide, attacks = Analyzer(), [], [], []
    with manifest.open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        try:
            sample = analyzer.analyze_image(manifest.parent / row["file"]).sample
        except UnusableVideo as error:
            print(f"  left out {row['file']}: {error.code}", file=sys.stderr)
            continue
        mid.append(sample.mid)
        wide.append(sample.wide)
        attacks.append("" if row["label"] == "live" else row.get("attack") or "attack")
    found = Stills(np.stack(mid), np.stack(wide), np.array(attacks))
    work.mkdir(parents=True, exist_ok=True)
    np.savez(kept, mid=found.mid, wide=found.wide, attacks=found.attacks)
    return found


@dataclass(frozen=True, slots=True)
class About:
    """The facts about a clip apart from its pixels."""

    bona_fide: bool
    source: str
    attack: str


def collect(analyses: Iterable[tuple[About, Analysis]]) -> Looked:
    """Collect analyses of clips into one table of looks."""
    mid, wide, reach, faces, clip, cues, known, experts = [], [], [], [], [], [], [], []
    names: list[str] = []
    for place, (about, analysis) in enumerate(analyses):
        mid += [sample.mid for sample in analysis.samples]
        wide += [sample.wide for sample in analysis.samples]
        reach += [sample.reach for sample in analysis.samples]
        faces += [sample.face for sample in analysis.samples]
        clip += [place] * len(analysis.samples)
        evidence = {name: cue for name, cue in analysis.report.cues.items() if name not in (APPEARANCE, EXPERT)}
        names = list(evidence)
        cues.append([cue.score or 0.0 for cue in evidence.values()])
        known.append(about)
        experts.append(np.zeros(0, np.float32) if analysis.expert is None else analysis.expert.live)
    return Looked(
        np.stack(mid),
        np.stack(wide),
        np.array(reach),
        np.stack(faces),
        np.array(clip),
        np.array([int(one.bona_fide) for one in known]),
        np.array([one.source for one in known]),
        np.array([one.attack for one in known]),
        np.array(cues, float),
        np.array(names),
        np.concatenate(experts),
    )


def _analyzed(folder: Path, rows: Sequence[dict[str, str]], analyzer: Analyzer) -> Iterator[tuple[About, Analysis]]:
    for number, row in enumerate(rows):
        if number % 20 == 0:
            print(f"  looking at clip {number} of {len(rows)}", file=sys.stderr, flush=True)
        try:
            analysis = analyzer.analyze(folder / row["file"])
        except UnusableVideo as error:
            print(f"  left out {row['file']}: {error.code}", file=sys.stderr)
            continue
        yield About(row["label"] == "live", row["source"], row.get("attack") or ""), analysis


def _engine() -> str:
    """Hash of the engine's code, because looks of other code differ."""
    code = b"".join(path.read_bytes() for path in sorted(Path(liveness.__file__).parent.rglob("*.py")))
    return hashlib.sha256(code).hexdigest()[:10]


def pooled(live: npt.NDArray[np.float32], clip: npt.NDArray[np.int64]) -> Floats:
    """(m, 2) float64: (mean, 20th percentile) of the log odds of each clip's looks."""
    return np.array([pool(live[clip == number]) for number in range(int(clip.max()) + 1)])


def mean_odds(live: npt.NDArray[np.float32], clip: npt.NDArray[np.int64]) -> Floats:
    """(m,) float64: mean log odds of each clip's looks."""
    odds = logits(live)
    return np.bincount(clip, odds) / np.bincount(clip)


def some_looks(looked: Looked, most: int = LOOKS_ALTERED) -> npt.NDArray[np.int64]:
    """Indices of at most `most` looks per clip, spread over the clip."""
    chosen = []
    for number in range(len(looked.labels)):
        mine = np.flatnonzero(looked.clip == number)
        chosen.append(mine[np.linspace(0, len(mine) - 1, min(most, len(mine))).round().astype(int)])
    return np.concatenate(chosen)

"""Collects the engine's evidence on labelled clips once, so that tables can omit a part of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from training.fusion_fit import Table, left_out

from alive402.lab import shown
from alive402.lab.datasets import Presentation
from alive402.lab.metrics import Auc, Scored
from alive402.liveness import Analysis, Analyzer, UnusableVideo
from alive402.liveness.networks import logits, pool

Scores = npt.NDArray[np.float64]
APPEARANCE = ("mean", "percentile", "face")


@dataclass(frozen=True)
class Seen:
    """One clip with its analysis."""

    clip: Presentation
    analysis: Analysis

    @property
    def cues(self) -> dict[str, float]:
        """Score of every physical cue, 0 if it has none."""
        found = self.analysis.report.cues.items()
        return {name: cue.score or 0.0 for name, cue in found if name not in ("appearance", "expert")}


def look(clips: Sequence[Presentation], altered: Callable[[Path], Path] = lambda path: path) -> list[Seen]:
    """Analyse each clip, or the file that `altered` makes of it; clips that cannot be judged are left out."""
    analyzer, seen = Analyzer(), []
    for place, clip in enumerate(clips):
        if sys.stderr.isatty():
            print(f"\r{place + 1} of {len(clips)}", end="", file=sys.stderr, flush=True)
        try:
            seen.append(Seen(clip, analyzer.analyze(altered(clip.path))))
        except UnusableVideo:
            continue
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return seen


def table(seen: Sequence[Seen], cues: Sequence[str], appearance: Sequence[str] = APPEARANCE) -> Table:
    """The input of the fusion's fit: these numbers of the network, of APPEARANCE, and these cues."""
    rows = []
    for one in seen:
        looks = one.analysis.looks
        said = dict(zip(APPEARANCE, (*pool(looks.live), float(logits(looks.face).mean())), strict=True))
        rows.append([*(said[name] for name in appearance), *(one.cues[name] for name in cues)])
    return Table(
        features=np.array(rows, float),
        labels=np.array([one.clip.bona_fide for one in seen], float),
        sources=np.array([one.clip.source for one in seen]),
        species=np.array([one.clip.attack_type or "live" for one in seen]),
        names=[*appearance, *cues],
    )


def row(name: str, scores: Scores, seen: Sequence[Seen], threshold: float = 0.5) -> str:
    """A line of a Markdown table: AUC with its interval, people refused and attacks accepted."""
    labels = [one.clip.bona_fide for one in seen]
    area = Auc.of(Scored.of(scores, labels, ["attack"] * len(seen)))
    live = np.array(labels)
    refused, accepted = int((scores[live] < threshold).sum()), int((scores[~live] >= threshold).sum())
    low, high = (shown(end) for end in area.interval)
    errors = f"{refused} of {live.sum()} | {accepted} of {(~live).sum()}"
    return f"| {name} | {shown(area.value)} ({low} to {high}) | {errors} |"


def fused(seen: Sequence[Seen], cues: Sequence[str], appearance: Sequence[str] = APPEARANCE) -> Scores:
    """(n,) probability of each clip by a fusion of these numbers that was fitted without its source."""
    return left_out(table(seen, cues, appearance))


HEAD = "| | AUC | people refused | attacks accepted |\n|---|---|---|---|"

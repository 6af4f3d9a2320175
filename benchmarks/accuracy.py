"""Compares the accuracy of our whole decision, our network alone, and Silent-Face on the same frames in one run.

    python -m benchmarks.accuracy MANIFEST.csv [--peers FOLDER] [--speed-clips N] [--json]

The manifest is one of `alive402 evaluate`; clips with a value in the column `restricted` are also reported separately.
FOLDER holds `silent-face/`; without it only our methods are measured.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from training.alterations import MEASURED
from training.compare import numbers, together
from training.folds import About, collect
from training.fusion_fit import left_out
from training.harder import HARDER

from alive402.lab import Rate
from alive402.lab.datasets import DatasetError, Presentation, read
from alive402.lab.metrics import Auc, ErrorRates, Scored
from alive402.liveness import Analysis, Analyzer, UnusableVideo, VideoFile
from alive402.liveness.faces.samples import crop_around
from alive402.liveness.networks import MID_VIEW, AppearanceNetwork
from benchmarks import accuracy_table, pace
from benchmarks.silent_face import SilentFace

Floats = npt.NDArray[np.float32]

THRESHOLD = 0.5
PERCENTILE = 20
WHOLE, HELD_OUT = "ours, whole clip, as shipped", "ours, whole clip, fusion fitted on other sources"
MEAN, LOW = "mean of frames", "20th percentile"
BY_SOURCE = (HELD_OUT, f"our network, {MEAN}", f"Silent-Face, {MEAN}", f"Silent-Face, {LOW}")


@dataclass(frozen=True)
class Judged:
    """One clip with the engine's analysis and its score by each method."""

    clip: Presentation
    analysis: Analysis
    scores: dict[str, float]


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--peers", type=Path, help="folder that holds silent-face/")
    parser.add_argument("--speed-clips", type=int, default=6, help="clips on which whole decisions are timed")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    peers = options.peers / "silent-face" if options.peers else None
    if peers is not None and not peers.is_dir():
        print(f"There is no {peers}: set PEERS=FOLDER (see docs/accuracy.md), or leave it away.", file=sys.stderr)
        return 64
    try:
        clips = read(options.manifest)
    except DatasetError as error:
        print(f"{error}\nSet MANIFEST=FILE.csv (see docs/accuracy.md).", file=sys.stderr)
        return 64
    judged, unusable = judge(clips, SilentFace(peers, threads=2) if peers else None)
    if not judged:
        print("No clip could be judged.", file=sys.stderr)
        return 3
    figures: dict[str, Any] = {
        "threshold": THRESHOLD,
        "unusable": unusable,
        "clips": {name: _figures(some) for name, some in _subsets(judged)},
        "errors_by_source": _by_source(judged),
        "pace": pace.measure([one.clip.path for one in judged], peers, options.speed_clips),
    }
    print(json.dumps(figures) if options.json else "\n".join(accuracy_table.lines(figures)))
    return 0


def judge(clips: list[Presentation], peer: SilentFace | None) -> tuple[list[Judged], dict[str, int]]:
    """Judge every clip by every method; also counts the clips that could not be judged, by code."""
    analyzer = Analyzer()
    judged: list[Judged] = []
    unusable: dict[str, int] = {}
    for place, clip in enumerate(clips):
        if sys.stderr.isatty():
            print(f"\r{place + 1} of {len(clips)}", end="", file=sys.stderr, flush=True)
        try:
            analysis = analyzer.analyze(clip.path)
        except UnusableVideo as error:
            unusable[error.code] = unusable.get(error.code, 0) + 1
            continue
        scores = {WHOLE: analysis.report.live_confidence} | _pooled("our network", analysis.looks.live)
        if peer is not None:
            scores |= _pooled("Silent-Face", _same_frames(clip.path, analysis, peer))
        judged.append(Judged(clip, analysis, scores))
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return _with_held_out(judged), unusable


def _pooled(name: str, frames: Floats) -> dict[str, float]:
    return {f"{name}, {MEAN}": float(frames.mean()), f"{name}, {LOW}": float(np.percentile(frames, PERCENTILE))}


def _same_frames(path: Path, analysis: Analysis, peer: SilentFace) -> Floats:
    """The peer's score of each frame that our network used, cropped by its own rule around the same face box."""
    samples = {sample.time: sample for sample in analysis.samples}
    crops = []
    with VideoFile(path) as file:
        for frame in file:
            sample = samples.get(frame.time)
            if sample is None:
                continue
            image = frame.bgr()
            ours = crop_around(image, sample.box, MID_VIEW)
            # A face on its side is judged upright; only our crop shows by how much it was turned.
            turns = min(range(4), key=lambda turn: float(np.abs(np.rot90(ours, turn) - 1.0 * sample.mid).mean()))
            crops.append([np.ascontiguousarray(np.rot90(crop, turns)) for crop in peer.crops(image, sample.box)])
    return peer.look(crops)


def _with_held_out(judged: list[Judged]) -> list[Judged]:
    """Add the score of each clip by a fusion fitted without its source; nothing with a single source."""
    sources = np.array([one.clip.source for one in judged])
    labels = np.array([float(one.clip.bona_fide) for one in judged])
    if any(len(set(labels[sources != source])) < 2 for source in set(sources)):
        return judged
    about = [About(one.clip.bona_fide, one.clip.source, one.clip.attack_type or "") for one in judged]
    looked = collect(zip(about, (one.analysis for one in judged), strict=True))
    (found,) = numbers([AppearanceNetwork(1)], looked, MEASURED | HARDER, conditions=True)
    # Fitted like the shipped numbers, on clean and altered looks together; the clean ones come first.
    scores = left_out(together(looked, found.features))[: len(judged)]
    return [
        Judged(one.clip, one.analysis, {WHOLE: one.scores[WHOLE], HELD_OUT: float(score)} | one.scores)
        for one, score in zip(judged, scores, strict=True)
    ]


def _subsets(judged: list[Judged]) -> Iterator[tuple[str, list[Judged]]]:
    """All clips; if some are restricted, also both parts separately."""
    restricted = [one for one in judged if one.clip.notes.get("restricted")]
    yield "all", judged
    if restricted and len(restricted) < len(judged):
        yield "not restricted", [one for one in judged if one not in restricted]
        yield "restricted", restricted


def _figures(judged: list[Judged]) -> dict[str, object]:
    sources = len({one.clip.source for one in judged})
    live = sum(one.clip.bona_fide for one in judged)
    methods = {name: _method(judged, name) for name in judged[0].scores}
    return {"bona_fide": live, "attacks": len(judged) - live, "sources": sources, "methods": methods}


def _scored(judged: list[Judged], method: str) -> Scored:
    return Scored.of(
        (one.scores[method] for one in judged),
        (one.clip.bona_fide for one in judged),
        (one.clip.attack_type for one in judged),
    )


def _method(judged: list[Judged], method: str) -> dict[str, object]:
    table = _scored(judged, method)
    area, rates = Auc.of(table), ErrorRates.at(table, THRESHOLD)
    return {
        "auc": {"value": None if math.isnan(area.value) else area.value, "interval": area.interval},
        "bpcer": _rate(rates.bpcer),
        "apcer": {name: _rate(rate) for name, rate in rates.apcer.items()},
    }


def _rate(rate: Rate) -> dict[str, object]:
    return {"errors": rate.errors, "trials": rate.trials, "interval": (rate.lower, rate.upper)}


def _by_source(judged: list[Judged]) -> dict[str, dict[str, object]]:
    """Count the clips of each source that are on the wrong side, bona fide and attacks, by the compared methods."""
    table: dict[str, dict[str, object]] = {}
    for source in sorted({one.clip.source for one in judged}):
        mine = [one for one in judged if one.clip.source == source]
        live = sum(one.clip.bona_fide for one in mine)
        errors = {}
        for method in (name for name in BY_SOURCE if name in mine[0].scores):
            rates = ErrorRates.at(_scored(mine, method), THRESHOLD)
            errors[method] = (rates.bpcer.errors, rates.accepted.errors)
        table[source or "not named"] = {"bona_fide": live, "attacks": len(mine) - live, "errors": errors}
    return table


if __name__ == "__main__":
    sys.exit(main())

"""Fits the confidence of a single look: one frame of a clip, judged as a picture, proves far less than the clip.

    python -m training.calibrate_images MANIFEST.csv [MANIFEST.csv ...] [--write]

Manifests are those of `training.calibrate`; they may list photographs too. Five frames of each clip, evenly spread, are
written as JPEG and judged by `alive402.analyze_image`, each alone; a photograph is judged unchanged. Platt's method
(1999, with his targets that are never 0 or 1) turns the network's log odds into a probability; clips have equal weights
within a label, and both labels have equal weights. `--write` replaces `weights/image_calibration.json`; `python -m
benchmarks.images` measures it on sources that it was not fitted on.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from alive402.liveness import Analyzer, ImageAnalysis, UnusableVideo, VideoFile
from alive402.liveness.networks import WEIGHTS, logits
from alive402.liveness.networks.model_files import registry
from training.originals import PICTURES

Floats = npt.NDArray[np.float64]

SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
MIDDLE = 0.5
JPEG_QUALITY = 95
THRESHOLD, MARGIN = 0.5, 0.2
"""A wide margin, because one look proves little; `python -m benchmarks.images` counts the looks within it."""


@dataclass(frozen=True)
class Looks:
    """n single looks: log odds of the network (n,), labels (n,) 1 = bona fide, and what was looked at, (n,) each.

    `confidence` is what the packaged calibration makes of them; `unusable` counts the frames without a look, by code.
    """

    odds: Floats
    labels: Floats
    sources: npt.NDArray[np.str_]
    species: npt.NDArray[np.str_]
    clips: npt.NDArray[np.str_]
    middle: npt.NDArray[np.bool_]
    confidence: Floats
    unusable: dict[str, int]

    def only(self, chosen: npt.NDArray[np.bool_]) -> Looks:
        """The chosen looks."""
        parts = (self.odds, self.labels, self.sources, self.species, self.clips, self.middle, self.confidence)
        return Looks(*(part[chosen] for part in parts), unusable=self.unusable)


def read(*manifests: Path) -> Looks:
    """Read five frames of every clip in the manifests and every photograph, each judged as a picture."""
    analyzer, rows, unusable = Analyzer(), [], Counter[str]()
    for entry, path in _entries(manifests):
        for share, judged in _judged(analyzer, path):
            if isinstance(judged, UnusableVideo):
                unusable[judged.code] += 1
                continue
            odds, live = float(logits(judged.looks.live)[0]), judged.report.live_confidence
            about = entry["label"] == "live", entry["source"], entry.get("attack") or entry["label"], entry["file"]
            rows.append((odds, *about, share == MIDDLE, live))
        if sys.stderr.isatty():
            print(".", end="", file=sys.stderr, flush=True)
    odds, labels, sources, species, clips, middle, live = (np.array(part) for part in zip(*rows, strict=True))
    return Looks(odds, labels.astype(float), sources, species, clips, middle, live, dict(unusable))


def _entries(manifests: Sequence[Path]) -> Iterator[tuple[dict[str, str], Path]]:
    for manifest in manifests:
        with manifest.open() as file:
            for entry in csv.DictReader(file):
                yield entry, manifest.parent / entry["file"]


def _judged(analyzer: Analyzer, clip: Path) -> Iterator[tuple[float, ImageAnalysis | UnusableVideo]]:
    if clip.suffix.lower() in PICTURES:
        try:
            yield MIDDLE, analyzer.analyze_image(clip)
        except UnusableVideo as error:
            yield MIDDLE, error
        return
    with VideoFile(clip) as file:
        count = sum(1 for _ in file)
    wanted = {round(share * (count - 1)): share for share in SHARES}
    with VideoFile(clip) as file, tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "frame.jpg")
        for frame in file:
            if frame.index in wanted:
                cv2.imwrite(str(path), frame.bgr(), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
                try:
                    yield wanted[frame.index], analyzer.analyze_image(path)
                except UnusableVideo as error:
                    yield wanted[frame.index], error


def fit(looks: Looks) -> tuple[float, float]:
    """(intercept, slope >= 0) in log odds."""
    weight, target = np.zeros(len(looks.odds)), np.zeros(len(looks.odds))
    for label in (0.0, 1.0):
        mine = looks.labels == label
        frames = Counter(looks.clips[mine])
        weight[mine] = [1 / frames[clip] / len(frames) for clip in looks.clips[mine]]
        target[mine] = (label * len(frames) + 1) / (len(frames) + 2)

    def loss(line: Floats) -> float:
        odds = line[0] + line[1] * looks.odds
        return float((weight * (np.logaddexp(0, odds) - target * odds)).sum())

    intercept, slope = minimize(loss, [0.0, 1.0], bounds=[(None, None), (0.0, None)]).x
    return float(intercept), float(slope)


def left_out(looks: Looks) -> Floats:
    """(n,) probability of each look by numbers fitted without its source."""
    scores = np.zeros(len(looks.odds))
    for source in sorted(set(looks.sources)):
        mine = looks.sources == source
        intercept, slope = fit(looks.only(~mine))
        scores[mine] = 1 / (1 + np.exp(-(intercept + slope * looks.odds[mine])))
    return scores


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifests", type=Path, nargs="+")
    parser.add_argument("--write", action="store_true", help="replace weights/image_calibration.json")
    options = parser.parse_args()
    looks = read(*options.manifests)
    intercept, slope = (round(value, 3) for value in fit(looks))
    print(f"{len(looks.odds)} looks, not judged {looks.unusable}: intercept {intercept}, slope {slope}")
    if options.write:
        _write(looks, intercept, slope)


def _write(looks: Looks, intercept: float, slope: float) -> None:
    live = len(set(looks.clips[looks.labels == 1]))
    content = {
        "about": f"For single pictures: fitted on {len(looks.odds)} frames of {live} bona fide and "
        f"{len(set(looks.clips)) - live} attack clips of {len(set(looks.sources))} sources by "
        "training/calibrate_images.py; in log odds.",
        "network_sha256": registry()[0]["two_view"].sha256,
        "appearance": {"intercept": intercept, "mean": slope, "percentile": 0.0},
        "cues": {},
        "default": "balanced",
        "operating_points": {"balanced": {"threshold": THRESHOLD, "margin": MARGIN}},
    }
    (WEIGHTS / "image_calibration.json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()

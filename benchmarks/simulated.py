"""Judges rendered attacks of kinds without real samples here; reported as simulated.

    python -m benchmarks.simulated --data FOLDER --work FOLDER [--most N]

FOLDERs as for `python -m training`; only held-out people are used. Still instruments (cut-out, paper mask) show one
frame and are moved by a hand; displays show the clip; streams are frozen, looped or noisy files.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from training.originals import Original, gather
from training.simulate import Picture, present

from alive402.liveness import Analyzer, UnusableVideo, VideoFile
from alive402.liveness.faces import FaceFinder
from benchmarks.making.footage import Encoding, write

Image = npt.NDArray[np.uint8]

RATE, SECONDS, LEAST_SECONDS = 20, 4, 2
LONGEST = 640
ENCODING = Encoding(options={"preset": "veryfast", "crf": "23"})
SWAY, BREATH = 6.0, 0.01
"""Motion of a held object and of the camera: px, and share of its size."""
NOISE = 2.5
LOOP_SECONDS = 0.8
ROOMS = 20
Frames = list[Image]
Make = Callable[[np.random.Generator, Frames, Sequence[Image]], Frames]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", required=True, help="folder with a manifest.csv")
    parser.add_argument("--work", type=Path, default=Path("var/training"), help="where training gathered originals")
    parser.add_argument("--most", type=int, default=25, help="clips and stills of set-aside people to render from")
    parser.add_argument("--only", action="append", choices=KINDS, help="one of them; may be given again")
    options = parser.parse_args()
    aside = [one for one in gather(options.data, options.work) if one.held_out]
    held = [one for one in aside if one.box is not None]
    rooms = [one.read() for one in aside if one.box is None][:ROOMS]
    clips = _clips(options.data, held)[: options.most]
    moving = sum(len(one) > 1 for one in clips)
    print(f"{moving} clips and {len(clips) - moving} stills of people who are set aside, at the shipped threshold\n")
    print("| simulated | taken for an attack | for bona fide | unsure | not judged | attack types named |")
    print("|---|---|---|---|---|---|")
    analyzer = Analyzer()
    for name in options.only or KINDS:
        make, needs_clip = KINDS[name]
        verdicts: list[str] = []
        kinds: list[str] = []
        for seed, clip in enumerate(one for one in clips if len(one) > 1 or not needs_clip):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "clip.mp4"
                frames = make(np.random.default_rng([402, seed]), clip, rooms)
                write(((place / RATE, frame) for place, frame in enumerate(frames)), path, ENCODING)
                try:
                    report = analyzer.analyze(path).report
                except UnusableVideo as error:
                    verdicts.append(error.code)
                    continue
            verdicts.append(report.verdict)
            kinds += [report.attack_type] if report.attack_type else []
        unjudged = len([one for one in verdicts if one not in ("live", "spoof", "inconclusive")])
        words = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
        counts = f"{verdicts.count('spoof')} | {verdicts.count('live')} | {verdicts.count('inconclusive')} | {unjudged}"
        print(f"| {name} | {counts} | {words} |", flush=True)


def _clips(folders: Sequence[Path], held: Sequence[Original]) -> list[Frames]:
    """Frames at 20 a second of the held-out people's clips, then their stills, as clips of one frame."""
    people = {one.group for one in held}
    found: list[Frames] = []
    for folder in folders:
        with (folder / "manifest.csv").open() as file:
            rows = [row for row in csv.DictReader(file) if (row.get("subject") or row["source"]) in people]
        for row in rows:
            if row["kind"] == "bonafide_video":
                frames = _read(folder / row["file"])
                found += [frames] if len(frames) >= RATE * LEAST_SECONDS else []
    return found + [[_small(one.read())] for one in held if one.kind == "bonafide_image"]


def _read(path: Path) -> Frames:
    frames: Frames = []
    with VideoFile(path) as file:
        for frame in file:
            while len(frames) < RATE * SECONDS and frame.time * RATE >= len(frames) - 1e-3:
                frames.append(frame.small(LONGEST).copy())
    return frames


def _small(image: Image) -> Image:
    scale = LONGEST / max(image.shape[:2])
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _length(clip: Frames) -> int:
    """Number of frames made of a clip: as many as it has; of a still, four seconds."""
    return len(clip) if len(clip) > 1 else RATE * SECONDS


def _box(frame: Image, finder: FaceFinder) -> npt.NDArray[np.float32]:
    faces, _ = finder.search(frame, (0,))
    height, width = frame.shape[:2]
    if not faces:
        return np.array([width * 0.3, height * 0.2, width * 0.7, height * 0.8], np.float32)
    return np.asarray(max(faces, key=lambda face: face.area).box, np.float32)


def _shown(kind: str, moves: bool) -> Make:
    """The clip (or its first frame) shown as `kind`: one scene throughout, a swaying hand, a sensor's noise."""

    def make(rng: np.random.Generator, clip: Frames, rooms: Sequence[Image]) -> Frames:
        seed, finder = int(rng.integers(2**31)), FaceFinder()
        box = _box(clip[0], finder)
        path = np.cumsum(rng.normal(0, 1, (_length(clip), 3)), axis=0)
        path = np.stack([np.convolve(axis, np.ones(9) / 9, "same") for axis in path.T], axis=1) / RATE**0.5
        frames: Frames = []
        for place in range(_length(clip)):
            content = Picture(clip[place if moves else 0], box)
            scene = present(np.random.default_rng(seed), content, kind, rooms).image
            height, width = scene.shape[:2]
            lean, (x, y) = 1 + BREATH * path[place, 2], SWAY * path[place, :2]
            move = np.array([[lean, 0, x - (lean - 1) * width / 2], [0, lean, y - (lean - 1) * height / 2]], np.float32)
            scene = cv2.warpAffine(scene, move, (width, height), borderMode=cv2.BORDER_REFLECT)
            noisy = scene + rng.standard_normal(scene.shape, np.float32) * np.float32(NOISE)
            frames.append(np.clip(noisy, 0, 255).astype(np.uint8))
        return frames

    return make


def _frozen(rng: np.random.Generator, clip: Frames, rooms: Sequence[Image]) -> Frames:
    """A frozen stream: one frame, repeated."""
    return [clip[0]] * _length(clip)


def _looped(rng: np.random.Generator, clip: Frames, rooms: Sequence[Image]) -> Frames:
    """A looped stream: the same moment, repeated."""
    return [clip[place % round(LOOP_SECONDS * RATE)] for place in range(_length(clip))]


def _looped_with_noise(rng: np.random.Generator, clip: Frames, rooms: Sequence[Image]) -> Frames:
    """A looped stream with new noise in each frame."""
    return [
        np.clip(frame + rng.standard_normal(frame.shape, np.float32) * np.float32(NOISE), 0, 255).astype(np.uint8)
        for frame in _looped(rng, clip, rooms)
    ]


KINDS: dict[str, tuple[Make, bool]] = {
    "cut-out, held": (_shown("cutout", moves=False), False),
    "paper mask, worn": (_shown("paper_mask", moves=False), False),
    "print, held": (_shown("print", moves=False), False),
    "photo on a tablet": (_shown("tablet", moves=False), False),
    "clip on a tablet": (_shown("tablet", moves=True), True),
    "clip on a monitor": (_shown("monitor", moves=True), True),
    "frozen stream": (_frozen, False),
    "looped stream": (_looped, True),
    "looped stream, fresh noise": (_looped_with_noise, True),
    "untouched": (lambda rng, clip, rooms: clip, True),
}
"""The maker of each kind, and whether it needs a clip instead of a still."""


if __name__ == "__main__":
    main()

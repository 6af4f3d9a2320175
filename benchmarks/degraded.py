"""How far the answer survives what happens to a clip on its way: each clip encoded again, shrunk, darkened, thinned.

    python -m benchmarks.degraded MANIFEST.csv [--only NAME ...]

The fusion is the one that ships; figures are comparable with each other, and as flattered by that as the first line.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from alive402.lab.datasets import read
from alive402.liveness.media.container import VideoFile
from benchmarks.evidence import HEAD, look, row

Image = npt.NDArray[np.uint8]
Timed = Iterator[tuple[float, Image]]


@dataclass(frozen=True)
class Hardship:
    """What is done to a clip: H.264 at `crf`, at most `height` px high, its light times `light`, at most `rate` fps."""

    crf: int = 18
    height: int | None = None
    light: float = 1.0
    rate: float | None = None


HARDSHIPS = {
    "encoded again, CRF 23": Hardship(crf=23),
    "encoded again, CRF 32": Hardship(crf=32),
    "encoded again, CRF 40": Hardship(crf=40),
    "360 px high": Hardship(height=360),
    "240 px high": Hardship(height=240),
    "a third of the light, with its noise": Hardship(light=0.33),
    "10 frames a second": Hardship(rate=10.0),
}
TIME_BASE = 1000
READ_NOISE, SHOT_NOISE = 2.0, 0.35
"""Gray levels of noise, and what light adds to it (variance per level), where a sensor has too little of it."""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--only", action="append", choices=HARDSHIPS, help="one of them; may be given again")
    options = parser.parse_args()
    clips = read(options.manifest)
    print(HEAD)
    seen = look(clips)
    print(row("as they are", np.array([one.analysis.report.live_confidence for one in seen]), seen), flush=True)
    for name in options.only or HARDSHIPS:
        with tempfile.TemporaryDirectory() as folder:
            seen = look(clips, _altered(HARDSHIPS[name], Path(folder) / "clip.mp4"))
        lost = f", {len(clips) - len(seen)} not judged" if len(seen) < len(clips) else ""
        print(row(name + lost, np.array([one.analysis.report.live_confidence for one in seen]), seen), flush=True)


def _altered(hardship: Hardship, target: Path) -> Callable[[Path], Path]:
    def alter(source: Path) -> Path:
        write(_frames(source, hardship), target, hardship.crf)
        return target

    return alter


def _frames(source: Path, hardship: Hardship) -> Timed:
    rng, due = np.random.default_rng(402), -1.0
    with VideoFile(source) as file:
        for frame in file:
            if hardship.rate and frame.time < due:
                continue
            due = frame.time + 1 / (hardship.rate or 1000) - 1e-3
            image = frame.bgr()
            if hardship.height and image.shape[0] > hardship.height:
                scale = hardship.height / image.shape[0]
                image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
            if hardship.light < 1:
                image = _darkened(rng, image, hardship.light)
            yield frame.time, image


def _darkened(rng: np.random.Generator, image: Image, light: float) -> Image:
    linear = image.astype(np.float32) * np.float32(light)
    noise = rng.standard_normal(image.shape, np.float32) * np.sqrt(READ_NOISE**2 + SHOT_NOISE * linear)
    return np.clip(linear + noise, 0, 255).astype(np.uint8)


def write(frames: Timed, target: Path, crf: int) -> None:
    """Frames ((seconds, (h, w, 3) uint8 BGR), all of one size) as an H.264 MP4 with their own times."""
    with av.open(str(target), "w") as file:
        stream = None
        for time, image in frames:
            high, wide = (side // 2 * 2 for side in image.shape[:2])
            if stream is None:
                stream = file.add_stream("libx264", rate=30, options={"crf": str(crf), "preset": "veryfast"})
                stream.width, stream.height, stream.pix_fmt = wide, high, "yuv420p"
                stream.codec_context.time_base = Fraction(1, TIME_BASE)
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:high, :wide]), format="bgr24")
            picture.pts, picture.time_base = round(time * TIME_BASE), stream.codec_context.time_base
            file.mux(stream.encode(picture))
        if stream is not None:
            file.mux(stream.encode(None))


if __name__ == "__main__":
    main()

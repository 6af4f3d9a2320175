"""Measures one analysis of a 6 s 720p clip, as a whole process and by stage, beside the floor: only decoding the clip.

    python -m benchmarks [--runs N] [--peers FOLDER] [--json]

`--peers` adds Silent-Face with its detector on the same clip (docs/accuracy.md says what the folder holds).

The medians are printed, because machines are noisy; the ratio to the floor is measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time

import av
import cv2
import numpy as np
import numpy.typing as npt

from alive402.demo import prepare_clips
from alive402.liveness import Analyzer, model_files
from benchmarks import pace

SECONDS, RATE, SIZE = 6, 30, (1280, 720)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="of each figure; the median counts")
    parser.add_argument("--peers", type=Path, help="folder that holds silent-face/, for the same run")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = make_clip(Path(folder))
        figures = measure(clip, options.runs)
        if options.peers:
            figures |= pace.measure([clip], options.peers / "silent-face", 1)
    if options.json:
        print(json.dumps(figures))
        return
    print(f"one {SECONDS} s {SIZE[0]} x {SIZE[1]} clip, median of {options.runs} runs, {os.cpu_count()} cores")
    for name, value in figures.items():
        print(f"  {name:<44} {value:9.3f}")


def make_clip(folder: Path, size: tuple[int, int] = SIZE) -> Path:
    """Make the clip: the bona fide clip of the demo, enlarged to `size` and repeated until it lasts 6 s."""
    source = prepare_clips(model_files.cache_folder().parent / "demo").bona_fide
    path = folder / f"{size[0]}x{size[1]}.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=RATE, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for picture in islice(_round_and_round(source), SECONDS * RATE):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(cv2.resize(picture, size), format="bgr24")))
        file.mux(stream.encode(None))
    return path


def _round_and_round(source: Path) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield frames one at a time: memory held by this process would count in its children's peak."""
    while True:
        with av.open(str(source)) as file:
            for frame in file.decode(video=0):
                yield np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def measure(clip: Path, runs: int) -> dict[str, float]:
    """Seconds, megabytes and ratios by name."""
    whole = [_process(clip) for _ in range(runs)]
    analyzer = Analyzer()
    analyzer.analyze(clip)
    timings = [analyzer.analyze(clip).report.timing for _ in range(runs)]
    cores = _processor_seconds(lambda: analyzer.analyze(clip), runs)
    floor = _median(lambda: decode(clip), runs)
    total = statistics.median(timing["total"] for timing in timings)
    stages = {stage: statistics.median(timing[stage] for timing in timings) for stage in timings[0]}
    return {
        "alive402 analyze, models loaded anew (s)": statistics.median(seconds for seconds, _ in whole),
        "alive402 analyze, peak memory (MB)": statistics.median(memory for _, memory in whole),
        "floor: decoding the clip alone (s)": floor,
        **{f"warm engine, {stage} (s)": seconds for stage, seconds in stages.items()},
        "warm engine, total over floor (ratio)": total / floor,
        "warm engine, processor seconds": cores,
        "floor, processor seconds": _processor_seconds(lambda: decode(clip), runs),
    }


def _process(clip: Path) -> tuple[float, float]:
    """Wall seconds and peak resident megabytes of `alive402 analyze`, as a whole process."""
    command = [str(Path(sys.executable).with_name("alive402")), "analyze", "--json", str(clip)]
    began = perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, used = os.wait4(child.pid, 0)
    return perf_counter() - began, used.ru_maxrss / 1024


def decode(clip: Path) -> None:
    """Decode every frame and discard it."""
    with av.open(str(clip)) as file:
        stream = file.streams.video[0]
        stream.thread_type = "AUTO"
        for _ in file.decode(stream):
            pass


def _processor_seconds(work: Callable[[], object], runs: int) -> float:
    """Processor seconds of all threads, per run."""
    began = process_time()
    for _ in range(runs):
        work()
    return (process_time() - began) / runs


def _median(work: Callable[[], None], runs: int) -> float:
    found = []
    for _ in range(runs):
        began = perf_counter()
        work()
        found.append(perf_counter() - began)
    return statistics.median(found)


if __name__ == "__main__":
    main()

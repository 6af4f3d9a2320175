"""Compares one warm analysis with a full decode of the same clip, in turn: processor seconds, seconds, ratios.

    python -m benchmarks.floor [CLIP ...] [--runs N] [--json]

Without a clip, those of `make bench` at 1280 x 720 and 1920 x 1080 are made. Medians of the runs; the last line has the
medians of the clips.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from itertools import pairwise
from pathlib import Path
from time import perf_counter, process_time

from alive402.liveness import Analyzer, VideoFile
from benchmarks.__main__ import SIZE, decode, make_clip

SIZES = (SIZE, (1920, 1080))
COLUMNS = ("left out", "analysis, processor s", "decode, processor s", "ratio", "analysis s", "decode s", "ratio of s")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--runs", type=int, default=5, help="of each clip; the median counts")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clips = options.clips or [make_clip(Path(folder), size) for size in SIZES]
        analyzer = Analyzer()
        rows = {clip.name: measure(analyzer, clip, options.runs) for clip in clips}
    rows["median"] = [statistics.median(column) for column in zip(*rows.values(), strict=True)]
    if options.json:
        print(json.dumps({name: dict(zip(COLUMNS, row, strict=True)) for name, row in rows.items()}))
        return
    print(f"{'':24}" + "".join(f"{name:>23}" for name in COLUMNS))
    for name, row in rows.items():
        print(f"{name[-24:]:24}" + "".join(f"{value:23.2f}" for value in row))


def measure(analyzer: Analyzer, clip: Path, runs: int) -> list[float]:
    """The columns of one clip. Both kinds of work take turns, so that other load on the machine affects them alike."""
    with VideoFile(clip, every=False) as file:
        decoded = sum(1 for _ in file)
        left_out = len(file.unseen) / (decoded + len(file.unseen))
    analyzer.analyze(clip)
    found = []
    for _ in range(runs):
        clocks = [(process_time(), perf_counter())]
        for work in (analyzer.analyze, decode):
            work(clip)
            clocks.append((process_time(), perf_counter()))
        (cores, ours), (cores_floor, floor) = (
            (after[0] - before[0], after[1] - before[1]) for before, after in pairwise(clocks)
        )
        found.append([cores, cores_floor, cores / cores_floor, ours, floor, ours / floor])
    return [left_out, *(statistics.median(column) for column in zip(*found, strict=True))]


if __name__ == "__main__":
    main()

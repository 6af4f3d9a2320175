"""Compares one file in a warm worker process and in a new one, in turn; also measures the memory of each process.

    python -m benchmarks.sandbox [--runs N] [--json]

Both judge the same files in the same confinement. The difference is the start of Python, its libraries and the models.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
from pathlib import Path
from time import perf_counter

from alive402.demo import prepare_clips
from alive402.intake.sandbox import Sandbox, SandboxLimits
from alive402.intake.sandbox.pool import judge
from alive402.liveness import model_files
from benchmarks.__main__ import SIZE, make_clip

LARGER = (1920, 1080), (3840, 2160)
# No process is replaced, because the memory of one process over all its files is measured.
LIMITS = SandboxLimits(jobs=1_000_000, peak_bytes=1 << 40)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7, help="of each file each way; the median counts")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    model_files.ensure()
    with tempfile.TemporaryDirectory() as folder:
        clips = {
            "4 s of 176 x 144": prepare_clips(model_files.cache_folder().parent / "demo").bona_fide,
            **{f"6 s of {size[0]} x {size[1]}": make_clip(Path(folder), size) for size in (SIZE, *LARGER)},
        }
        figures: dict[str, float] = {}
        for name, clip in clips.items():
            figures |= {f"{name}, {what}": value for what, value in asyncio.run(measure(clip, options.runs)).items()}
    if options.json:
        print(json.dumps(figures))
        return
    print(f"one file judged, median of {options.runs}")
    for name, value in figures.items():
        print(f"  {name:<52} {value:9.3f}")


async def measure(clip: Path, runs: int) -> dict[str, float]:
    """Seconds, their ratio, and megabytes by name."""
    fresh, warm = [], []
    async with Sandbox(LIMITS, kept=1) as sandbox:
        await sandbox.warm_up()
        (worker,) = sandbox._idle
        for _ in range(runs):
            began = perf_counter()
            await judge(clip, LIMITS)
            fresh.append(perf_counter() - began)
            began = perf_counter()
            await sandbox.judge(clip)
            warm.append(perf_counter() - began)
        peak = worker.peak_bytes / 2**20
    one, other = statistics.median(fresh), statistics.median(warm)
    return {
        "process of its own (s)": one,
        "warm process (s)": other,
        "own over warm (ratio)": one / other,
        "warm process, peak memory (MiB)": peak,
    }


if __name__ == "__main__":
    main()

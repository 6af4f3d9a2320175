"""Measures the processor time of one analysis: its parts, timed on the threads that run them, inside real analyses.

    python -m benchmarks.parts [--runs N] [--json]

The clip is that of `make bench`. Parts run in parallel, so they add up to processor time, not to seconds. The rest is
work that no part covers (demuxing, the interpreter).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from time import process_time, thread_time
from typing import Any

from alive402.liveness import Analyzer, VideoFile, cues
from alive402.liveness.faces import SampleKeeper
from alive402.liveness.faces.detector import FaceDetector
from alive402.liveness.faces.mesh import FaceMesh
from alive402.liveness.media import ClipRecorder
from alive402.liveness.networks import AppearanceNetwork
from benchmarks.__main__ import decode, make_clip

PARTS: tuple[tuple[str, type, str], ...] = (
    ("finding the face", FaceDetector, "find"),
    ("the mesh: faces cut out", FaceMesh, "crop"),
    ("the mesh: fitted", FaceMesh, "fit_crop"),
    ("looks: how sharp each is", SampleKeeper, "offer"),
    ("looks: the sharpest, converted and cut", SampleKeeper, "cut"),
    ("frames kept for light, repeats and motion", ClipRecorder, "add"),
    ("our network", AppearanceNetwork, "look"),
)
Work = Callable[..., Any]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9, help="analyses; the mean counts")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(make_clip(Path(folder)), options.runs)
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"  {name:<44} {value:9.1f} ms")


def measure(clip: Path, runs: int) -> dict[str, float]:
    """Processor milliseconds of one analysis by part, and of the whole."""
    spent: Counter[str] = Counter()

    def timed(name: str, work: Work) -> Work:
        @wraps(work)
        def measured(*given: Any, **named: Any) -> Any:
            began = thread_time()
            try:
                return work(*given, **named)
            finally:
                spent[name] += thread_time() - began

        return measured

    analyzer = Analyzer()
    analyzer.analyze(clip)
    plain, all_cues = [(owner, method, getattr(owner, method)) for _, owner, method in PARTS], cues.ALL
    try:
        for (name, _, _), (owner, method, work) in zip(PARTS, plain, strict=True):
            setattr(owner, method, timed(name, work))
        cues.ALL = tuple(timed(f"cue {cue.__name__}", cue) for cue in all_cues)
        began = process_time()
        for _ in range(runs):
            analyzer.analyze(clip)
        whole = process_time() - began
    finally:
        for owner, method, work in plain:
            setattr(owner, method, work)
        cues.ALL = all_cues
    began = process_time()
    for _ in range(runs):
        decode(clip)
    middle = process_time()
    for _ in range(runs):
        decode_needed(clip)
    spent["decoding every frame, alone"] = middle - began
    spent["decoding the frames that are needed, alone"] = process_time() - middle
    return {name: 1000 * seconds / runs for name, seconds in [*spent.most_common(), ("the whole analysis", whole)]}


def decode_needed(clip: Path) -> None:
    """Decode the frames that an analysis without a doubt decodes."""
    with VideoFile(clip, every=False) as file:
        for _ in file:
            pass


if __name__ == "__main__":
    main()

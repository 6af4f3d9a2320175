"""Worker process that judges untrusted files: `python -m alive402.intake.sandbox.worker`. Confined before decoding.

Arguments: the folder of the files, and the limits as JSON. It loads the models and writes
`{"ready": confinements}`. Then, for each line `{"job": n, "video": name, "kind": kind}` on standard input (kind `video`
or `image`; with `challenge` for a video that has to answer one), it answers on standard output: first lines
`[stage, share]` while it works, then `{"job": n, "peak_bytes": …}` with either `liveness` and `elements` or
`error: {"code", "message", "details"}`. Nothing else can write to standard output. The worker ends when standard input
ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from alive402.intake.sandbox.confinement import bound_processor_time, confine_process

# The least share of the work between two progress reports.
STEP = 0.1


def judge(
    path: Path, kind: str, out: TextIO, threshold: float | str | None = None, asked: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Judge one file; returns JSON-ready data, also for a video that cannot be judged.

    Progress is written to `out` during the work. `threshold` is the operating point, by default the engine's. `asked`
    is the challenge that a video has to answer.
    """
    # Imported after confinement, because decoders and networks are what it protects against.
    from alive402.liveness import AnalysisError, Challenge, analyze_image, shared_analyzer

    last: tuple[str, float] = ("", 0.0)

    def progress(stage: str, share: float) -> None:
        nonlocal last
        if stage != last[0] or share >= last[1] + STEP:
            last = (stage, share)
            _say(out, last)

    try:
        if kind == "image":
            picture = analyze_image(path, threshold)
            return {"liveness": picture.to_dict(), "elements": [picture.to_alibaba()]}
        challenge = replace(Challenge.from_dict(asked), strict=True) if asked else None
        report = shared_analyzer().analyze(path, progress, threshold, challenge).report
    except AnalysisError as error:
        if error.__cause__ is not None and error.status == 500:
            print(repr(error.__cause__), file=sys.stderr, flush=True)
        return {"error": error.to_dict()}
    return {"liveness": report.to_dict(), "elements": report.to_alibaba()["Elements"]}


def open_memory() -> TextIO | None:
    """Open the kernel's file with the memory of this process; None where there is none."""
    try:
        return Path("/proc/self/status").open(encoding="ascii")
    except OSError:
        return None


def peak_bytes(memory: TextIO | None) -> int:
    """The most resident memory that this process has needed.

    `getrusage` is not used: its value starts with the parent's memory.
    """
    if memory is None:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    memory.seek(0)
    (line,) = (line for line in memory if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def load() -> None:
    """Load the engine; when that fails, each video gets the reason as its answer."""
    from alive402.liveness import ModelsMissing, shared_analyzer

    with contextlib.suppress(ModelsMissing):
        shared_analyzer()


def main() -> None:
    """Answer until standard input ends, on descriptors that no library knows."""
    folder, limits = Path(sys.argv[1]), json.loads(sys.argv[2])
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    memory = open_memory()
    confinements = confine_process(limits["memory_bytes"], limits["files"], folder)
    bound_processor_time(limits["cpu_seconds"])
    load()
    _say(out, {"ready": confinements})
    for line in requests:
        job = json.loads(line)
        bound_processor_time(limits["cpu_seconds"])
        answer = judge(folder / job["video"], job["kind"], out, limits.get("threshold"), job.get("challenge"))
        _say(out, {"job": job["job"], "peak_bytes": peak_bytes(memory), **answer})
    # Exit without joining the decoders' threads, which could crash after the answer.
    os._exit(0)


def _say(out: TextIO, message: object) -> None:
    print(json.dumps(message), file=out, flush=True)


if __name__ == "__main__":
    main()

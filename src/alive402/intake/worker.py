"""The child that judges one stranger's file: walls first, decoder after. Run as `python -m alive402.intake.worker`.

Told by its arguments: the file, and the limits as JSON. Answers on standard output: while it works, lines `[stage,
share]`; last, without a line's end, one JSON object, either `{"liveness": …, "elements": …}` or `{"error": {"code",
"message", "details"}}`. Nothing else can write there.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any, TextIO

# The share of the work by which two words of progress are apart.
STEP = 0.1
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _SIGKILL = 1, 38, 9
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000


def wall_in(memory_bytes: int, cpu_seconds: int, files: int) -> None:
    """Take from this process what judging a file does not need; what the kernel does not grant is left out.

    Memory, processor time, open files, core dumps and written bytes are bounded for good. The network goes, where the
    kernel lets a user make a network namespace. The process dies with its parent.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        ctypes.set_errno(0)
    for limit, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_NOFILE, files),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(limit)[1]
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (allowed, allowed))


def judge(path: Path, out: TextIO) -> dict[str, Any]:
    """The answer for one file, as JSON-ready data; a video that cannot be judged is an answer too.

    Progress goes to `out` while the work goes on.
    """
    # Imported behind the walls: decoders and networks are what the walls are for.
    from alive402.liveness import analyze
    from alive402.liveness.errors import AnalysisError

    told: tuple[str, float] = ("", 0.0)

    def progress(stage: str, share: float) -> None:
        nonlocal told
        if stage != told[0] or share >= told[1] + STEP:
            told = (stage, share)
            print(json.dumps(told), file=out, flush=True)

    try:
        report = analyze(path, progress)
    except AnalysisError as error:
        return {"error": error.to_dict()}
    return {"liveness": report.to_dict(), "elements": report.to_alibaba()["Elements"]}


def main() -> None:
    """Answer once, on a descriptor that no library knows of."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    path, limits = Path(sys.argv[1]), json.loads(sys.argv[2])
    wall_in(limits["memory_bytes"], limits["cpu_seconds"], limits["files"])
    json.dump(judge(path, answer), answer)
    answer.flush()
    # Decoders' threads need no farewell, and must not turn an answer into a crash.
    os._exit(0)


if __name__ == "__main__":
    main()

"""A file is judged in a process of its own, which can be killed: a decoder that crashes takes nobody along."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from alive402.intake.errors import AnalysisTimeout
from alive402.liveness.errors import AnalysisError, AnalysisFailed

MAX_ANSWER_BYTES = 8 * 1024 * 1024
MAX_LOG_BYTES = 16 * 1024
# What the child needs to start Python and to find the model files; no secrets, no proxies, no preloads.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "ALIVE402_CACHE")

# What the child may say of its progress: words of the engine, not of whoever took the child over.
_STAGES = frozenset({"looking", "judging", "done"})

log = structlog.get_logger(__name__)

Progress = Callable[[str, float], None]
"""Told a stage of the work, one word, and the share of the whole that is done, 0..1."""


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What judging one file may cost.

    Attributes:
        seconds: wall time, start of the process included; then it is killed.
        cpu_seconds: processor time over all its threads; the kernel kills it.
        memory_bytes: address space, libraries included.
        files: open files.
    """

    seconds: float = 60.0
    cpu_seconds: int = 180
    memory_bytes: int = 4 * 1024**3
    files: int = 256


@dataclass(frozen=True, slots=True)
class Judged:
    """The answer: our report, and the same face as Alibaba's `Elements`. Both JSON-ready."""

    liveness: dict[str, Any]
    elements: list[dict[str, Any]]


async def judge(path: Path, limits: SandboxLimits, progress: Progress | None = None) -> Judged:
    """Judge the file at `path` in a child process; when the caller is cancelled, the child is killed.

    Raises:
        UnusableVideo, ModelsMissing: as the analyzer raised it in the child, the same class.
        AnalysisTimeout: killed at its deadline, or by its limit of processor time.
        AnalysisFailed: the child crashed; the cause is in the log.
    """
    told = {"memory_bytes": limits.memory_bytes, "cpu_seconds": limits.cpu_seconds, "files": limits.files}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "alive402.intake.worker",
        str(path),
        json.dumps(told),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # A group of its own: whatever it starts dies with it.
        start_new_session=True,
        env={name: os.environ[name] for name in _KEPT if name in os.environ},
        cwd=path.parent,
    )
    assert child.stdout is not None
    assert child.stderr is not None
    try:
        async with asyncio.timeout(limits.seconds):
            answer, said = await asyncio.gather(
                _read_answer(child.stdout, progress), _read(child.stderr, MAX_LOG_BYTES)
            )
            status = await child.wait()
    except TimeoutError:
        raise AnalysisTimeout(seconds=limits.seconds) from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
    if status == -signal.SIGXCPU:
        raise AnalysisTimeout(cpu_seconds=limits.cpu_seconds)
    return _understand(answer, status, said)


async def _read(stream: asyncio.StreamReader, most: int) -> bytes:
    """The first `most` bytes; the rest is read and dropped, so that the child never waits for us."""
    kept = b""
    while chunk := await stream.read(65536):
        kept += chunk[: max(0, most - len(kept))]
    return kept


async def _read_answer(stream: asyncio.StreamReader, progress: Progress | None) -> bytes:
    """What stands after the last line's end; the lines before it are progress, passed on as they come."""
    kept = b""
    while chunk := await stream.read(65536):
        *lines, kept = (kept + chunk[: max(0, MAX_ANSWER_BYTES - len(kept))]).split(b"\n")
        if progress is not None:
            for line in lines:
                _pass_on(line, progress)
    return kept


def _pass_on(line: bytes, progress: Progress) -> None:
    with contextlib.suppress(ValueError, TypeError):
        stage, share = json.loads(line)
        if stage in _STAGES and 0 <= share <= 1:
            progress(stage, float(share))


def _understand(answer: bytes, status: int, said: bytes) -> Judged:
    try:
        told = json.loads(answer)
        if status != 0:
            raise ValueError
        if "error" in told:
            raise _error(told["error"])
        return Judged(liveness=told["liveness"], elements=told["elements"])
    except (ValueError, KeyError, TypeError):
        log.error("analysis crashed", status=status, said=said.decode("utf-8", "replace")[-4000:])
        raise AnalysisFailed from None


def _error(told: dict[str, Any]) -> AnalysisError:
    """The error as the child raised it: the same class, sentence and figures."""
    kinds: list[type[AnalysisError]] = [AnalysisError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
        if kind is not AnalysisError and kind.code == told["code"]:
            return kind(told["message"], **told["details"])
    return AnalysisFailed(told["message"], **told["details"])

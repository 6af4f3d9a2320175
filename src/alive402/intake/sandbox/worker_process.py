"""Parent side of one warm worker process: starts it, sends it files, ends it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from alive402.intake.folders import WORKER, marked
from alive402.liveness import Challenge, VideoTooLarge, model_files

MAX_ANSWER_BYTES = 8 * 1024 * 1024
MAX_LOG_LINES, MAX_LOG_LINE_BYTES = 40, 400
# Environment variables that the child needs for Python; no secrets, no proxies, no preloads.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL")
_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "1000000"}
"""Makes the C library return a frame's memory at once; by default it keeps memory after large allocations."""

# Stage names that the child may report: those of the engine. A compromised child cannot send other texts.
_STAGES = frozenset({"looking", "judging", "done"})

Kind = Literal["video", "image"]
"""Which analysis of the engine a file gets."""

Progress = Callable[[str, float], None]
"""Progress callback: the stage of the work, one word, and the share of the whole that is done, 0..1."""


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """Limits of judging one file and of one worker process.

    Attributes:
        seconds: wall time of a file, process start included; then the process is killed.
        cpu_seconds: processor time of a file over all threads; then the kernel kills the process.
        memory_bytes: address space, libraries included.
        files: open files.
        file_bytes: size of the video.
        jobs: files that one process judges before it is replaced. At 1 each file gets a new process.
        peak_bytes: resident memory; a process that needed more is replaced after that file.
        threshold: live confidence at which a verdict is `live`, or an operating point's name; by default the engine's.
    """

    seconds: float = 60.0
    cpu_seconds: int = 180
    memory_bytes: int = 4 * 1024**3
    files: int = 256
    file_bytes: int = 30_000_000
    jobs: int = 100
    peak_bytes: int = 400 * 1024**2
    threshold: float | str | None = None


class WorkerDied(Exception):
    """The child ended, or sent an invalid message.

    Attributes:
        status: its exit status; None if it was still running.
        said: the last lines of its standard error, for the log.
    """

    def __init__(self, status: int | None) -> None:
        self.status = status
        self.said = ""
        super().__init__(f"worker ended with {status}")


class WorkerNotStarted(WorkerDied):
    """The child ended before it was ready."""


class WarmWorker:
    """A confined child with its models loaded.

    Attributes:
        confinements: whether the kernel granted each, by the names of `confinement.confine_process`.
        peak_bytes: the most resident memory that it has needed, as it reports.
    """

    def __init__(self, child: asyncio.subprocess.Process, folder: tempfile.TemporaryDirectory[str]) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        self._child, self._folder = child, folder
        self._mark = marked(folder.name)
        self._input, self._output = child.stdin, child.stdout
        self._jobs = 0
        self._ended = False
        self._said: deque[str] = deque(maxlen=MAX_LOG_LINES)
        self._listening = asyncio.create_task(self._listen(child.stderr))
        self.confinements: dict[str, bool] = {}
        self.peak_bytes = 0

    @classmethod
    async def start(cls, limits: SandboxLimits, beside: Path | None) -> WarmWorker:
        """Start a worker and wait until it is ready; it reads videos from its own folder, made under `beside`.

        Raises:
            WorkerNotStarted: it did not get ready.
            ModelsMissing: this user has no folder for the model files.
            OSError: no process or folder can be made.
        """
        environment, folder = _environment(), _folder(beside)
        bounds: dict[str, Any] = {
            "memory_bytes": limits.memory_bytes,
            "cpu_seconds": limits.cpu_seconds,
            "files": limits.files,
            "threshold": limits.threshold,
        }
        try:
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-m",
                "alive402.intake.sandbox.worker",
                folder.name,
                json.dumps(bounds),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                # Its own process group, so that its children die with it.
                start_new_session=True,
                env=environment,
                cwd=folder.name,
                limit=MAX_ANSWER_BYTES,
            )
        except BaseException:
            folder.cleanup()
            raise
        worker = cls(child, folder)
        try:
            ready = await worker._hear()
            if not isinstance(ready, dict) or not isinstance(ready.get("ready"), dict):
                raise WorkerDied(None)
            worker.confinements = ready["ready"]
        except BaseException as error:
            await worker.end()
            if isinstance(error, WorkerDied):
                unready = WorkerNotStarted(error.status)
                unready.said = worker.said
                raise unready from None
            raise
        return worker

    @property
    def jobs(self) -> int:
        """Number of files that it was given to judge."""
        return self._jobs

    @property
    def process_id(self) -> int:
        """Process id of the child."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether the child is running, as far as is known."""
        return self._child.returncode is None

    @property
    def said(self) -> str:
        """The last lines of its standard error, for the log."""
        return "\n".join(self._said)

    async def judge(
        self,
        path: Path,
        limits: SandboxLimits,
        progress: Progress | None,
        kind: Kind = "video",
        challenge: Challenge | None = None,
    ) -> dict[str, Any]:
        """The child's answer for the file at `path`: `liveness` and `elements`, or `error`.

        `challenge` is what a video has to answer: the child gets its steps.

        Raises:
            VideoTooLarge: the file has more than `limits.file_bytes`.
            WorkerDied: it crashed, was killed, or sent an invalid message.
            OSError: the file cannot be read.
        """
        self._jobs += 1
        video = Path(self._folder.name, str(self._jobs))
        await asyncio.to_thread(_lend, path, video, limits.file_bytes)
        try:
            asked = {} if challenge is None else {"challenge": challenge.to_dict()}
            question = {"job": self._jobs, "video": video.name, "kind": kind, **asked}
            return await self._answer(json.dumps(question), progress)
        finally:
            _take_back(video)

    async def _answer(self, question: str, progress: Progress | None) -> dict[str, Any]:
        with contextlib.suppress(ConnectionError):
            self._input.write(question.encode() + b"\n")
            await self._input.drain()
        while isinstance(heard := await self._hear(), list):
            if progress is not None:
                _pass_on(heard, progress)
        if not isinstance(heard, dict) or heard.get("job") != self._jobs:
            raise WorkerDied(None)
        self.peak_bytes = heard.get("peak_bytes", 0)
        if not isinstance(self.peak_bytes, int):
            raise WorkerDied(None)
        return heard

    async def _hear(self) -> Any:
        try:
            line = await self._output.readline()
            if not line.endswith(b"\n"):
                # Its output ends a moment before the kernel reports its exit status.
                raise WorkerDied(await self._child.wait())
            return json.loads(line)
        except (ValueError, RecursionError):
            raise WorkerDied(None) from None

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        """Read standard error to its end, so that the child never blocks, and keep the last lines."""
        while True:
            try:
                line = await stream.readline()
            except ValueError:
                continue
            if not line:
                return
            self._said.append(line[:MAX_LOG_LINE_BYTES].decode("utf-8", "replace").rstrip())

    async def end(self) -> None:
        """Kill the child if it still runs, and remove its folder. A second call does nothing."""
        if self._ended:
            return
        self._ended = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._folder.cleanup()
        os.close(self._mark)
        self._input.close()
        await self._child.wait()
        await asyncio.wait([self._listening])


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # The folder is resolved here, because the child has another user id, working folder and view of the files.
    return _MEMORY | kept | {"ALIVE402_CACHE": str(model_files.cache_folder().parent.absolute())}


def _folder(beside: Path | None) -> tempfile.TemporaryDirectory[str]:
    if beside is not None:
        beside.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix=WORKER, dir=beside, ignore_cleanup_errors=True)


def _lend(path: Path, video: Path, most: int) -> None:
    """Link the file at `path` to `video`, or copy it where the file system has no links."""
    status = path.stat()
    if status.st_size > most:
        raise VideoTooLarge(
            f"The video has {status.st_size / 1e6:.1f} MB; at most {most / 1e6:.0f} MB are accepted.",
            bytes=status.st_size,
        )
    # We may read another user's file by a capability that the child gave up.
    if status.st_uid == os.geteuid():
        with contextlib.suppress(OSError):
            return os.link(path.resolve(), video)
    shutil.copyfile(path, video)


def _take_back(video: Path) -> None:
    # Not in a thread: a cancelled call would not wait for the thread.
    video.unlink(missing_ok=True)


def _pass_on(heard: list[Any], progress: Progress) -> None:
    with contextlib.suppress(ValueError, TypeError):
        stage, share = heard
        if stage in _STAGES and 0 <= share <= 1:
            progress(stage, float(share))

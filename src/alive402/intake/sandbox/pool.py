"""Sandbox: judges each file in a warm worker process, so that a decoder's crash costs one call only."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from alive402.intake.errors import AnalysisTimeout
from alive402.intake.folders import is_full_disk, reporting_full_disk
from alive402.intake.sandbox.worker_process import (
    Kind,
    Progress,
    SandboxLimits,
    WarmWorker,
    WorkerDied,
    WorkerNotStarted,
)
from alive402.liveness import AnalysisError, AnalysisFailed, AnalysisUnavailable, Challenge, ModelsMissing

log = structlog.get_logger(__name__)

_MEND = (
    "Raise ALIVE402_ANALYSIS_MEMORY_BYTES if `said` tells of memory; else check the installation, the folder of the "
    "models (ALIVE402_CACHE), and this user's limits on processes and files."
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A judged file: our report and Alibaba's `Elements`, both JSON-ready."""

    liveness: dict[str, Any]
    elements: list[dict[str, Any]]


class Sandbox:
    """Pool of warm worker processes, each of which judges one file at a time; at most `kept` stay idle.

    A process that crashes, exceeds a limit or whose caller is cancelled is killed and replaced; only that call is lost.
    Each concurrent call gets its own process, so callers must bound concurrency. Use a Sandbox in one event loop, and
    close it before the loop ends: `async with Sandbox(limits) as sandbox`.

    Args:
        limits: limits of each file and each process.
        kept: idle processes, started when first needed or by `warm_up`.
        beside: folder for the processes' own folders, on the file system of the videos; by default the system's
            temporary folder.
    """

    def __init__(self, limits: SandboxLimits, kept: int = 2, beside: Path | None = None) -> None:
        self.limits = limits
        self._kept, self._beside = kept, beside
        self._idle: list[WarmWorker] = []
        self._starting: set[asyncio.Task[None]] = set()
        self._warned = self._closed = False

    async def __aenter__(self) -> Sandbox:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def warm_up(self) -> None:
        """Start the idle processes ahead of the first call; a failure to start is logged."""
        for _ in range(self._kept - len(self._idle) - len(self._starting)):
            self._start_another()
        await asyncio.gather(*self._starting)

    async def judge(
        self,
        path: Path,
        progress: Progress | None = None,
        kind: Kind = "video",
        challenge: Challenge | None = None,
    ) -> Judged:
        """Judge the file at `path`, and whether it answers `challenge`.

        When the caller is cancelled, the worker process is killed.

        When a process dies, another one tries once more, in the time that is left. A file that crashes both processes
        is an error.

        Raises:
            UnusableVideo, ModelsMissing: as the analyzer raised it in the child, the same class.
            AnalysisTimeout: the process was killed at its deadline or at its limit of processor time.
            AnalysisUnavailable: no process can be started; the cause is in the log.
            AnalysisFailed: the file crashed two children, or cannot be read; the cause is in the log.
        """
        until, heard = asyncio.get_running_loop().time() + self.limits.seconds, 0.0

        def hear(stage: str, share: float) -> None:
            # The reported share never falls, though the second process begins again.
            nonlocal heard
            heard = max(heard, share)
            if progress is not None:
                progress(stage, heard)

        try:
            return await self._judge(path, hear, kind, challenge, until)
        except WorkerDied:
            log.warning("judged once more in another process")
        try:
            return await self._judge(path, hear, kind, challenge, until)
        except WorkerNotStarted:
            raise AnalysisUnavailable from None
        except WorkerDied:
            raise AnalysisFailed from None

    async def _judge(
        self, path: Path, progress: Progress, kind: Kind, challenge: Challenge | None, until: float
    ) -> Judged:
        """Judge the file once; raises WorkerDied where the child crashed."""
        worker, sound = None, False
        try:
            async with asyncio.timeout_at(until):
                with reporting_full_disk():
                    worker = self._take() or await self._started()
                    judged = understood(await worker.judge(path, self.limits, progress, kind, challenge))
            sound = True
            return judged
        except AnalysisError as error:
            # After an error of the video the process is reusable; after our own failure it may not be.
            sound = not isinstance(error, AnalysisFailed)
            if not sound:
                log.error("analysis failed", said=await _last_words(worker), mend=_MEND)
            raise
        except TimeoutError:
            raise AnalysisTimeout(seconds=self.limits.seconds) from None
        except WorkerNotStarted:
            raise
        except WorkerDied as error:
            if error.status == -signal.SIGXCPU:
                raise AnalysisTimeout(cpu_seconds=self.limits.cpu_seconds) from None
            log.error("analysis crashed", status=error.status, said=error.said or await _last_words(worker))
            raise
        except OSError as error:
            log.error("analysis not possible", cause=error.strerror)
            raise AnalysisFailed from None
        finally:
            if worker is not None:
                await self._put_back(worker, sound)

    async def close(self) -> None:
        """End the idle processes; busy ones end with their file."""
        self._closed = True
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        while self._idle:
            await self._idle.pop().end()

    def _take(self) -> WarmWorker | None:
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            log.warning("an idle worker died")
        return None

    async def _put_back(self, worker: WarmWorker, sound: bool) -> None:
        worn = worker.jobs >= self.limits.jobs or worker.peak_bytes > self.limits.peak_bytes
        if sound and worker.alive and not worn and not self._closed and len(self._idle) < self._kept:
            self._idle.append(worker)
            return
        if not self._closed and len(self._idle) + len(self._starting) < self._kept:
            self._start_another()
        await worker.end()

    def _start_another(self) -> None:
        task = asyncio.create_task(self._start_one_more(), name="warm worker")
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _start_one_more(self) -> None:
        try:
            async with asyncio.timeout(self.limits.seconds):
                worker = await self._start()
        except (WorkerDied, ModelsMissing, OSError) as error:
            # The next call tries again and gets the error.
            _log_unstarted(error)
            return
        if self._closed or len(self._idle) >= self._kept:
            await worker.end()
        else:
            self._idle.append(worker)

    async def _started(self) -> WarmWorker:
        """Start a worker for a call, and log why none can be started.

        Raises:
            WorkerNotStarted: it did not get ready.
            AnalysisUnavailable: no process can be made.
        """
        try:
            return await self._start()
        except (WorkerNotStarted, ModelsMissing) as error:
            _log_unstarted(error)
            raise
        except OSError as error:
            if is_full_disk(error):
                raise
            _log_unstarted(error)
            raise AnalysisUnavailable from None

    async def _start(self) -> WarmWorker:
        worker = await WarmWorker.start(self.limits, self._beside)
        missing = sorted(name for name, stands in worker.confinements.items() if not stands)
        if missing and not self._warned:
            self._warned = True
            log.warning("this kernel does not support every confinement of the worker", missing=missing)
        return worker


async def judge(path: Path, limits: SandboxLimits, progress: Progress | None = None) -> Judged:
    """Judge one file in a process started for it alone; raises like `Sandbox.judge`."""
    async with Sandbox(limits, kept=0) as sandbox:
        return await sandbox.judge(path, progress)


def _log_unstarted(error: Exception) -> None:
    log.error("no worker can be started", cause=str(error), said=getattr(error, "said", ""), mend=_MEND)


async def _last_words(worker: WarmWorker | None) -> str:
    """End a process that is given up; returns the last lines of its standard error."""
    if worker is None:
        return ""
    await worker.end()
    return worker.said


def understood(message: dict[str, Any]) -> Judged:
    """Parse a worker's answer for one file; it may come from another machine.

    Raises:
        AnalysisError: the worker answered with this error; the same class.
        WorkerDied: the answer has another form than a worker's.
    """
    try:
        if "error" in message:
            raise _error(message["error"])
        return Judged(liveness=message["liveness"], elements=message["elements"])
    except (ValueError, KeyError, TypeError):
        raise WorkerDied(None) from None


def _error(message: dict[str, Any]) -> AnalysisError:
    """The error as the child raised it: the same class, sentence and figures."""
    kinds: list[type[AnalysisError]] = [AnalysisError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
        if kind is ModelsMissing and kind.code == message["code"]:
            # Its sentence may name a folder of the server, which is nothing for callers.
            log.error("models are missing", why=message["message"])
            return kind()
        if kind is not AnalysisError and kind.code == message["code"]:
            return kind(message["message"], **message["details"])
    return AnalysisFailed(message["message"], **message["details"])

"""Judges files on a Ray cluster: files fetched here go to warm actors on its nodes; a lost node costs no call.

Each actor judges one file at a time in its own confined process. More actors are started while all are busy, so that
Ray's autoscaler adds nodes; idle actors are ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ray
import structlog
from ray.exceptions import ObjectLostError, RayActorError, RayError

from alive402.intake import AnalysisTimeout
from alive402.intake.sandbox import Judged, Kind, Progress, Sandbox, SandboxLimits, understood
from alive402.liveness import AnalysisError, AnalysisFailed, Challenge

log = structlog.get_logger(__name__)

TRIES = 3
"""Most nodes that one file is sent to, if nodes are lost."""
IDLE_SECONDS = 120.0
"""Idle seconds after which an actor above the least number ends, so that its node may be released."""
LOCAL = "local"
"""Instead of an address: a cluster of this machine alone."""


@dataclass(frozen=True, slots=True)
class ClusterLimits:
    """Address and limits of the cluster.

    Attributes:
        address: `host:6379`, `ray://host:10001`, `auto`, or `local`.
        least, most: actors that are kept warm, and most actors.
        start_seconds: longest start of one actor, including that of a new node.
    """

    address: str
    least: int = 1
    most: int = 8
    start_seconds: float = 300.0


class Judge:
    """The actor. Undecorated, because Ray pickles it to the nodes, which need alive402 and its models."""

    def __init__(self, limits: SandboxLimits) -> None:
        self._sandbox = Sandbox(limits, kept=1)

    async def ready(self) -> bool:
        """Whether the actor is up and its process warm."""
        await self._sandbox.warm_up()
        return True

    async def judge(
        self, media: bytes, kind: Kind, challenge: Challenge | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield progress, and at the end the answer or the refusal."""
        said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        with tempfile.TemporaryDirectory(prefix="alive402-") as folder:
            path = Path(folder, "video")
            await asyncio.to_thread(path.write_bytes, media)
            work = self._sandbox.judge(
                path, lambda stage, share: said.put_nowait({"progress": [stage, share]}), kind, challenge
            )
            task = asyncio.ensure_future(work)
            task.add_done_callback(lambda _done: said.put_nowait({}))
            try:
                while word := await said.get():
                    yield word
                judged = await task
                yield {"liveness": judged.liveness, "elements": judged.elements}
            except AnalysisError as error:
                yield {"error": error.to_dict()}
            finally:
                task.cancel()
                await asyncio.wait({task})


@dataclass(eq=False, slots=True)
class _Actor:
    handle: Any
    ready: bool = False
    busy: bool = False
    idle_since: float = field(default_factory=time.monotonic)


class Cluster:
    """Warm actors on the nodes of a cluster, used as a `Sandbox` is.

    Args:
        limits: address and limits of the cluster.
        judging: limits of judging each file.
    """

    def __init__(self, limits: ClusterLimits, judging: SandboxLimits) -> None:
        self._limits, self._judging = limits, judging
        self._actors: list[_Actor] = []
        self._starting: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Condition()
        self._joined = asyncio.Lock()

    async def warm_up(self) -> None:
        """Connect to the cluster, and start the least number of actors.

        Raises:
            ConnectionError: it cannot be reached.
        """
        async with self._joined:
            if not ray.is_initialized():
                address = None if self._limits.address == LOCAL else self._limits.address
                await asyncio.to_thread(ray.init, address=address, log_to_driver=False, configure_logging=False)
        while len(self._actors) < self._limits.least:
            self._start()

    async def judge(
        self,
        path: Path,
        progress: Progress | None = None,
        kind: Kind = "video",
        challenge: Challenge | None = None,
    ) -> Judged:
        """Judge the file at `path` on a node; when the caller is cancelled, its process there is killed.

        Raises:
            UnusableVideo, ModelsMissing: as the analyzer raised it on the node, the same class.
            AnalysisTimeout, AnalysisFailed: as `Sandbox.judge` raises them, or all tried nodes were lost.
        """
        await self.warm_up()
        media = await asyncio.to_thread(lambda: ray.put(path.read_bytes()))
        for _ in range(TRIES):
            try:
                async with asyncio.timeout(self._limits.start_seconds + self._judging.seconds), self._one() as actor:
                    return understood(await self._judge_on(actor, media, kind, challenge, progress))
            except TimeoutError:
                raise AnalysisTimeout(seconds=self._judging.seconds) from None
            except (RayActorError, ObjectLostError) as error:
                log.warning("a node was lost", cause=type(error).__name__)
            except RayError as error:
                log.error("the cluster failed", cause=type(error).__name__)
                raise AnalysisFailed from None
        raise AnalysisFailed

    async def close(self) -> None:
        """End all actors."""
        for task in self._starting:
            task.cancel()
        for actor in self._actors:
            ray.kill(actor.handle)
        self._actors.clear()

    async def _judge_on(
        self, actor: _Actor, media: Any, kind: Kind, challenge: Challenge | None, progress: Progress | None
    ) -> dict[str, Any]:
        words = actor.handle.judge.options(num_returns="streaming").remote(media, kind, challenge)
        try:
            async for word in words:
                message: dict[str, Any] = await word
                if "progress" not in message:
                    return message
                if progress is not None:
                    progress(*message["progress"])
        except asyncio.CancelledError:
            with contextlib.suppress(RayError):
                ray.cancel(words)
            raise
        raise AnalysisFailed

    @contextlib.asynccontextmanager
    async def _one(self) -> AsyncIterator[_Actor]:
        """Take an idle actor; start another while all are busy."""
        async with self._freed:
            while (actor := next((each for each in self._actors if each.ready and not each.busy), None)) is None:
                # Do not wait for a starting actor: take the first one that is free.
                if len(self._actors) < self._limits.most:
                    self._start()
                await self._freed.wait()
            actor.busy = True
        try:
            yield actor
        except (RayActorError, ObjectLostError):
            with contextlib.suppress(ValueError):
                self._actors.remove(actor)
            raise
        finally:
            async with self._freed:
                actor.busy, actor.idle_since = False, time.monotonic()
                self._let_go()
                self._freed.notify()

    def _start(self) -> None:
        # One file at a time per processor; the second slot lets an actor answer `ready` meanwhile.
        made = ray.remote(num_cpus=1, max_concurrency=2)(Judge).options(scheduling_strategy="SPREAD")
        actor = _Actor(made.remote(self._judging))
        self._actors.append(actor)
        task = asyncio.create_task(self._greet(actor), name="actor")
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _greet(self, actor: _Actor) -> None:
        """Wait until an actor is up; if it cannot start, drop it and let a waiting caller start another."""
        try:
            await actor.handle.ready.remote()
            actor.ready, actor.idle_since = True, time.monotonic()
        except RayError as error:
            log.warning("a node was lost", cause=type(error).__name__)
            with contextlib.suppress(ValueError):
                self._actors.remove(actor)
        async with self._freed:
            self._freed.notify_all()

    def _let_go(self) -> None:
        idle = [actor for actor in self._actors if actor.ready and not actor.busy]
        for actor in idle[: max(0, len(self._actors) - self._limits.least)]:
            if time.monotonic() - actor.idle_since > IDLE_SECONDS:
                self._actors.remove(actor)
                ray.kill(actor.handle)

"""Job runner: works on asynchronous calls a few at a time, reports progress, cancels on request, closes every job."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from alive402.calls.errors import LedgerUnavailable, classify
from alive402.calls.jobs.errors import (
    Interrupted,
    InvalidCallback,
    JobCancelled,
    TooManyJobs,
    TooManyListeners,
    UnknownJob,
)
from alive402.calls.jobs.store import Job, JobState, JobStore, Step
from alive402.calls.paid_call import PaidCalls, ServiceRegistry
from alive402.calls.rendering import answer_body, error_body
from alive402.calls.values import Outcome, ReservedCall
from alive402.errors import CodedError
from alive402.intake import FetchLimits, IntakeError, callbacks, check_url
from alive402.payments.core import Answered, Offer, SettlementUnknown
from alive402.payments.x402 import Resource
from alive402.upkeep import Upkeep

log = structlog.get_logger(__name__)

BEAT_SECONDS = 1.0
PRUNE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class JobLimits:
    """Limits of the jobs of one process.

    Attributes:
        waiting: how many jobs may wait or run at once.
        keep_seconds: how long a finished job can be read.
        grace_seconds: how long jobs may still run when the process stops.
        listeners: how many event streams may be open, over all jobs.
        callbacks: which addresses may be callback URLs.
    """

    waiting: int = 100
    keep_seconds: float = 86_400.0
    grace_seconds: float = 5.0
    listeners: int = 200
    callbacks: FetchLimits = field(default_factory=FetchLimits)


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A parsed asynchronous call; `refused` makes the body that an error of it would have."""

    calls: PaidCalls
    given: dict[str, Any]
    offer: Offer
    resource: Resource
    request_id: str
    base: str
    version: int
    refused: Callable[[CodedError], Awaitable[dict[str, Any]]]
    callback_url: str | None = None


@dataclass(slots=True)
class _Live:
    """The current state of a job in this process."""

    job: Job
    task: asyncio.Task[None]
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    unwritten: bool = False
    cancelled: bool = False

    def tell(self, state: JobState, stage: str | None, progress: float) -> None:
        self.job.state, self.job.stage, self.job.progress = state, stage, progress
        self.unwritten = True
        self.wake()

    def wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


class JobRunner:
    """Runs the jobs of this process, and closes those that a dead process left."""

    def __init__(self, registry: ServiceRegistry, limits: JobLimits) -> None:
        self._registry, self._limits = registry, limits
        self._store = JobStore(registry.ledger_services.ledger)
        self._live: dict[str, _Live] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening = 0
        self._stopping = False

    async def start(self, request: JobRequest) -> dict[str, Any]:
        """Reserve the price of a call and start its job; returns the job object with the callback's secret.

        Raises:
            InvalidCallback: the callback URL cannot be called; the price is released.
            TooManyJobs: the queue is full; nothing is reserved.
            PaymentError, TooManyFailures, Busy: as `PaidCalls.begin` does.
        """
        if len(self._tasks) >= self._limits.waiting or self._stopping:
            raise TooManyJobs
        if request.callback_url is not None:
            try:
                check_url(request.callback_url, self._limits.callbacks)
            except IntakeError as error:
                raise InvalidCallback(reason=error.code) from None
        started: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        # Runs in its own task from the start, because a lease lives as long as the task that took it.
        task = asyncio.create_task(self._work(request, started))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        job = await asyncio.shield(started)
        return {**job.to_dict(), **({"callbackSecret": job.callback_secret} if job.callback_secret else {})}

    async def find(self, job_id: str) -> Job:
        """The current state of a job.

        Raises:
            UnknownJob: there is no job with this id.
        """
        live = self._live.get(job_id)
        job = live.job if live else await self._store.find(job_id)
        if job is None:
            raise UnknownJob
        return job

    async def cancel(self, job_id: str) -> Job:
        """Cancel a job unless it is finished: its work ends and the price is released. Raises like `find`."""
        live = self._live.get(job_id)
        if live is None:
            await self.find(job_id)
            await self._store.cancel(job_id)
        else:
            self._stop(live)
            await asyncio.wait({live.task})
        return await self.find(job_id)

    async def follow(self, job_id: str) -> AsyncIterator[Job]:
        """Yield the job after every change, until it is finished. Raises like `find`, and

        Raises:
            TooManyListeners: too many event streams are open.
        """
        await self.find(job_id)
        if self._listening >= self._limits.listeners:
            raise TooManyListeners
        return self._follow(job_id)

    async def _follow(self, job_id: str) -> AsyncIterator[Job]:
        self._listening += 1
        last: tuple[object, ...] = ()
        try:
            while True:
                live = self._live.get(job_id)
                changed = live.changed if live else None
                job = await self.find(job_id)
                now = (job.state, job.stage, job.progress)
                if now != last:
                    last = now
                    yield job
                if not job.open:
                    return
                if changed is not None:
                    await changed.wait()
                else:
                    await asyncio.sleep(BEAT_SECONDS)
        except UnknownJob:
            return
        finally:
            self._listening -= 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Renew leases and close orphaned jobs until the block ends; then finish the last jobs or give them up."""
        beats = Upkeep("jobs", self._beat_and_close, expected=SQLAlchemyError)
        prunes = Upkeep("old jobs", self._prune, expected=SQLAlchemyError)
        async with beats.running(BEAT_SECONDS), prunes.running(PRUNE_SECONDS):
            try:
                yield
            finally:
                self._stopping = True
                if self._tasks:
                    await asyncio.wait(self._tasks, timeout=self._limits.grace_seconds)
                for each in list(self._tasks):
                    each.cancel()
                if self._tasks:
                    await asyncio.wait(list(self._tasks))

    async def close_orphans(self) -> None:
        """Close jobs that no process works on, as soon as their payments are closed."""
        for job in await self._store.orphans():
            await self._close(job, JobCancelled() if job.cancelled else Interrupted())

    async def _work(self, request: JobRequest, started: asyncio.Future[Job]) -> None:
        try:
            held, live = await self._begin(request)
        except BaseException as error:
            if not started.done():
                started.set_exception(error if isinstance(error, Exception) else Interrupted())
            return
        job = live.job
        started.set_result(job)
        try:
            outcome = await self._answer(request, held, live)
            body = answer_body(outcome.request_id, outcome.data, outcome.report_id, job.base)
            await self._store.finish(job, result=body, receipt=outcome.receipt, owner=self._store.owner)
        except SettlementUnknown:
            await self._store.leave(job.id)
        except asyncio.CancelledError:
            await asyncio.shield(request.calls.drop(held, "cancelled"))
            await self._close(job, JobCancelled() if live.cancelled else Interrupted())
        except Exception as error:
            known = classify(error, request.request_id)
            # Without the ledger this error cannot be stored either; the job is closed once its lease expires.
            if not isinstance(known, LedgerUnavailable):
                body = await request.refused(known)
                log.info("refused", request_id=request.request_id, code=known.code, status=known.status)
                await self._fail(job, {**body, "status": known.status})
        finally:
            self._live.pop(job.id, None)
            live.wake()

    async def _begin(self, request: JobRequest) -> tuple[ReservedCall, _Live]:
        """Reserve the price and store the job: both or neither."""
        held = await request.calls.begin(request.given, request.offer, request.resource, request.request_id)
        try:
            await self._check_callback(request, held)
            job = await self._store.add(
                request.calls.service.id, request.request_id, request.base, request.version, request.callback_url
            )
        except BaseException:
            await asyncio.shield(request.calls.drop(held, "no job"))
            raise
        task = asyncio.current_task()
        assert task is not None
        live = self._live[job.id] = _Live(job, task)
        return held, live

    async def _check_callback(self, request: JobRequest, held: ReservedCall) -> None:
        """Resolve the callback's host only after payment, and count failures: a stranger could probe internal names."""
        if request.callback_url is None:
            return
        try:
            await callbacks.check(request.callback_url, self._limits.callbacks)
        except IntakeError as error:
            if held.method.payer is not None:
                await request.calls.ledger_services.failures.count(held.method.payer, held.address)
            raise InvalidCallback(reason=error.code) from None

    async def _answer(self, request: JobRequest, held: ReservedCall, live: _Live) -> Outcome:
        return await request.calls.finish(
            held, lambda stage, share: live.tell(JobState.WORKING, stage, max(share, live.job.progress))
        )

    async def _fail(self, job: Job, error: dict[str, Any]) -> None:
        await self._store.finish(job, error=error, owner=self._store.owner)

    async def _close(self, job: Job, why: CodedError) -> None:
        """Finish a job according to its payment: with the answer it bought, or with the error `why`."""
        fate = await self._store.fate(job.request_id)
        if isinstance(fate, Answered):
            answered = await self._registry.ledger_services.verdicts.recalled(fate)
            report = self._registry.ledger_services.verdicts.report_id_of(answered.request_id)
            body = answer_body(answered.request_id, answered.result, report, job.base)
            await self._store.finish(job, result=body, receipt=answered.receipt)
        elif fate:
            await self._store.finish(job, error={**error_body(why, job.request_id), "status": why.status})
        else:
            await self._store.leave(job.id)

    def _stop(self, live: _Live) -> None:
        live.cancelled = True
        live.task.cancel()

    async def _beat_and_close(self) -> None:
        # Renew first: after a pause of the whole process our own jobs look like those of a dead process.
        await self._beat()
        await self.close_orphans()

    async def _prune(self) -> None:
        await self._store.prune(timedelta(seconds=self._limits.keep_seconds))

    async def _beat(self) -> None:
        if not self._live:
            return
        steps = []
        for live in self._live.values():
            if live.unwritten:
                live.unwritten = False
                job = live.job
                steps.append(Step(job.id, JobState(job.state), job.stage, job.progress))
        for job_id in await self._store.beat(steps):
            if (cancelled := self._live.get(job_id)) is not None and not cancelled.cancelled:
                self._stop(cancelled)

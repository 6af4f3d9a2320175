"""Job store: each asynchronous call is a row, leased by the process that works on it and readable by its id.

    queued ──> working ──> done      the row has the answer, and its money has moved
       └──────────┴──────> failed    the row has the error

Any process may close a job whose process died: `done` if its payment bought the answer, `failed` if the payment is
free again, and not at all while the payment itself is open.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Float, Index, Integer, String, Text, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from alive402.payments.core import Answered
from alive402.payments.ledger import HELD, MAY_HAVE_MOVED, PAID, Ledger, Payment, State, is_held
from alive402.payments.prepaid import PrepaidRepository, PrepaidUse, UseState
from alive402.storage import Base, Clock, DeliveryState, Outbox, Utc, WebhookDelivery, utc_now

JOBS_PATH = "/api/jobs"
AT_ONCE = 100
SETTLING = "settling"
"""The stage of a job whose answer is ready but whose settlement is not known yet."""


class JobState(StrEnum):
    """The state of a job."""

    QUEUED = "queued"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


OPEN = (JobState.QUEUED, JobState.WORKING)


class Job(Base):
    """One job. `result` and `error` are the bodies of the call as JSON texts; `receipt` is the settlement.

    `owner` works on it until `lease_until`; None when no process does. `base` is the service's URL as its caller sees
    it. When it is finished, a message signed with `callback_secret` is sent to `callback_url`.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_state_lease", "state", "lease_until"),)

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    service_id: Mapped[str] = mapped_column(String(128))
    request_id: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(16))
    stage: Mapped[str | None] = mapped_column(String(32))
    progress: Mapped[float] = mapped_column(Float)
    owner: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None] = mapped_column(Utc)
    cancelled: Mapped[bool]
    base: Mapped[str] = mapped_column(Text)
    x402_version: Mapped[int] = mapped_column(Integer)
    result: Mapped[str | None] = mapped_column(Text)
    receipt: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    callback_url: Mapped[str | None] = mapped_column(Text)
    callback_secret: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Utc)
    finished_at: Mapped[datetime | None] = mapped_column(Utc, index=True)

    @property
    def open(self) -> bool:
        """Whether the job is unfinished."""
        return self.state in OPEN

    def to_dict(self) -> dict[str, Any]:
        """The job object, ready for JSON."""
        return {
            "jobId": self.id,
            "status": self.state,
            "statusUrl": f"{self.base}{JOBS_PATH}/{self.id}",
            "stage": self.stage,
            "progress": round(self.progress, 3),
            "createdAt": _moment(self.created_at),
            "finishedAt": _moment(self.finished_at),
            **({"result": json.loads(self.result)} if self.result else {}),
            **({"error": json.loads(self.error)} if self.error else {}),
        }


@dataclass(frozen=True, slots=True)
class Step:
    """The progress of a job, as reported by its process."""

    job_id: str
    state: JobState
    stage: str | None
    progress: float


class JobStore:
    """Reads and changes jobs, each operation in its own transaction; `owner` is this process."""

    def __init__(self, ledger: Ledger, now: Clock = utc_now) -> None:
        self._ledger = ledger
        self._now = now
        self._lease = timedelta(seconds=ledger.lease_seconds)
        self.owner = secrets.token_hex(8)

    async def add(
        self, service_id: str, request_id: str, base: str, x402_version: int, callback_url: str | None = None
    ) -> Job:
        """Store a new job of this process; its id cannot be guessed."""
        now = self._now()
        job = Job(
            id=secrets.token_urlsafe(32),
            service_id=service_id,
            request_id=request_id,
            state=JobState.QUEUED,
            stage=None,
            progress=0.0,
            owner=self.owner,
            lease_until=now + self._lease,
            cancelled=False,
            base=base,
            x402_version=x402_version,
            callback_url=callback_url,
            callback_secret=_new_secret() if callback_url else None,
            created_at=now,
        )
        async with self._ledger.session() as session:
            session.add(job)
        return job

    async def find(self, job_id: str) -> Job | None:
        """The job as last stored."""
        if "\0" in job_id:  # PostgreSQL cannot store NUL in text
            return None
        async with self._ledger.reading() as session:
            return await session.get(Job, job_id)

    async def cancel(self, job_id: str) -> None:
        """Ask the process that works on the job to stop."""
        async with self._ledger.session() as session:
            await session.execute(update(Job).where(Job.id == job_id, Job.state.in_(OPEN)).values(cancelled=True))

    async def beat(self, steps: Iterable[Step]) -> list[str]:
        """Store the progress of this process's jobs and renew their leases; returns the ids of jobs to cancel."""
        async with self._ledger.session() as session:
            for step in steps:
                values = {"state": str(step.state), "stage": step.stage, "progress": step.progress}
                await session.execute(update(Job).where(Job.id == step.job_id, self._ours()).values(values))
            held = update(Job).where(self._ours()).values(lease_until=self._now() + self._lease)
            await session.execute(held)
            return [*await session.scalars(select(Job.id).where(self._ours(), Job.cancelled))]

    async def finish(
        self,
        job: Job,
        *,
        result: dict[str, Any] | None = None,
        receipt: dict[str, Any] | None = None,
        error: dict[str, Any] | None = None,
        owner: str | None = None,
    ) -> Job | None:
        """Close a job that `owner` leases; returns it, or None when another process closed it or took it over."""
        values = {
            "state": str(JobState.FAILED if error else JobState.DONE),
            "stage": None if error else "done",
            "result": json.dumps(result) if result else None,
            "receipt": json.dumps(receipt) if receipt else None,
            "error": json.dumps(error) if error else None,
            "owner": None,
            "lease_until": None,
            "finished_at": self._now(),
            **({} if error else {"progress": 1.0}),
        }
        async with self._ledger.session() as session:
            whose = Job.owner == owner if owner else or_(Job.owner.is_(None), Job.owner == job.owner)
            query = update(Job).where(Job.id == job.id, Job.state.in_(OPEN), whose).values(values).returning(Job.id)
            if (await session.execute(query)).scalar_one_or_none() is None:
                return None
            closed = await session.get(Job, job.id, populate_existing=True)
            assert closed is not None
            if closed.callback_url and closed.callback_secret:
                Outbox(session).put_for_stranger(
                    _message_id(job.id),
                    closed.callback_url,
                    f"job.{closed.state}",
                    self._now(),
                    closed.to_dict(),
                    closed.callback_secret,
                )
            return closed

    async def leave(self, job_id: str) -> None:
        """Release a job whose payment is still open, so that it can be closed later."""
        values = {"owner": None, "lease_until": None, "state": str(JobState.WORKING), "stage": SETTLING}
        async with self._ledger.session() as session:
            await session.execute(update(Job).where(Job.id == job_id, self._ours()).values(values))

    async def orphans(self) -> list[Job]:
        """Open jobs that no process works on: released, or with an expired lease."""
        now = self._now()
        over = or_(Job.owner.is_(None), Job.lease_until <= now, Job.lease_until > now + 2 * self._lease)
        query = select(Job).where(Job.state.in_(OPEN), over).order_by(Job.created_at).limit(AT_ONCE)
        async with self._ledger.reading() as session:
            return [*await session.scalars(query)]

    async def fate(self, request_id: str) -> Answered | bool:
        """The result of a job's payment: the answer that it bought, else whether the payment is closed."""
        async with self._ledger.session() as session:
            query = select(Payment).where(Payment.request_id == request_id)
            for payment in await session.scalars(query):
                state = State(payment.state)
                if state in PAID and payment.result is not None:
                    receipt = json.loads(payment.receipt or "{}")
                    return Answered(request_id, json.loads(payment.result), receipt)
                if state in HELD or state in MAY_HAVE_MOVED:
                    # The reconciler closes it; until then money may still move.
                    return False
            return await self._fate_of_a_use(session, request_id)

    async def prune(self, keep: timedelta) -> None:
        """Delete finished jobs older than `keep` that have no notification left to send."""
        before = self._now() - keep
        delivered = and_(WebhookDelivery.secret.is_not(None), WebhookDelivery.state != str(DeliveryState.PENDING))
        async with self._ledger.session() as session:
            await session.execute(delete(Job).where(Job.finished_at < before))
            await session.execute(delete(WebhookDelivery).where(delivered, WebhookDelivery.created_at < before))

    def _ours(self) -> ColumnElement[bool]:
        return and_(Job.owner == self.owner, Job.state.in_(OPEN))

    async def _fate_of_a_use(self, session: AsyncSession, request_id: str) -> Answered | bool:
        query = select(PrepaidUse).where(PrepaidUse.request_id == request_id)
        use = (await session.scalars(query.order_by(PrepaidUse.created_at.desc()))).first()
        if use is None:
            return True
        if use.state == UseState.SPENT and use.result is not None:
            return Answered(request_id, json.loads(use.result), {})
        if use.state == UseState.HELD:
            if is_held(use.lease_until, self._now(), self._lease):
                return False
            prepaid = PrepaidRepository(session)
            await prepaid.by_id(use.prepayment_id)
            values = {"state": UseState.RETURNED, "detail": "its process died", "ended_at": self._now()}
            if await prepaid.end_use(use.id, values):
                await prepaid.put_back(use.prepayment_id, 1)
        return True


async def open_jobs(session: AsyncSession) -> dict[JobState, int]:
    """The number of unfinished jobs of all processes in each state, zeros included."""
    query = select(Job.state, func.count().label("jobs")).where(Job.state.in_(OPEN)).group_by(Job.state)
    found = {row.state: int(row.jobs) for row in await session.execute(query)}
    return {state: found.get(str(state), 0) for state in OPEN}


async def erase(session: AsyncSession, request_id: str) -> None:
    """Delete the finished jobs of a request, and the answer in notifications that are still to be sent."""
    theirs = Job.request_id == request_id, Job.state.not_in(OPEN)
    messages = [_message_id(job_id) for job_id in await session.scalars(select(Job.id).where(*theirs))]
    await session.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(messages)))
    await session.execute(delete(Job).where(*theirs))


def _message_id(job_id: str) -> str:
    return f"job_{job_id[:36]}"


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at is not None else None

"""Job routes: read a job's state, follow it as events, cancel it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from alive402.calls.jobs import JOBS_PATH, Job, JobRunner, JobState, TooManyListeners, UnknownJob
from alive402.http.core import ref, refusals
from alive402.http.payment import receipt_headers

_NO_STORE = {"Cache-Control": "no-store"}
HEARTBEAT_SECONDS = 15
RETRY_SECONDS = 1


def router(runner: JobRunner) -> APIRouter:
    """Routes `GET /api/jobs/{id}`, its event stream, and `DELETE`."""
    routes = APIRouter(prefix=JOBS_PATH, tags=["services"])
    shown = {
        "description": "The current state of the job.",
        "content": {"application/json": {"schema": ref("Job")}},
        "headers": {"PAYMENT-RESPONSE": {"schema": {"type": "string"}, "description": "when done and settled"}},
    }

    @routes.get(
        "/{job_id}",
        operation_id="get_job",
        summary="Read the state of a job, and its answer",
        responses={200: shown, **refusals(UnknownJob)},
    )
    async def show(job_id: str) -> JSONResponse:
        return _job_response(await runner.find(job_id))

    @routes.get(
        "/{job_id}/events",
        operation_id="follow_job",
        summary="Follow a job by server-sent events",
        response_class=EventSourceResponse,
        responses={
            200: {
                "description": "Events `progress`, then one `done` or `failed`; each one's data is the job as JSON.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            **refusals(UnknownJob, TooManyListeners),
        },
    )
    async def follow(job_id: str) -> EventSourceResponse:
        return EventSourceResponse(_events(await runner.follow(job_id)), ping=HEARTBEAT_SECONDS, headers=_NO_STORE)

    @routes.delete(
        "/{job_id}",
        operation_id="cancel_job",
        summary="Cancel an unfinished job; nothing is charged",
        responses={200: shown, **refusals(UnknownJob)},
    )
    async def cancel(job_id: str) -> JSONResponse:
        return _job_response(await runner.cancel(job_id))

    return routes


def accepted(accepted_job: dict[str, Any]) -> JSONResponse:
    """The 202 response: the job continues without its caller."""
    headers = {
        **_NO_STORE,
        "Location": accepted_job["statusUrl"],
        "Preference-Applied": "respond-async",
        "Retry-After": str(RETRY_SECONDS),
    }
    return JSONResponse(accepted_job, status_code=202, headers=headers)


async def _events(jobs: AsyncIterator[Job]) -> AsyncIterator[ServerSentEvent]:
    async for job in jobs:
        kind = "progress" if job.open else str(job.state)
        yield ServerSentEvent(data=json.dumps(job.to_dict(), ensure_ascii=False), event=kind)


def _job_response(job: Job) -> JSONResponse:
    headers = dict(_NO_STORE)
    if job.state == JobState.DONE:
        headers |= receipt_headers(json.loads(job.receipt or "{}"), job.x402_version)
    if job.open:
        headers["Retry-After"] = str(RETRY_SECONDS)
    return JSONResponse(job.to_dict(), headers=headers)

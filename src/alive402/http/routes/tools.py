"""Service routes: without payment they answer 402 with the price, with payment the result."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import JSONResponse

from alive402.calls import PaidCalls, answer_body
from alive402.calls.jobs import InvalidCallback, JobRequest, JobRunner, TooManyJobs
from alive402.catalog import CHALLENGE_ID, without_absent
from alive402.errors import CodedError
from alive402.http.core import CHALLENGED, PAID_CALL, LargeBodies, body_of, json_object, ref, refusals, request_id
from alive402.http.payment import (
    Payment,
    PaymentObjects,
    RequestCredentials,
    payment_required,
    receipt_headers,
    required_body,
    resource_of,
)
from alive402.http.routes.jobs import accepted
from alive402.payments.core import PaymentRequired
from alive402.payments.x402 import Resource

CALLBACK_HEADER = "X-Callback-Url"


def router(calls: PaidCalls, payments: PaymentObjects, jobs: JobRunner) -> APIRouter:
    """The service's path and its aliases, with one handler; `Prefer: respond-async` turns a call into a job."""
    routes, large = APIRouter(), LargeBodies(calls.service.max_body_bytes)
    challenged = CHALLENGED if CHALLENGE_ID in calls.service.input_schema["properties"] else ()

    async def call(
        request: Request,
        payment: Payment,
        wanted_version: Annotated[int, Query(alias="x402Version", ge=1, le=2)] = 2,
        prefer: Annotated[str | None, Header(description="`respond-async`: answer 202 with a job (RFC 7240)")] = None,
        callback: Annotated[
            str | None, Header(alias=CALLBACK_HEADER, description="URL for a POST at the job's end")
        ] = None,
    ) -> JSONResponse:
        version = min(wanted_version, payment.version)
        given = without_absent(await json_object(request, calls.service.max_body_bytes), calls.service.input_schema)
        # A call without input asks for the price; invalid input is reported before payment.
        if given is not None or payment.anything:
            calls.check_input(given or {})
        resource = resource_of(calls.service, payments.base(request) + request.url.path)
        try:
            if _responds_async(prefer):
                return accepted(
                    await jobs.start(_job_request(given or {}, payment, resource, request, version, callback))
                )
            outcome = await calls.call(given or {}, payment.offer, resource, request_id(request))
        except PaymentRequired as error:
            named = await payments.named(error.details.get("paymentId"), calls, request)
            return payment_required(error, request, calls.gate, resource, named, version)
        headers = {
            **receipt_headers(outcome.receipt, version, mpp=payment.mpp),
            "Cache-Control": "no-store",
        }
        return JSONResponse(
            answer_body(outcome.request_id, outcome.data, outcome.report_id, payments.base(request)), headers=headers
        )

    def _job_request(
        given: dict[str, Any],
        payment: RequestCredentials,
        resource: Resource,
        request: Request,
        version: int,
        callback: str | None,
    ) -> JobRequest:
        async def refused(error: CodedError) -> dict[str, Any]:
            if not isinstance(error, PaymentRequired):
                return body_of(error, request)
            named = await payments.named(error.details.get("paymentId"), calls, request)
            return required_body(error, request_id(request), calls.gate, resource, named, version)

        base = payments.base(request)
        return JobRequest(
            calls, given, payment.offer, resource, request_id(request), base, version, refused, callback or None
        )

    for path in calls.service.paths:
        canonical = path == calls.service.paths[0]
        routes.add_api_route(
            path,
            call,
            methods=["POST"],
            dependencies=[Depends(large.place)],
            operation_id=calls.service.tool_name if canonical else f"{calls.service.tool_name}_legacy",
            summary=calls.service.name,
            description=calls.service.description,
            deprecated=not canonical,
            tags=["services"],
            responses={
                200: {
                    "description": "The answer. The call is charged now.",
                    "content": {
                        "application/json": {
                            "schema": calls.service.output_schema,
                            "example": calls.service.example_output,
                        }
                    },
                    "headers": {
                        "PAYMENT-RESPONSE": {
                            "schema": {"type": "string"},
                            "description": "settlement, base64 of JSON",
                        },
                        "Payment-Receipt": {
                            "schema": {"type": "string"},
                            "description": "settlement of a payment by MPP, base64url of JSON",
                        },
                    },
                },
                202: {
                    "description": "With `Prefer: respond-async`: the price is reserved, and the job goes on.",
                    "content": {"application/json": {"schema": ref("Job")}},
                    "headers": {
                        "Location": {"schema": {"type": "string"}, "description": "URL of the job"},
                        "Preference-Applied": {"schema": {"type": "string"}, "description": "respond-async"},
                        "Retry-After": {"schema": {"type": "integer"}, "description": "seconds"},
                    },
                },
                **refusals(*PAID_CALL, *challenged, TooManyJobs, InvalidCallback),
            },
            openapi_extra={
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": calls.service.input_schema,
                            "example": calls.service.example_input,
                        }
                    },
                }
            },
        )
    return routes


def _responds_async(prefer: str | None) -> bool:
    """Whether one of the preferences is `respond-async`, in the syntax of RFC 7240."""
    return any(each.partition(";")[0].strip().lower() == "respond-async" for each in (prefer or "").split(","))

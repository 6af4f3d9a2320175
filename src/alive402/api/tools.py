"""The tool for sale: unpaid it answers 402 with all that a buyer needs, paid it answers the question."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse

from alive402.api.errors import BodyTooLarge, HeaderTooLarge, InvalidJson, request_id
from alive402.api.x402_headers import payment_required, receipt_headers
from alive402.calls import PaidCalls
from alive402.catalog import ServiceDefinition
from alive402.payments.errors import PaymentRequired
from alive402.payments.purse import Offer
from alive402.payments.signed import Resource
from alive402.payments.x402 import SIGNATURE_HEADER
from alive402.payments.x402_v1 import V1_SIGNATURE_HEADER

MAX_BODY_BYTES = 16 * 1024
MAX_SIGNATURE_BYTES = 8 * 1024


def router(calls: PaidCalls, public_url: str | None, provider_id: str) -> APIRouter:
    """The service's own path and its aliases, over one handler."""
    routes = APIRouter()

    async def call(
        request: Request,
        payment_signature: Annotated[str | None, Header(alias=SIGNATURE_HEADER)] = None,
        x_payment: Annotated[str | None, Header(alias=V1_SIGNATURE_HEADER)] = None,
        version: Annotated[int, Query(alias="x402Version", ge=1, le=2)] = 2,
    ) -> JSONResponse:
        if x_payment and not payment_signature:
            payment_signature, version = x_payment, 1
        if payment_signature and len(payment_signature) > MAX_SIGNATURE_BYTES:
            raise HeaderTooLarge
        given = await _json(request)
        # Nothing said yet is how a buyer asks for the price; something wrong is told before anyone pays for it.
        if given is not None or payment_signature:
            calls.check_input(given or {})
        base = (public_url or str(request.base_url)).rstrip("/")
        resource = resource_of(calls.service, base + request.url.path)
        try:
            outcome = await calls.call(given or {}, Offer(signature=payment_signature), resource, request_id(request))
        except PaymentRequired as error:
            return payment_required(error, request, calls, resource, provider_id, version)
        body = {"requestId": outcome.request_id, "code": "200", "message": "success", "content": ""}
        headers = {
            **receipt_headers(outcome.receipt, version),
            "Cache-Control": "no-store",
        }
        return JSONResponse({**body, "data": outcome.data}, headers=headers)

    for path in calls.service.paths:
        canonical = path == calls.service.paths[0]
        routes.add_api_route(
            path,
            call,
            methods=["POST"],
            operation_id=calls.service.tool_name if canonical else f"{calls.service.tool_name}_legacy",
            summary=calls.service.name,
            description=calls.service.description,
            deprecated=not canonical,
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


def resource_of(service: ServiceDefinition, url: str) -> Resource:
    """What is paid for, as x402 describes it; `url` is the one that was called."""
    return Resource(
        url=url,
        paths=service.paths,
        description=service.description,
        service_name=service.name[:32],
        tags=service.tags[:5],
        input_schema=service.input_schema,
        example_input=service.example_input,
        example_output=service.example_output,
    )


async def _json(request: Request) -> dict[str, Any] | None:
    """The body as an object, or None for an empty one.

    Raises:
        BodyTooLarge: more than `MAX_BODY_BYTES`, read no further.
        InvalidJson: not a JSON object.
    """
    received = b""
    async for chunk in request.stream():
        received += chunk
        if len(received) > MAX_BODY_BYTES:
            raise BodyTooLarge
    if not received.strip():
        return None
    try:
        given = json.loads(received)
    except (ValueError, RecursionError):
        raise InvalidJson from None
    if not isinstance(given, dict):
        raise InvalidJson
    return given or None

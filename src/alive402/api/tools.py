"""The tool for sale: unpaid it answers 402 with all that a buyer needs, paid it answers the question."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from alive402.api.bodies import json_object
from alive402.api.errors import request_id
from alive402.api.offers import Payment
from alive402.api.payment_object import PaymentObjects
from alive402.api.refusals import PAID_CALL, refusals
from alive402.api.x402_headers import payment_required, receipt_headers
from alive402.calls import PaidCalls
from alive402.catalog import ServiceDefinition
from alive402.payments.errors import PaymentRequired
from alive402.payments.signed import Resource


def router(calls: PaidCalls, payments: PaymentObjects) -> APIRouter:
    """The service's own path and its aliases, over one handler."""
    routes = APIRouter()

    async def call(
        request: Request, payment: Payment, asked: Annotated[int, Query(alias="x402Version", ge=1, le=2)] = 2
    ) -> JSONResponse:
        version = min(asked, payment.version)
        given = await json_object(request)
        # Nothing said yet is how a buyer asks for the price; something wrong is told before anyone pays for it.
        if given is not None or payment.anything:
            calls.check_input(given or {})
        resource = resource_of(calls.service, payments.base(request) + request.url.path)
        try:
            outcome = await calls.call(given or {}, payment.offer, resource, request_id(request))
        except PaymentRequired as error:
            named = await payments.named(error.details.get("paymentId"), calls, request)
            return payment_required(error, request, calls.gate, resource, named, version)
        body = {"requestId": outcome.request_id, "code": "200", "message": "success", "content": ""}
        headers = {
            **receipt_headers(outcome.receipt, version),
            "Cache-Control": "no-store",
        }
        shown = payments.report_url(outcome.report_id, request)
        return JSONResponse({**body, "data": outcome.data, **shown}, headers=headers)

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
            tags=["services"],
            responses={
                200: {
                    "description": "The answer; only now it is charged.",
                    "content": {
                        "application/json": {
                            "schema": calls.service.output_schema,
                            "example": calls.service.example_output,
                        }
                    },
                    "headers": {
                        "PAYMENT-RESPONSE": {"schema": {"type": "string"}, "description": "the settlement, base64"}
                    },
                },
                **refusals(*PAID_CALL),
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

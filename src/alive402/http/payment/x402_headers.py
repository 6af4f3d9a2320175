"""x402 over HTTP, versions 1 and 2: the 402 response with its header, and the receipt header."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from x402.schemas import PaymentRequired as PaymentRequiredV2
from x402.schemas.v1 import PaymentRequiredV1

from alive402.calls import error_body
from alive402.catalog import ServiceDefinition
from alive402.http.core import request_id
from alive402.payments.core import PaymentRequired
from alive402.payments.x402 import (
    REQUIRED_HEADER,
    RESPONSE_HEADER,
    V1_RESPONSE_HEADER,
    PaymentGate,
    Resource,
    required_header,
    response_header,
    response_header_v1,
)

X402Required = PaymentRequiredV1 | PaymentRequiredV2


def payment_required(
    error: PaymentRequired,
    request: Request,
    gate: PaymentGate,
    resource: Resource,
    payment: dict[str, Any],
    version: int = 2,
) -> JSONResponse:
    """The 402 response: x402 instructions in body and header, the gateway's `payment` object, and our error.

    Version 1 has no header, because a client library that finds one assumes version 2.
    """
    required = _required(error, gate, resource, version)
    body = _body(required, error, request_id(request), payment)
    if isinstance(required, PaymentRequiredV1):
        return JSONResponse(body, status_code=402, headers={"Cache-Control": "no-store"})
    headers = {
        REQUIRED_HEADER: required_header(required),
        "Access-Control-Expose-Headers": REQUIRED_HEADER,
        "Cache-Control": "no-store",
    }
    return JSONResponse(body, status_code=402, headers=headers)


def required_body(
    error: PaymentRequired,
    request_id: str,
    gate: PaymentGate,
    resource: Resource,
    payment: dict[str, Any],
    version: int = 2,
) -> dict[str, Any]:
    """The body of every 402, for any API: x402 instructions, our error, the `payment` object."""
    return _body(_required(error, gate, resource, version), error, request_id, payment)


def _required(error: PaymentRequired, gate: PaymentGate, resource: Resource, version: int) -> X402Required:
    sentence = f"{error.code}: {error.message}"
    return gate.required_v1(resource, sentence) if version == 1 else gate.required(resource, sentence)


def _body(required: X402Required, error: PaymentRequired, request_id: str, payment: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = required.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {**body, **error_body(error, request_id), "payment": payment}


def receipt_headers(receipt: dict[str, Any], version: int) -> dict[str, str]:
    """The header with the settlement receipt; empty when nothing was settled on a chain."""
    if not receipt:
        return {}
    name = RESPONSE_HEADER if version == 2 else V1_RESPONSE_HEADER
    value = response_header(receipt) if version == 2 else response_header_v1(receipt)
    return {name: value, "Access-Control-Expose-Headers": name}


def resource_of(service: ServiceDefinition, url: str) -> Resource:
    """The x402 resource of a service; `url` is the URL that was called."""
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

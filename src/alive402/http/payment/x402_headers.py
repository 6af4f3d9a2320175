"""x402 over HTTP, versions 1 and 2, and MPP: the 402 response with its headers, and the receipt headers."""

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
    CHALLENGE_HEADER,
    RECEIPT_HEADER,
    REQUIRED_HEADER,
    RESPONSE_HEADER,
    V1_RESPONSE_HEADER,
    PaymentGate,
    Resource,
    receipt_header,
    required_header,
    response_header,
    response_header_v1,
)

# Proxies limit all headers of a response together, nginx to 4 kB by default; the other ones need about 500 bytes.
PAYMENT_HEADERS_BYTES = 3_520


def payment_required(
    error: PaymentRequired,
    request: Request,
    gate: PaymentGate,
    resource: Resource,
    payment: dict[str, Any],
    version: int = 2,
) -> JSONResponse:
    """The 402 response for clients of both x402 versions: version 2 in the header, version 1 in the body.

    Clients of version 2 read the header and ignore the body; clients of version 1 read the body only. The body holds
    version 2's `resource` and `extensions` as well, because the header has a short form of them. Clients of MPP read
    the challenges in WWW-Authenticate. With `version` 1 there are no headers and nothing of version 2.
    """
    headers = {"Cache-Control": "no-store"}
    if version == 1:
        body = _instructions_v1(error, gate, resource)
    else:
        required = gate.required(resource, _sentence(error))
        body = _instructions_of_both(required, error, gate, resource)
        headers[REQUIRED_HEADER] = required_header(required, error.code)
        challenges = gate.challenges(resource, PAYMENT_HEADERS_BYTES - len(headers[REQUIRED_HEADER]))
        if challenges is not None:
            headers[CHALLENGE_HEADER] = challenges
    return JSONResponse(_body(body, error, request_id(request), payment), status_code=402, headers=headers)


def example_body(
    error: PaymentRequired, request_id: str, gate: PaymentGate, resource: Resource, payment: dict[str, Any]
) -> dict[str, Any]:
    """The body of `payment_required` for documents."""
    required = gate.required(resource, _sentence(error))
    return _body(_instructions_of_both(required, error, gate, resource), error, request_id, payment)


def required_body(
    error: PaymentRequired,
    request_id: str,
    gate: PaymentGate,
    resource: Resource,
    payment: dict[str, Any],
    version: int = 2,
) -> dict[str, Any]:
    """The body of a 402 where there are no headers (MCP, jobs), in one x402 version."""
    if version == 1:
        return _body(_instructions_v1(error, gate, resource), error, request_id, payment)
    return _body(_dumped(gate.required(resource, _sentence(error))), error, request_id, payment)


def _instructions_of_both(
    required: PaymentRequiredV2, error: PaymentRequired, gate: PaymentGate, resource: Resource
) -> dict[str, Any]:
    """Version 1's document with the fields that only version 2 has; version 2's when version 1 has no such network."""
    old = _dumped(gate.required_v1(resource, _sentence(error), well_known=True))
    return {**_dumped(required), **old} if old["accepts"] else _dumped(required)


def _instructions_v1(error: PaymentRequired, gate: PaymentGate, resource: Resource) -> dict[str, Any]:
    return _dumped(gate.required_v1(resource, _sentence(error)))


def _dumped(required: PaymentRequiredV1 | PaymentRequiredV2) -> dict[str, Any]:
    dumped: dict[str, Any] = required.model_dump(mode="json", by_alias=True, exclude_none=True)
    return dumped


def _sentence(error: PaymentRequired) -> str:
    return f"{error.code}: {error.message}"


def _body(
    instructions: dict[str, Any], error: PaymentRequired, request_id: str, payment: dict[str, Any]
) -> dict[str, Any]:
    return {**instructions, **error_body(error, request_id), "payment": payment}


def receipt_headers(receipt: dict[str, Any], version: int, *, mpp: bool = False) -> dict[str, str]:
    """The headers with the settlement receipt, for `mpp` in its form too; empty when nothing was settled on a chain."""
    if not receipt:
        return {}
    name = RESPONSE_HEADER if version == 2 else V1_RESPONSE_HEADER
    value = response_header(receipt) if version == 2 else response_header_v1(receipt)
    return {name: value, **({RECEIPT_HEADER: receipt_header(receipt)} if mpp else {})}


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

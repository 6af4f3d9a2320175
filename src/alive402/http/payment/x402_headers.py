"""x402 as HTTP speaks it, in both versions: the 402 answer with its header, and the header of a receipt."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

from alive402.calls.rendering import error_body
from alive402.http.core.errors import request_id
from alive402.payments.core.errors import PaymentRequired
from alive402.payments.x402.protocol import (
    REQUIRED_HEADER,
    RESPONSE_HEADER,
    PaymentGate,
    required_header,
    response_header,
)
from alive402.payments.x402.signed_payment import Resource
from alive402.payments.x402.v1 import V1_RESPONSE_HEADER, response_header_v1


def payment_required(
    error: PaymentRequired,
    request: Request,
    gate: PaymentGate,
    resource: Resource,
    payment: dict[str, Any],
    version: int = 2,
) -> JSONResponse:
    """402: x402's instructions in the body and in the header, the gateway's `payment` object, and our own refusal.

    In version 1 there is no header: a buyer's library that finds one speaks version 2.
    """
    body = required_body(error, request_id(request), gate, resource, payment, version)
    if version == 1:
        return JSONResponse(body, status_code=402, headers={"Cache-Control": "no-store"})
    headers = {
        REQUIRED_HEADER: required_header(gate.required(resource, _sentence(error))),
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
    """The body of every 402, whichever API gives it: x402's instructions, our own error, the `payment` object."""
    sentence = _sentence(error)
    required = gate.required_v1(resource, sentence) if version == 1 else gate.required(resource, sentence)
    body: dict[str, Any] = required.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {**body, **error_body(error, request_id), "payment": payment}


def _sentence(error: PaymentRequired) -> str:
    return f"{error.code}: {error.message}"


def receipt_headers(receipt: dict[str, Any], version: int) -> dict[str, str]:
    """The header that tells a buyer of the settlement; none where nothing was settled on a chain."""
    if not receipt:
        return {}
    name = RESPONSE_HEADER if version == 2 else V1_RESPONSE_HEADER
    value = response_header(receipt) if version == 2 else response_header_v1(receipt)
    return {name: value, "Access-Control-Expose-Headers": name}

"""x402 as HTTP speaks it, in both versions: the 402 answer with its header, and the header of a receipt."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from alive402.api.errors import body_of
from alive402.payments.errors import PaymentRequired
from alive402.payments.signed import Resource
from alive402.payments.x402 import REQUIRED_HEADER, RESPONSE_HEADER, PaymentGate, required_header, response_header
from alive402.payments.x402_v1 import V1_RESPONSE_HEADER, response_header_v1


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
    if version == 1:
        body = required_body(error, request, gate, resource, payment, version)
        return JSONResponse(body, status_code=402, headers={"Cache-Control": "no-store"})
    asked = gate.required(resource, _said(error))
    body = _body(asked, error, request, payment)
    headers = {
        REQUIRED_HEADER: required_header(asked),
        "Access-Control-Expose-Headers": REQUIRED_HEADER,
        "Cache-Control": "no-store",
    }
    return JSONResponse(body, status_code=402, headers=headers)


def required_body(
    error: PaymentRequired,
    request: Request,
    gate: PaymentGate,
    resource: Resource,
    payment: dict[str, Any],
    version: int = 2,
) -> dict[str, Any]:
    """The body of such an answer."""
    said = _said(error)
    asked = gate.required_v1(resource, said) if version == 1 else gate.required(resource, said)
    return _body(asked, error, request, payment)


def _body(asked: BaseModel, error: PaymentRequired, request: Request, payment: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = asked.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {**body, **body_of(error, request), "payment": payment}


def _said(error: PaymentRequired) -> str:
    return f"{error.code}: {error.message}"


def receipt_headers(receipt: dict[str, Any], version: int) -> dict[str, str]:
    """The header that tells a buyer of the settlement; none where nothing was settled on a chain."""
    if not receipt:
        return {}
    name = RESPONSE_HEADER if version == 2 else V1_RESPONSE_HEADER
    value = response_header(receipt) if version == 2 else response_header_v1(receipt)
    return {name: value, "Access-Control-Expose-Headers": name}

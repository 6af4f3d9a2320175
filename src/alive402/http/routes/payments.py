"""Prepaid payment routes: create a payment and get its token, read it, pay it; then the token is valid."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from alive402.calls import PaidCalls, ServiceRegistry
from alive402.catalog import InvalidInput, problems_in
from alive402.http.core import NEW_PAYMENT, PAYING, UnknownService, json_object, ref, refusals, request_id
from alive402.http.payment import PAYMENTS_PATH, Payment, PaymentObjects, payment_required, receipt_headers
from alive402.payments.core import NoSuchPayment, PaymentRequired
from alive402.payments.prepaid import Prepaid
from alive402.payments.x402 import Resource

_SECRET = {"type": "string", "minLength": 16, "maxLength": 128, "pattern": "^[!-~]+$"}
_NO_STORE = {"Cache-Control": "no-store"}


def router(registry: ServiceRegistry, payments: PaymentObjects, max_calls: int) -> APIRouter:
    """Routes `POST /api/payments`, `GET /api/payments/{id}` and `POST /api/payments/{id}/pay`."""
    routes = APIRouter(prefix=PAYMENTS_PATH, tags=["payments"])
    asking = {
        "type": "object",
        "properties": {
            "serviceId": {"type": "string", "maxLength": 128},
            "providerId": {"type": ["string", "null"], "enum": [payments.provider_id, None]},
            "maxCalls": {"type": "integer", "minimum": 1, "maximum": max_calls},
            "clientSecret": _SECRET,
        },
        "required": ["serviceId"],
        "additionalProperties": False,
    }
    paying = {
        "type": "object",
        "properties": {
            "newToken": {"type": "boolean", "description": "Return a new token; the one before becomes invalid."},
            "accessKeyId": {
                "type": "string",
                "minLength": 1,
                "maxLength": 64,
                "pattern": "^[!-~]+$",
                "description": "Credit the calls to this prepaid API key instead of a token.",
            },
        },
        "additionalProperties": False,
    }

    @routes.post(
        "",
        operation_id="create_payment",
        summary="Create a payment for one or several calls; returns its token",
        status_code=201,
        responses={
            201: _shown("The payment is pending. Only this response shows `token`."),
            **refusals(*NEW_PAYMENT, UnknownService),
        },
        openapi_extra=_body(asking, required=True),
    )
    async def create(request: Request, payment: Payment) -> JSONResponse:
        given = await _given(request, asking)
        calls = registry.find(given["serviceId"])
        if calls is None:
            raise UnknownService
        await registry.ledger_services.new_payments.admit(payment.offer.address)
        # JSON Schema accepts 2.0 as an integer; amounts of money must not.
        prepaid, token = await calls.prepayments.create(int(given.get("maxCalls", 1)), given.get("clientSecret"))
        return JSONResponse(_pending(prepaid, request, token), status_code=201, headers=_NO_STORE)

    @routes.get(
        "/{payment_id}",
        operation_id="get_payment",
        summary="Read the state of a payment",
        responses={200: _shown("The current state of the payment."), **refusals(NoSuchPayment)},
    )
    async def show(request: Request, payment_id: str) -> JSONResponse:
        prepaid = await payments.find(payment_id)
        shown = _pending(prepaid, request) if prepaid.status == "pending" else payments.of(prepaid, request)
        return JSONResponse(shown, headers=_NO_STORE)

    @routes.post(
        "/{payment_id}/pay",
        operation_id="pay_payment",
        summary="Pay a payment: its token becomes valid, or an API key is credited",
        responses={
            200: _shown("The payment is paid. `token` is null unless a new one was asked for."),
            **refusals(*PAYING),
        },
        openapi_extra=_body(paying, required=False),
    )
    async def pay(request: Request, payment_id: str, payment: Payment) -> JSONResponse:
        given = await _given(request, paying)
        prepaid = await _found(request, payment_id, payment)
        calls = payments.calls_of(prepaid)
        resource = _resource(calls, payment_id, request)
        filled = given.get("accessKeyId")
        api_key_id = await registry.ledger_services.access_keys.prepaid(filled) if filled is not None else None
        guesses, address = registry.ledger_services.guesses, payment.offer.address
        try:
            async with guesses.guarded(address) if payment.client_secret else nullcontext():
                paid = await calls.prepayments.pay(
                    payment_id,
                    payment.offer,
                    resource,
                    request_id(request),
                    client_secret=payment.client_secret,
                    new_token=given.get("newToken", False),
                    api_key_id=api_key_id,
                )
        except PaymentRequired as error:
            prepaid = await payments.find(payment_id)
            gate = calls.prepayments.gate(prepaid.max_calls)
            shown = payments.of(prepaid, request)
            return payment_required(error, request, gate, resource, shown, payment.version)
        headers = {**receipt_headers(paid.receipt, payment.version, mpp=payment.mpp), **_NO_STORE}
        return JSONResponse(payments.of(paid.prepaid, request, paid.token), headers=headers)

    async def _found(request: Request, payment_id: str, payment: Payment) -> Prepaid:
        """The payment, made again when the ledger has lost it and the signature sent now has paid it."""
        try:
            return await payments.find(payment_id)
        except NoSuchPayment:
            if not payment.offer.signature:
                raise
        # Each try asks the chain, so they are limited like guesses.
        async with registry.ledger_services.guesses.guarded(payment.offer.address, NoSuchPayment):
            signed_for = registry.first.gate.read(payment.offer.signature).payload.resource
            said = signed_for.description if signed_for is not None else ""
            for calls in sorted(registry.services, key=lambda each: _described(each) != said):
                found = await calls.prepayments.reopen(
                    payment_id,
                    payment.offer,
                    _resource(calls, payment_id, request),
                    payment.client_secret,
                    max_calls,
                )
                if found is not None:
                    return found
            raise NoSuchPayment

    def _pending(prepaid: Prepaid, request: Request, token: str | None = None) -> dict[str, Any]:
        """The payment object with the x402 instructions to sign."""
        calls = payments.calls_of(prepaid)
        gate, resource = calls.prepayments.gate(prepaid.max_calls), _resource(calls, prepaid.id, request)
        required = gate.required(resource, "payment_required: Sign one of `accepts` and send it.")
        x402 = required.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {**payments.of(prepaid, request, token), "x402": x402}

    def _resource(calls: PaidCalls, payment_id: str, request: Request) -> Resource:
        path = f"{PAYMENTS_PATH}/{payment_id}/pay"
        return Resource(
            url=payments.pay_url(payment_id, request),
            paths=(path,),
            description=_described(calls),
            service_name=calls.service.name[:32],
            tags=calls.service.tags[:5],
            input_schema=paying,
            example_input={},
            example_output={"paymentId": payment_id, "status": "paid"},
        )

    return routes


def _described(calls: PaidCalls) -> str:
    """The description of a payment for calls of a service, which its buyer's wallet shows and sends back."""
    return f"Several calls of: {calls.service.name}"


async def _given(request: Request, schema: dict[str, Any]) -> dict[str, Any]:
    given = await json_object(request) or {}
    problems = problems_in(given, Draft202012Validator(schema))
    if problems:
        raise InvalidInput(problems=problems)
    return given


def _body(schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def _shown(when: str) -> dict[str, Any]:
    return {"description": when, "content": {"application/json": {"schema": ref("Payment")}}}

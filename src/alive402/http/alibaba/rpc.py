"""RPC API for Alibaba Cloud's SDKs: `POST /` with an action, signed by an AccessKeySecret, answered in their format."""

from __future__ import annotations

import asyncio
import string
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope as AsgiScope

from alive402.calls import Outcome, PaidCalls, ServiceRegistry
from alive402.catalog import CHALLENGE_INPUTS, ServiceDefinition
from alive402.http.alibaba import objects
from alive402.http.alibaba.errors import (
    INVALID,
    MISSING,
    REPLAYED,
    STALE,
    UNKNOWN_ACTION,
    WRONG_SECRET,
    ErrorCode,
    RpcRefused,
    WrongSecret,
    classify,
    error_code,
    refusal,
    sentence,
)
from alive402.http.alibaba.signatures import SignedRequest, action_of, is_signed, read
from alive402.http.core import (
    MAX_BODY_BYTES,
    BodyTooLarge,
    BodyTooSlow,
    InvalidJson,
    LargeBodies,
    received_from,
    request_id,
)
from alive402.http.payment import PaymentObjects, resource_of
from alive402.intake import Uploads
from alive402.payments.core import KeyAccount, Offer
from alive402.payments.keys import SIGNATURE_LIFETIME, Scope

log = structlog.get_logger(__name__)

VERSION = "2019-12-30"
"""The API version of the actions sold here; facebody's."""
_MAX_INDEX, _MAX_DEPTH = 100, 8
# Escaped characters cost a hundred times their bytes to parse or to sign again; 10 MB of base64 have half this many.
MOST_ESCAPES = 1_000_000
_PLAIN = (string.ascii_letters + string.digits + "-._~").encode()


def routes(
    registry: ServiceRegistry, payments: PaymentObjects, uploads: Uploads, upload_host: str | None = None
) -> Sequence[BaseRoute]:
    """`POST /` and signed `GET /`, to be placed before the home page. Files are accepted at `upload_host`."""
    files = objects.Objects(registry, payments, uploads, upload_host)
    door = _Door(registry, payments, files)
    return (
        files.route(),
        Route("/", door.answer, methods=["POST"], include_in_schema=False),
        _SignedGet("/", door.answer, methods=["GET"], include_in_schema=False),
    )


class _SignedGet(Route):
    """A route that matches only signed requests."""

    def matches(self, scope: AsgiScope) -> tuple[Match, AsgiScope]:
        found, child = super().matches(scope)
        mine = found is Match.FULL and is_signed(scope["query_string"], list(scope["headers"]))
        return (found, child) if mine else (Match.NONE, {})


class _Door:
    def __init__(self, registry: ServiceRegistry, payments: PaymentObjects, objects: objects.Objects) -> None:
        self._registry = registry
        self._objects = objects
        self._payments = payments
        self._large = LargeBodies(max(calls.service.max_body_bytes for calls in registry.services))

    async def answer(self, request: Request) -> Response:
        """Answer a request, always in Alibaba's format, also when it fails."""
        try:
            return await self._answer(request)
        except RpcRefused as error:
            return self._refused(request, error.kind, error.message)
        except Exception as error:
            known = classify(error, request_id(request))
            message = sentence(known, "Sign and send the request again.")
            return self._refused(request, error_code(known), message, known.retry_after)

    async def _answer(self, request: Request) -> Response:
        query, headers = request.scope["query_string"], list(request.scope["headers"])
        calls = self._called(action_of(query, headers))
        large = calls.service.max_body_bytes if calls else MAX_BODY_BYTES
        async with self._place(large, request):
            body = await _bounded(request, large)
            if len(body) <= MAX_BODY_BYTES:
                signed = read(request.method, query, headers, body)
            else:
                # Parsing megabytes of form data would block the event loop, so a thread does it.
                signed = await asyncio.to_thread(read, request.method, query, headers, body)
            return await self._called_as(signed, request)

    async def _called_as(self, signed: SignedRequest, request: Request) -> Response:
        address = request.client.host if request.client else None
        account = await self._account(signed, address)
        if signed.parameters.get("Format", "json").lower() != "json":
            raise RpcRefused(INVALID, "Format must be JSON.")
        if (signed.action, signed.version) == (objects.ACTION, objects.VERSION):
            leave = await self._objects.authorize(account, signed.access_key_id, request)
            return _answered(request_id(request), leave)
        calls = self._calls(signed)
        given = input_of(signed.parameters, calls.service.input_schema)
        if lost := [name for name in CHALLENGE_INPUTS if name in signed.parameters and name not in given]:
            # Other unknown parameters are ignored; an answer without the challenge would look like one with it.
            raise RpcRefused(INVALID, f"This service checks no challenges here: leave {lost[0]} out.")
        calls.check_input(given)
        resource = resource_of(calls.service, f"{self._payments.base(request)}/")
        outcome = await calls.call(given, Offer(account=account, address=address), resource, request_id(request))
        return _answered(
            outcome.request_id, {"Data": {"Elements": outcome.data["Elements"]}}, _extensions(outcome, calls.service)
        )

    async def _account(self, signed: SignedRequest, address: str | None) -> KeyAccount:
        """The account of a request from `address`, after checking its date, signature, nonce and rate limits."""
        if abs(datetime.now(UTC) - signed.at) > SIGNATURE_LIFETIME:
            raise RpcRefused(STALE, "The signed date is more than 15 minutes off. Set the clock, and sign again.")
        ledger_services = self._registry.ledger_services
        async with ledger_services.guesses.guarded(address, WrongSecret):
            key = await ledger_services.access_keys.find(signed.access_key_id)
            if not await asyncio.to_thread(signed.signed_with, key.secret):
                raise WrongSecret(WRONG_SECRET, "The signature is wrong: another secret, or an altered request.")
        # Only after the signature check, so that a stranger can use up neither nonces nor the key's calls.
        if not await ledger_services.access_keys.first_use(key, signed.nonce):
            raise RpcRefused(REPLAYED, "The signature nonce was used before. Sign each request anew.")
        await ledger_services.call_rate.admit(key.account.id)
        return key.allow(Scope.CALL)

    def _calls(self, signed: SignedRequest) -> PaidCalls:
        calls = self._called(signed.action)
        if calls is None or signed.version != VERSION:
            actions = ", ".join(each.service.action for each in self._registry.services)
            raise RpcRefused(UNKNOWN_ACTION, f"There is no such action here. Version {VERSION} has {actions}.")
        return calls

    def _called(self, action: str | None) -> PaidCalls | None:
        return next((calls for calls in self._registry.services if calls.service.action == action), None)

    def _place(self, most: int, request: Request) -> AbstractAsyncContextManager[None]:
        """A slot for a request that may carry files inline; other requests need no slot."""
        return asynccontextmanager(self._large.place)(request) if most > MAX_BODY_BYTES else nullcontext()

    def _refused(self, request: Request, kind: ErrorCode, message: str, retry_after: int | None = None) -> Response:
        log.info("refused", request_id=request_id(request), code=kind.code, status=kind.status)
        host = request.headers.get("host", "")
        try:
            action = action_of(request.scope["query_string"], list(request.scope["headers"]))
        except RpcRefused:
            action = None
        called = self._called(action) or self._registry.first
        recommend = f"{self._payments.base(request)}{called.service.page}"
        return refusal(request_id(request), host, recommend, kind, message, retry_after)


def input_of(parameters: dict[str, str], schema: dict[str, Any]) -> dict[str, Any]:
    """The input of a service from RPC parameters: `Tasks.1.ImageURL` becomes `{"Tasks": [{"ImageURL": …}]}`.

    Parameters that the schema lacks are ignored, because gateways add their own.

    Raises:
        RpcRefused: a required parameter is missing, a name has too many dots, or a list's numbers have gaps.
    """
    tree: dict[str, Any] = {}
    for name, value in parameters.items():
        *above, last = name.split(".")
        if (above or [last])[0] not in schema["properties"]:
            continue
        if len(above) > _MAX_DEPTH:
            raise RpcRefused(INVALID, "The name of a parameter has too many dots.")
        branch = tree
        for part in above:
            branch = branch.setdefault(part, {})
            if not isinstance(branch, dict):
                raise RpcRefused(INVALID, "A parameter is given both as a value and as a list.")
        if last in branch:
            raise RpcRefused(INVALID, "A parameter is given both as a value and as a list.")
        branch[last] = value
    for name in schema.get("required", ()):
        if name not in tree:
            raise RpcRefused(MISSING, f"{name} is missing.")
    return {name: _listed(inner) for name, inner in tree.items()}


def _listed(value: Any) -> Any:
    """Turn objects with the names 1, 2, 3 … into lists."""
    if not isinstance(value, dict):
        return value
    if not all(name.isdecimal() and name.isascii() for name in value):
        return {name: _listed(inner) for name, inner in value.items()}
    numbers = [str(number) for number in range(1, min(len(value), _MAX_INDEX) + 1)]
    if {*numbers} != {*value}:
        raise RpcRefused(INVALID, "The numbers of a list must start at 1 and have no gaps.")
    return [_listed(value[number]) for number in numbers]


def _answered(request_id: str, said: dict[str, Any], extensions: dict[str, str] | None = None) -> Response:
    headers = {"x-acs-request-id": request_id, "Cache-Control": "no-store", **(extensions or {})}
    return JSONResponse({"RequestId": request_id, **said}, headers=headers)


def _extensions(outcome: Outcome, service: ServiceDefinition) -> dict[str, str]:
    """Response headers for what Alibaba's body format has no field for."""
    report = outcome.data[service.report_field]
    headers = {"x-alive402-verdict": report["verdict"], "x-alive402-receipt": outcome.data.get("Receipt")}
    if report.get("threshold") is not None:
        headers["x-alive402-threshold"] = str(report["threshold"])
    if report.get("freshness") is not None:
        headers["x-alive402-freshness"] = report["freshness"]["status"]
    return {name: value for name, value in headers.items() if value}


async def _bounded(request: Request, most: int) -> bytes:
    """The body, of a limited size; `most` is the limit for the same input as JSON, in bytes."""
    # In a form, base64's other characters take three bytes each.
    most += most // 8
    try:
        body = await received_from(request, most)
        if len(body.translate(None, _PLAIN)) > MOST_ESCAPES:
            raise BodyTooLarge
        return body
    except (BodyTooLarge, BodyTooSlow, InvalidJson) as error:
        raise RpcRefused(INVALID, f"{error.code}: {error.message}") from None

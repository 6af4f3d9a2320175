"""MCP route: the same paid call as over HTTP, with progress and cancellation."""

from __future__ import annotations

import base64
import json
from typing import Any

import structlog
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import CallToolResult
from starlette.requests import Request
from starlette.routing import Route

from alive402.calls import ServiceRegistry, classify, error_body, stored_answer_body
from alive402.catalog import InvalidInput, problems_in
from alive402.http.core import new_request_id
from alive402.http.payment import (
    KEY_HEADER,
    SECRET_HEADER,
    TOKEN_HEADER,
    PaymentObjects,
    RequestCredentials,
    read_credentials,
    required_body,
    resource_of,
)
from alive402.intake.sandbox import Progress
from alive402.mcp import (
    PAYING,
    PAYMENT_KEY,
    ToolCall,
    agent_guide,
    agent_server,
    answer_result,
    paid_tool,
    refusal_result,
)
from alive402.payments.core import PaymentRequired

log = structlog.get_logger(__name__)

PATH = "/mcp"
MAX_BODY_BYTES = 64 * 1024
# Revisions before 2026-07-28 keep a session open, and a client that opens one has not paid yet.
MAX_SESSIONS = 1_000
IDLE_SECONDS = 600.0
_UNPAID = (
    'Payment is required. Sign one of `accepts` and call again with the payload in `_meta["x402/payment"]`, '
    "or call with a `paymentToken`."
)
# JSON may hold half a surrogate pair, which no database accepts.
_PRINTABLE = r"^[^\x00-\x1f\ud800-\udfff]+$"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def door(
    registry: ServiceRegistry, payments: PaymentObjects, *, loopback: bool
) -> tuple[Route, StreamableHTTPSessionManager]:
    """The route at `/mcp`, and the session manager that has to run as long as the application does.

    `loopback`: serve this machine only, and reject requests with a foreign Host or Origin (DNS rebinding).
    """
    shapes = {name: {**shape, "pattern": _PRINTABLE} for name, shape in PAYING.items()}
    paying = Draft202012Validator({"type": "object", "properties": shapes})
    by_tool = {calls.service.tool_name: calls for calls in registry.services}

    async def work(call: ToolCall, progress: Progress) -> CallToolResult:
        request_id = new_request_id()
        try:
            return await answer(call, progress, request_id)
        except Exception as error:
            known = classify(error, request_id)
            log.info("refused", request_id=request_id, code=known.code, status=known.status)
            return _refused(error_body(known, request_id), known.status, known.retry_after)

    async def answer(call: ToolCall, progress: Progress, request_id: str) -> CallToolResult:
        request: Request = call.request
        calls = by_tool[call.name]
        given = {name: value for name, value in call.arguments.items() if name not in PAYING}
        problems = problems_in({name: call.arguments[name] for name in call.arguments.keys() - given}, paying)
        if problems:
            raise InvalidInput(problems=problems)
        payment = await _read_credentials(call, request)
        # As over HTTP: a call without input asks for the price; invalid input is reported before payment.
        if given or payment.anything:
            calls.check_input(given)
        # The same resource URL as over HTTP, so that a payment gets its answer again over either API.
        resource = resource_of(calls.service, payments.base(request) + calls.service.paths[0])
        try:
            outcome = await calls.call(given, payment.offer, resource, request_id, progress)
        except PaymentRequired as error:
            if type(error) is PaymentRequired:
                error = PaymentRequired(_UNPAID)
            named = await payments.named(error.details.get("paymentId"), calls, request)
            return _refused(required_body(error, request_id, calls.gate, resource, named), error.status)
        shown = payments.report_url(outcome.report_id, request)
        return answer_result(outcome.request_id, {"data": outcome.data, **shown}, outcome.receipt)

    services = [calls.service for calls in registry.services]
    words = {service.tool_name: service.stages for service in services}

    async def report(report_id: str, request: Request) -> dict[str, Any]:
        return stored_answer_body(await registry.ledger_services.reports.find(report_id), payments.base(request))

    server = agent_server([paid_tool(service) for service in services], words, agent_guide(services), work, report)
    manager = StreamableHTTPSessionManager(
        server,
        security_settings=_only_loopback() if loopback else None,
        session_idle_timeout=IDLE_SECONDS,
        max_request_body_size=MAX_BODY_BYTES,
        max_sessions=MAX_SESSIONS,
    )
    return Route(PATH, endpoint=StreamableHTTPASGIApp(manager), include_in_schema=False), manager


async def _read_credentials(call: ToolCall, request: Request) -> RequestCredentials:
    """Read the payment of a call: its arguments and `_meta` first, then the headers of its connection."""
    signed, headers = call.meta.get(PAYMENT_KEY), request.headers
    text = json.dumps(signed) if signed is not None and not isinstance(signed, str) else signed
    return await read_credentials(
        request,
        payment_signature=base64.b64encode(text.encode(errors="replace")).decode() if text else None,
        token=call.arguments.get("paymentToken") or headers.get(TOKEN_HEADER),
        client_secret=headers.get(SECRET_HEADER),
        idempotency_key=call.arguments.get("idempotencyKey"),
        api_key=headers.get(KEY_HEADER),
        authorization=headers.get("authorization"),
    )


def _refused(body: dict[str, Any], status: int, retry_after: int | None = None) -> CallToolResult:
    """The error result; its body carries what HTTP puts into status and headers."""
    return refusal_result({**body, "status": status, **({"retryAfter": retry_after} if retry_after else {})})


def _only_loopback() -> TransportSecuritySettings:
    return TransportSecuritySettings(
        allowed_hosts=[name + port for name in _LOOPBACK for port in ("", ":*")],
        allowed_origins=[f"http://{name}{port}" for name in _LOOPBACK for port in ("", ":*")],
    )

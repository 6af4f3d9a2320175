"""MCP route: the same paid call as over HTTP, with progress and cancellation."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import structlog
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import CallToolResult, InputRequiredResult
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alive402.calls import PaidCalls, ServiceRegistry, classify, error_body, stored_answer_body
from alive402.catalog import InvalidInput, problems_in, without_absent
from alive402.http.core import ShownError, new_request_id
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
from alive402.http.routes.mcp_challenge import FaceChallenge
from alive402.http.routes.mcp_people import PaymentByPerson
from alive402.http.routes.mcp_transport import IDLE_SECONDS, MAX_BODY_BYTES, McpTransport
from alive402.intake.sandbox import Progress
from alive402.mcp import (
    CHALLENGE_TOOL,
    CHALLENGE_TOOL_INPUT,
    PAYING,
    PAYMENT_KEYS,
    ToolCall,
    agent_guide,
    agent_server,
    answer_result,
    challenge_tool,
    paid_tool,
    refusal_result,
)
from alive402.payments.core import PaymentRequired
from alive402.payments.x402 import Resource

log = structlog.get_logger(__name__)

PATH = "/mcp"
# The usual paths of the transport of 2024, which this service never had.
OLD_PATHS = ("/sse", "/mcp/sse")
_UNPAID = (
    'Payment is required. Sign one of `accepts` and call again with the payload in `_meta["x402/payment"]`, '
    "or call with a `paymentToken`."
)
# JSON may hold half a surrogate pair, which no database accepts.
_PRINTABLE = r"^[^\x00-\x1f\ud800-\udfff]+$"


def door(
    registry: ServiceRegistry,
    payments: PaymentObjects,
    *,
    loopback: bool,
    shown: ShownError,
    origins: Collection[str] = (),
    asking: FaceChallenge | None = None,
) -> tuple[list[Route], StreamableHTTPSessionManager]:
    """The routes of MCP, and the session manager that has to run as long as the application does.

    `loopback`: serve this machine only, and reject requests with a foreign Host or Origin (DNS rebinding). `origins`
    are those of other sites whose pages may call it. `shown` makes the page of an error for a browser. `asking` is the
    free tool of challenges, where a service can check them.
    """
    shapes = {name: {**shape, "pattern": _PRINTABLE} for name, shape in PAYING.items()}
    paying_schema = {"type": "object", "properties": shapes}
    paying = Draft202012Validator(paying_schema)
    asks = Draft202012Validator(
        {
            **CHALLENGE_TOOL_INPUT,
            "properties": {**CHALLENGE_TOOL_INPUT["properties"], "paymentToken": shapes["paymentToken"]},
        }
    )
    people = PaymentByPerson(registry, payments)
    by_tool = {calls.service.tool_name: calls for calls in registry.services}

    async def work(call: ToolCall, progress: Progress) -> CallToolResult | InputRequiredResult:
        request_id = new_request_id()
        try:
            return await answer(call, progress, request_id)
        except Exception as error:
            known = classify(error, request_id)
            log.info("refused", request_id=request_id, code=known.code, status=known.status)
            return _refused(error_body(known, request_id), known.status, known.retry_after)

    async def challenge(asked: FaceChallenge, call: ToolCall, request_id: str) -> CallToolResult:
        request: Request = call.request
        given = without_absent(call.arguments, CHALLENGE_TOOL_INPUT)
        problems = problems_in(given, asks)
        if problems:
            raise InvalidInput(problems=problems)
        token = {name: given.pop(name) for name in PAYING if name in given}
        payment = await _read_credentials(call.meta, token, request)
        try:
            return await asked.answer(given, payment, request, request_id)
        except PaymentRequired as error:
            return await unpaid(error, asked.calls, asked.resource(request), request, request_id)

    async def unpaid(
        error: PaymentRequired, calls: PaidCalls, resource: Resource, request: Request, request_id: str
    ) -> CallToolResult:
        if type(error) is PaymentRequired and error.message == PaymentRequired.default:
            error = PaymentRequired(_UNPAID)
        named = await payments.named(error.details.get("paymentId"), calls, request)
        return _refused(required_body(error, request_id, calls.gate, resource, named), error.status)

    async def answer(call: ToolCall, progress: Progress, request_id: str) -> CallToolResult | InputRequiredResult:
        if asking is not None and call.name == CHALLENGE_TOOL:
            return await challenge(asking, call, request_id)
        request: Request = call.request
        calls = by_tool[call.name]
        arguments = without_absent(call.arguments, paying_schema)
        paid_by = {name: arguments.pop(name) for name in PAYING if name in arguments}
        problems = problems_in(paid_by, paying)
        if problems:
            raise InvalidInput(problems=problems)
        given = without_absent(arguments, calls.service.input_schema)
        payment = await _read_credentials(call.meta, paid_by, request)
        # As over HTTP: a call without input asks for the price; invalid input is reported before payment.
        if given or payment.anything:
            calls.check_input(given)
        # The same resource URL as over HTTP, so that a payment gets its answer again over either API.
        url = payments.base(request) + calls.service.paths[0]
        resource = replace(resource_of(calls.service, url), tool_name=call.name)
        try:
            if not payment.anything and (token := people.token(call)) is not None:
                if (waiting := await people.pending(call)) is not None:
                    return waiting
                payment = await _read_credentials(call.meta, {**paid_by, "paymentToken": token}, request)
            elif given and (asked := await people.asked(call, calls, payment, request)) is not None:
                return asked
            outcome = await calls.call(given, payment.offer, resource, request_id, progress)
        except PaymentRequired as error:
            return await unpaid(error, calls, resource, request, request_id)
        shown = payments.report_url(outcome.report_id, request)
        return answer_result(outcome.request_id, {"data": outcome.data, **shown}, outcome.receipt)

    services = [calls.service for calls in registry.services]
    words = {CHALLENGE_TOOL: {}, **{service.tool_name: service.stages for service in services}}
    tools = [paid_tool(service) for service in services]
    if asking is not None:
        tools.append(challenge_tool(asking.calls.service))

    async def report(report_id: str, request: Request) -> dict[str, Any]:
        return stored_answer_body(await registry.ledger_services.reports.find(report_id), payments.base(request))

    server = agent_server(tools, words, agent_guide(services, asking.calls.service if asking else None), work, report)
    manager = StreamableHTTPSessionManager(
        server, session_idle_timeout=IDLE_SECONDS, max_request_body_size=MAX_BODY_BYTES, max_sessions=None
    )
    transport = McpTransport(
        manager,
        where=lambda request: payments.base(request) + PATH,
        shown=shown,
        loopback=loopback,
        public_url=payments.public_url,
        origins=origins,
    )

    async def old_sse(request: Request) -> Response:
        return transport.streamable_only(request, 404)

    routes = [Route(path, old_sse, methods=["GET", "POST"], include_in_schema=False) for path in OLD_PATHS]
    return [Route(PATH, transport, include_in_schema=False), *routes], manager


async def _read_credentials(
    meta: Mapping[str, Any], paid_by: Mapping[str, str], request: Request
) -> RequestCredentials:
    """Read the payment of a call: its `_meta` and arguments first, then the headers of its connection."""
    headers = request.headers
    return await read_credentials(
        request,
        payment_signature=_signature(next((meta[key] for key in PAYMENT_KEYS if meta.get(key) is not None), None)),
        token=paid_by.get("paymentToken") or headers.get(TOKEN_HEADER),
        client_secret=headers.get(SECRET_HEADER),
        idempotency_key=paid_by.get("idempotencyKey"),
        api_key=headers.get(KEY_HEADER),
        authorization=headers.get("authorization"),
    )


def _signature(signed: Any) -> str | None:
    """The payment as the text of its HTTP header; in `_meta` it is an object, JSON text, or that text itself."""
    if signed is None or signed == "":
        return None
    if isinstance(signed, str) and not signed.lstrip().startswith("{"):
        return signed
    text = signed if isinstance(signed, str) else json.dumps(signed)
    return base64.b64encode(text.encode(errors="replace")).decode()


def _refused(body: dict[str, Any], status: int, retry_after: int | None = None) -> CallToolResult:
    """The error result; its body carries what HTTP puts into status and headers."""
    return refusal_result({**body, "status": status, **({"retryAfter": retry_after} if retry_after else {})})

"""Gives every request an id and a log line, and answers unexpected exceptions with a 500."""

from __future__ import annotations

import time

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alive402.calls import classify
from alive402.http.core.errors import new_request_id, refusal

log = structlog.get_logger(__name__)


class Requests:
    """ASGI middleware. The log has method and route only, because a path or a query string may hold a secret."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = new_request_id()
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.monotonic()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            known = classify(error, request_id)
            if status == 0:
                await refusal(known, Request(scope))(scope, receive, send_with_id)
        finally:
            log.info(
                "request",
                request_id=request_id,
                method=scope["method"],
                route=route_of(scope),
                status=status,
                milliseconds=round(1000 * (time.monotonic() - began)),
            )


def route_of(scope: Scope) -> str:
    """The path template of the matched route, such as `/api/jobs/{job_id}`, or "no route"."""
    return str(getattr(scope.get("route"), "path", "")) or "no route"

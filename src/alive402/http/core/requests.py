"""Middleware of every request: id, log line, observers, HEAD, trailing slashes, and a 500 for unexpected errors."""

from __future__ import annotations

import time

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alive402.calls import classify
from alive402.http.core.errors import ShownError, new_request_id, refusal
from alive402.operations import Tracing
from alive402.stages import Watch, watched

log = structlog.get_logger(__name__)


class Requests:
    """ASGI middleware. The log has method and route only, because a path or a query string may hold a secret.

    HEAD is answered as GET without a body. A path with a trailing slash is the path without it: a redirect would name
    the address that the proxy sees, and clients do not follow one of a POST with its body. A browser gets the page that
    `shown` makes of an unexpected error.
    """

    def __init__(self, app: ASGIApp, shown: ShownError | None = None) -> None:
        self._app = app
        self._shown = shown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = new_request_id()
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.monotonic()
        status = 0
        head = scope["method"] == "HEAD"
        # The server below keeps its own scope: it needs to know that the request is a HEAD.
        inner = {**scope, "method": "GET" if head else scope["method"], "path": _without_slash(scope["path"])}

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            elif head:
                return
            await send(message)
            if head:
                # The response ends here, so that a stream of events does not run on for nobody.
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        try:
            await self._app(inner, receive, send_with_id)
        except Exception as error:
            known = classify(error, request_id)
            if status == 0:
                await self._refused(known, Request(inner))(inner, receive, send_with_id)
        finally:
            log.info(
                "request",
                request_id=request_id,
                method=scope["method"],
                route=route_of(inner),
                status=status,
                milliseconds=round(1000 * (time.monotonic() - began)),
            )

    def _refused(self, error: Exception, request: Request) -> Response:
        answered = refusal(error, request)
        if self._shown is None:
            return answered
        try:
            return self._shown(request, answered)
        except Exception:
            # The page may fail of the same fault.
            log.exception("the page of an error failed")
            return answered


class Watched:
    """ASGI middleware: reports the stages of each request to `watches`, and the whole request to `tracing`."""

    def __init__(self, app: ASGIApp, watches: tuple[Watch, ...], tracing: Tracing | None) -> None:
        self._app = app
        self._watches = watches
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with watched(self._watches):
            if scope["type"] != "http" or self._tracing is None:
                await self._app(scope, receive, send)
                return
            with self._tracing.request(scope["method"]) as span:
                status = 0

                async def send_seen(message: Message) -> None:
                    nonlocal status
                    if message["type"] == "http.response.start":
                        status = message["status"]
                    await send(message)

                try:
                    await self._app(scope, receive, send_seen)
                finally:
                    route = route_of(scope)
                    span.update_name(f"{scope['method']} {route}")
                    span.set_attribute("http.request.method", scope["method"])
                    span.set_attribute("http.route", route)
                    span.set_attribute("http.response.status_code", status)
                    if status >= 500:
                        span.set_attribute("error.type", str(status))
                    span.set_attribute("alive402.request_id", scope.get("state", {}).get("request_id", ""))


def route_of(scope: Scope) -> str:
    """The path template of the matched route, such as `/api/jobs/{job_id}`, or "no route"."""
    if template := str(getattr(scope.get("route"), "path", "")):
        return template
    # Starlette's own routes, unlike FastAPI's, set only the endpoint. Without parameters the path is the template.
    return str(scope["path"]) if "endpoint" in scope and not scope.get("path_params") else "no route"


def _without_slash(path: str) -> str:
    return path[:-1] if len(path) > 1 and path.endswith("/") else path

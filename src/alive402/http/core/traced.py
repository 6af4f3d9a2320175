"""ASGI middleware: passes the stages of each request to its observers, and the request itself to tracing."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alive402.http.core.request_ids import route_of
from alive402.operations import Tracing
from alive402.stages import Watch, watched


class Watched:
    """Reports the stages of each request to `watches`, and the whole request to `tracing`."""

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

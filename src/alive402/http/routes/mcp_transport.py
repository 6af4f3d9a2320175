"""ASGI application before the MCP session manager: refuses foreign origins and bounds the sessions of each address.

A session of the revisions before 2026-07-28 costs memory, and opening one is free. When an address has its share, the
session that was idle the longest makes room for a new one; when none is idle, the answer is 503 with Retry-After.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import structlog
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import (
    RequestBodyLimitMiddleware,
    TransportSecurityMiddleware,
    TransportSecuritySettings,
)
from mcp_types import INTERNAL_ERROR, INVALID_REQUEST, ErrorData, JSONRPCError
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from alive402.http.core import ShownError, accepts_pages, request_id

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 64 * 1024
MAX_SESSIONS = 1_000
SESSIONS_PER_ADDRESS = 100
IDLE_SECONDS = 600.0
"""An idle session ends after this."""
REPLACEABLE_SECONDS = 30.0
"""An idle session may make room for another one after this."""
HANDOVER_SECONDS = 1.0
"""How long the end of a session waits for requests that its server has not begun to answer."""
_SESSION_HEADER, _VERSION_HEADER = "mcp-session-id", "mcp-protocol-version"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_REFUSED = {
    403: "The Origin is not this service's.",
    413: f"The request is larger than {MAX_BODY_BYTES} bytes. Send the URL of a video, not the video.",
    421: "The Host is not this service's. Without ALIVE402_PUBLIC_URL it answers to localhost only.",
}
"""Sentences for what the SDK's own middleware refuses in plain text."""


@dataclass(eq=False, slots=True)
class _Session:
    """An open session, or one that is being opened. `posts` are its requests in flight."""

    address: str
    used: float
    id: str | None = None
    in_flight: int = 0
    ended: bool = False
    closed: bool = False
    posts: set[asyncio.Future[None]] = field(default_factory=set)

    def idle(self, seconds: float, now: float) -> bool:
        return not self.in_flight and now - self.used >= seconds


class McpTransport:
    """Serves `manager`; `where` is its public URL, for clients that look for it elsewhere.

    `loopback`: for callers on this machine only, so it rejects a foreign Host as well (DNS rebinding). Otherwise an
    Origin must be the service's own, that of `public_url` or of the request, or one of `origins`. A browser gets the
    page that `shown` makes of an error.
    """

    def __init__(
        self,
        manager: StreamableHTTPSessionManager,
        *,
        where: Callable[[Request], str],
        shown: ShownError,
        loopback: bool,
        public_url: str | None = None,
        origins: Collection[str] = (),
    ) -> None:
        self._manager, self._where, self._shown = manager, where, shown
        self._local = TransportSecurityMiddleware(_only_loopback()) if loopback else None
        self._public = _origin_of(public_url) if public_url else None
        self._origins = frozenset(origins)
        self._bounded = RequestBodyLimitMiddleware(self._read, MAX_BODY_BYTES)
        self._sessions: set[_Session] = set()
        self._by_id: dict[str, _Session] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        refused = await self._foreign(request)
        if refused is None and self._is_old_sse(request):
            refused = self.streamable_only(request, 405, {"Allow": "POST, GET, DELETE"})
        if refused is not None:
            await refused(scope, receive, send)
        else:
            await self._bounded(scope, receive, _in_json(scope, send))

    def streamable_only(self, request: Request, status: int, headers: Mapping[str, str] | None = None) -> Response:
        """The answer to a client of the old HTTP+SSE transport, or to a browser: where to go."""
        where = self._where(request)
        if accepts_pages(request):
            code = "not_found" if status == 404 else "method_not_allowed"
            words = f"Agents connect here over MCP. Add {where} to your assistant as a server (streamable HTTP)."
            body = {"requestId": request_id(request), "code": code, "message": words, "charged": False}
            return self._shown(request, JSONResponse(body, status, headers=headers))
        words = f"This is no HTTP+SSE endpoint of MCP 2024-11-05. Use the streamable HTTP transport: POST {where}"
        return _error(words, status, headers=headers)

    async def _read(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose body has arrived."""
        request = Request(scope)
        named = request.headers.get(_SESSION_HEADER)
        if request.headers.get(_VERSION_HEADER, "") not in ("", *HANDSHAKE_PROTOCOL_VERSIONS):
            await self._manager.asgi_app(scope, receive, send)
        elif named is None and request.method == "POST":
            await self._open(request, scope, receive, send)
        elif named in self._by_id:
            await self._use(self._by_id[named], scope, receive, send)
        else:
            await self._manager.asgi_app(scope, receive, send)

    async def _open(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        now, address = time.monotonic(), _network_of(request)
        for expired in [each for each in self._sessions if each.idle(IDLE_SECONDS, now)]:
            self._sessions.discard(expired)
            self._by_id.pop(expired.id or "", None)
        own = [each for each in self._sessions if each.address == address]
        crowd = own if len(own) >= SESSIONS_PER_ADDRESS else list(self._sessions)
        replaced = None
        if crowd is own or len(crowd) >= MAX_SESSIONS:
            counts = Counter(each.address for each in crowd)
            idle = [each for each in crowd if each.idle(REPLACEABLE_SECONDS, now)]
            if not idle:
                await _full(crowd, now)(scope, receive, send)
                return
            replaced = min(idle, key=lambda each: (-counts[each.address], each.used))
            self._sessions.discard(replaced)
        session = _Session(address, now)
        self._sessions.add(session)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                headers = dict(message["headers"])
                session.id = headers.get(_SESSION_HEADER.encode(), b"").decode() or None
                if session.id:
                    self._by_id[session.id] = session
            await send(message)

        try:
            if replaced is not None:
                await self._replace(replaced, scope)
            await self._serve(session, scope, receive, named)
        finally:
            if session.id is None:
                self._sessions.discard(session)

    async def _use(self, session: _Session, scope: Scope, receive: Receive, send: Send) -> None:
        if session.ended:
            await _error("Session not found", 404)(scope, receive, send)
        elif scope["method"] == "DELETE":
            await self._end(session, scope, receive, send)
        else:
            await self._serve(session, scope, receive, send)

    async def _end(self, session: _Session, scope: Scope, receive: Receive, send: Send) -> None:
        """End a session by a DELETE. Requests before it reach its server first, and those after it get a 404.

        A request that meets its closed streams half way could not be answered.
        """
        session.ended = True
        self._sessions.discard(session)
        if session.posts:
            await asyncio.wait(set(session.posts), timeout=HANDOVER_SECONDS)
        try:
            await self._manager.asgi_app(scope, receive, send)
        finally:
            self._by_id.pop(session.id or "", None)

    async def _serve(self, session: _Session, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request of a session on, and note that it is in flight."""
        session.in_flight += 1
        done = asyncio.get_running_loop().create_future()
        if scope["method"] == "POST":
            session.posts.add(done)
        try:
            await self._manager.asgi_app(scope, receive, send)
        finally:
            session.in_flight -= 1
            session.used = time.monotonic()
            session.posts.discard(done)
            done.cancel()

    async def _replace(self, session: _Session, scope: Scope) -> None:
        """End an idle session as its client would."""
        headers = [(_SESSION_HEADER.encode(), (session.id or "").encode())]

        async def unheard(_message: Message) -> None:
            pass

        await self._end(session, {**scope, "method": "DELETE", "headers": headers}, _nothing, unheard)
        log.info("ended an idle MCP session to make room")

    async def _foreign(self, request: Request) -> Response | None:
        """The refusal of a request from a foreign Host or Origin; None for all others."""
        if self._local is not None:
            refused = await self._local.validate_request(request)
            return refused and _error(_REFUSED[refused.status_code], refused.status_code)
        origin = request.headers.get("origin")
        if origin is None or origin in self._origins or self._is_own(origin, request):
            return None
        return _error(_REFUSED[403], 403)

    def _is_own(self, origin: str, request: Request) -> bool:
        if self._public is not None:
            return _origin_of(origin) == self._public
        hosts = {request.headers.get("host", "").lower()}
        # The server sets port 0 for a client that a trusted proxy names; the host is the proxy's word too then.
        if request.client is not None and request.client.port == 0:
            hosts.add(request.headers.get("x-forwarded-host", "").partition(",")[0].strip().lower())
        return urlsplit(origin).netloc.lower() in hosts - {""}

    def _is_old_sse(self, request: Request) -> bool:
        headers = request.headers
        return request.method == "GET" and _SESSION_HEADER not in headers and _VERSION_HEADER not in headers


def _full(crowd: Collection[_Session], now: float) -> Response:
    waits = [each.used + REPLACEABLE_SECONDS - now for each in crowd if not each.in_flight]
    wait = max(1, math.ceil(min(waits, default=REPLACEABLE_SECONDS)))
    return _error("Too many open sessions. End some, or wait.", 503, INTERNAL_ERROR, {"Retry-After": str(wait)})


def _in_json(scope: Scope, send: Send) -> Send:
    """`send` that replaces the plain text of a body that is too large."""
    replaced = False

    async def sending(message: Message) -> None:
        nonlocal replaced
        if message["type"] == "http.response.start" and message["status"] == 413:
            replaced = True
            await _error(_REFUSED[413], 413)(scope, _nothing, send)
        elif not replaced:
            await send(message)

    return sending


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _error(
    message: str, status: int, code: int = INVALID_REQUEST, headers: Mapping[str, str] | None = None
) -> Response:
    body = JSONRPCError(jsonrpc="2.0", id=None, error=ErrorData(code=code, message=message))
    text = body.model_dump_json(by_alias=True, exclude_unset=True)
    return Response(text, status_code=status, headers=headers, media_type="application/json")


def _network_of(request: Request) -> str:
    """The caller's address; of IPv6 the /64, which one customer has whole."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))


def _origin_of(url: str) -> str:
    """Scheme, host and port of a URL, without a default port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.removesuffix(_DEFAULT_PORTS.get(parts.scheme, ''))}".lower()


def _only_loopback() -> TransportSecuritySettings:
    return TransportSecuritySettings(
        allowed_hosts=[name + port for name in _LOOPBACK for port in ("", ":*")],
        allowed_origins=[f"http://{name}{port}" for name in _LOOPBACK for port in ("", ":*")],
    )

"""Security headers, and CORS: which pages of other sites may call the service from a browser."""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action {forms}; frame-ancestors 'none'"
)
POLICY = _POLICY.format(forms="'none'")
# The search page has the only form; it works without scripts.
POLICY_WITH_SEARCH = _POLICY.format(forms="'self'")
PERMISSIONS = "camera=(self), microphone=(), geolocation=(), payment=(), usb=()"


class SecurityHeaders:
    """ASGI middleware: adds nosniff and no-referrer to every response, and the policy above to pages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                if headers.get("content-type", "").startswith("text/html"):
                    headers.setdefault("Content-Security-Policy", POLICY)
                    headers["Permissions-Policy"] = PERMISSIONS
            await send(message)

        await self._app(scope, receive, send_guarded)


# The operator's routes have a cookie, or answer by the caller's place in the network; the test chain's hold wallets.
_NOT_SHARED = ("/ops", "/api/ops", "/metrics", "/devchain")
_METHODS = "GET, HEAD, POST, DELETE, OPTIONS"
_EXPOSED = (
    "PAYMENT-REQUIRED, PAYMENT-RESPONSE, X-PAYMENT-RESPONSE, Payment-Receipt, X-Request-Id, Retry-After, Location, "
    "Preference-Applied, ETag, Link, WWW-Authenticate, Mcp-Session-Id"
)
_HEADER_NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,2000}")
PREFLIGHT_SECONDS = 86_400


class CrossOrigin:
    """ASGI middleware: lets pages of `origins` call the service from a browser (CORS); `*` is any origin.

    No route that is shared this way has a cookie: a page can do only what any program can. The header is sent without
    an Origin too, so that a cache may give its copy to a page.
    """

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self._app = app
        self._any = "*" in origins
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._origins or _belongs_to_operator(scope["path"]):
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        shared = self._headers(asked.get("origin"))
        if scope["method"] == "OPTIONS" and "access-control-request-method" in asked:
            await Response(status_code=204, headers={**shared, **_preflight(asked)})(scope, receive, send)
            return

        async def send_shared(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in shared.items():
                    if name == "Vary":
                        headers.add_vary_header(value)
                    else:
                        headers[name] = value
            await send(message)

        await self._app(scope, receive, send_shared)

    def _headers(self, origin: str | None) -> dict[str, str]:
        if self._any:
            return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": _EXPOSED}
        if origin not in self._origins or origin is None:
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": _EXPOSED,
            "Vary": "Origin",
        }


def _belongs_to_operator(path: str) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in _NOT_SHARED)


def _preflight(asked: Headers) -> dict[str, str]:
    """The answer to a preflight; any header may be sent, because none of them carries a cookie's rights."""
    names = asked.get("access-control-request-headers", "")
    return {
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        **({"Access-Control-Allow-Headers": names} if _HEADER_NAMES.fullmatch(names) else {}),
    }

"""Content negotiation (RFC 9110): reads `Accept` and `Accept-Encoding`, and refuses what no route can answer."""

from __future__ import annotations

from fastapi import Request

from alive402.http.core.errors import NotAcceptable


async def acceptable(request: Request) -> None:
    """FastAPI dependency: check that the client accepts the media type of the route's answer, before any work.

    Only documented routes are checked: pages of the operator and static files answer every client. A JSON document is
    acceptable to a client that asks for any kind of JSON; XML and plain text likewise.

    Raises:
        NotAcceptable: the client excludes it.
    """
    route = request.scope.get("route")
    kind = getattr(route, "response_class", None)
    media_type = getattr(getattr(kind, "value", kind), "media_type", None)
    stated = request.headers.get("accept", "")
    if not stated.strip() or media_type is None or not getattr(route, "include_in_schema", False):
        return
    offered = media_type.partition(";")[0]
    if not any(weight > 0 and _covers(wanted, offered) for wanted, weight in weights(stated).items()):
        raise NotAcceptable(available=[offered])


def weights(header: str) -> dict[str, float]:
    """The values of a header with weights, such as `text/html, */*;q=0.8`; an unreadable weight counts as 1."""
    found: dict[str, float] = {}
    for each in header.lower().split(","):
        name, *parameters = [part.strip() for part in each.split(";")]
        if name:
            found[name] = next((_number(part[2:]) for part in parameters if part.startswith("q=")), 1.0)
    return found


def accepts_pages(request: Request) -> bool:
    """Whether the client is a browser: it names HTML, and does not name JSON with the same weight."""
    wanted = weights(request.headers.get("accept", ""))
    return wanted.get("text/html", 0) > wanted.get("application/json", 0)


def _covers(wanted: str, offered: str) -> bool:
    """Whether a media range of `Accept` includes a media type, or one of its family."""
    family = offered.partition("/")[0]
    if wanted in ("*/*", "*", offered, f"{family}/*"):
        return True
    for suffix in ("json", "xml"):
        if offered.endswith(suffix):
            return wanted.endswith(suffix)
    if offered == "text/html":
        return wanted == "application/xhtml+xml"
    return offered == "text/plain" and wanted.startswith("text/") and wanted != "text/event-stream"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0

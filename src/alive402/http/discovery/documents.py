"""Responses of public documents: entity tags, `304 Not Modified`, compression."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache

from fastapi import Request, Response

from alive402.http.core import weights

# Smaller documents fit into one packet.
LEAST_COMPRESSED = 1_000
# A document differs by the address under which a caller sees the site, so several forms are kept.
KEPT = 64


def document(
    request: Request, body: str | bytes, media_type: str, headers: dict[str, str] | None = None, *, cached: str
) -> Response:
    """A response with `body`, or 304 when the client has it already; `cached` is the Cache-Control."""
    content = body.encode() if isinstance(body, str) else bytes(body)
    tag = _tag(content)
    shown = {"ETag": tag, "Cache-Control": cached, "Vary": "Accept-Encoding", **(headers or {})}
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=shown)
    if len(content) >= LEAST_COMPRESSED and _takes_gzip(request):
        content = _compressed(content)
        shown["Content-Encoding"] = "gzip"
    return Response(content, media_type=media_type, headers=shown)


def _has(stated: str, tag: str) -> bool:
    """Whether If-None-Match names the tag; compared weakly, as RFC 9110 says."""
    tags = {each.strip().removeprefix("W/") for each in stated.split(",")}
    return "*" in tags or tag.removeprefix("W/") in tags


def _takes_gzip(request: Request) -> bool:
    codings = weights(request.headers.get("accept-encoding", ""))
    return codings.get("gzip", codings.get("*", 0)) > 0


@lru_cache(KEPT)
def _tag(content: bytes) -> str:
    # Weak, because the compressed form has the same tag.
    return f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'


@lru_cache(KEPT)
def _compressed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)

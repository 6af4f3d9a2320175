"""Self-audit: fetches every surface through the running application and compares it with the catalog."""

from __future__ import annotations

import asyncio
import html
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
from fastapi import FastAPI

from alive402.catalog import (
    HTML,
    JSON,
    LINKSET,
    SITE,
    ServiceDefinition,
    SiteCatalog,
    Surface,
    facts_of,
    now,
    surfaces_of,
)

# Anyone may request an audit, so its result is reused for this long.
FRESH_SECONDS = 10.0
_URL = re.compile(r"https?://[^\s\"'<>`)\]}\\]+")


class Audit:
    """Audits one application; a result is reused for a few seconds."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._looking = asyncio.Lock()
        self._last: tuple[float, SiteCatalog, dict[str, Any]] | None = None

    async def look(self, site: SiteCatalog) -> dict[str, Any]:
        """For each surface: its status, its media type, missing facts, broken links."""
        async with self._looking:
            if self._last is not None:
                at, seen, found = self._last
                if seen == site and time.monotonic() - at < FRESH_SECONDS:
                    return found
            found = await self._look(site)
            self._last = (time.monotonic(), site, found)
            return found

    async def _look(self, site: SiteCatalog) -> dict[str, Any]:
        # The page of one service need not mention the others.
        surfaces = [(surface, site.services) for surface in SITE]
        surfaces += [(surface, (service,)) for service in site.services for surface in surfaces_of(service)]
        transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=site.base) as http:
            links: dict[str, bool] = {}
            reports = [await _inspect(surface, described, site, http, links) for surface, described in surfaces]
        return {
            "schemaVersion": "server402.audit.v1",
            "generatedAt": now(),
            "ok": all(report["ok"] for report in reports),
            "total": len(reports),
            "links": len(links),
            "surfaces": reports,
        }


async def _inspect(
    surface: Surface,
    described: tuple[ServiceDefinition, ...],
    site: SiteCatalog,
    http: httpx.AsyncClient,
    links: dict[str, bool],
) -> dict[str, Any]:
    response = await http.get(site.url(surface.path))
    media_type = response.headers.get("content-type", "").partition(";")[0]
    said = list(_strings(surface, response.text))
    missing = [
        {"serviceId": service.id, "fact": fact}
        for service in described
        for fact, words in facts_of(service, surface.says).items()
        if not any(words in each for each in said)
    ]
    broken = [url for url in sorted(_links(said, site)) if not await _resolves(url, http, links)]
    return {
        "path": surface.path,
        "title": surface.title,
        "status": response.status_code,
        "mediaType": media_type,
        "missing": missing,
        "brokenLinks": broken,
        "ok": response.status_code == 200 and media_type == surface.media_type and not missing and not broken,
    }


def _strings(surface: Surface, text: str) -> Iterator[str]:
    """The text of a document, as its reader sees it."""
    if surface.media_type in (JSON, LINKSET):
        try:
            yield from _strings_in(json.loads(text))
        except ValueError:
            return
    else:
        yield html.unescape(text) if surface.media_type == HTML else text


def _strings_in(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _strings_in(inner)
        case list():
            for inner in value:
                yield from _strings_in(inner)


def _links(said: list[str], site: SiteCatalog) -> set[str]:
    """The URLs of this site in some text; URL patterns with placeholders are left out."""
    found = {url.rstrip(".,;") for text in said for url in _URL.findall(text)}
    ours = {url.partition("#")[0].partition("?")[0] for url in found if f"{url}/".startswith(f"{site.base}/")}
    return {url for url in ours if "{" not in url and "…" not in url}


async def _resolves(url: str, http: httpx.AsyncClient, known: dict[str, bool]) -> bool:
    """Whether a URL resolves; 405 counts, because another method exists there."""
    if url not in known:
        # Fetching the audit from within the audit would never end.
        if url.endswith("/api/discovery/audit"):
            known[url] = True
        elif url.endswith("/mcp"):
            # It is named only where it is served, and a GET may keep listening for events.
            known[url] = True
        else:
            status = (await http.get(url)).status_code
            known[url] = status != 404 and (status < 500 or status == 503)
    return known[url]

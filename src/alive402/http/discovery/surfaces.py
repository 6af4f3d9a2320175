"""HTTP routes of the machine-readable surfaces that describe what is sold; `pages` has those for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from alive402.calls import CallKind, ServiceRegistry
from alive402.catalog import (
    DEFAULT_RESULTS,
    HTML,
    JSON,
    MAX_QUERY,
    MAX_RESULTS,
    SITE,
    TEXT,
    InvalidInput,
    PriceOption,
    Quality,
    ServiceDefinition,
    SiteCatalog,
    Surface,
    catalog,
    search_services,
    service_llms_txt,
)
from alive402.http.core import RequestRefused, UnknownService, refusals
from alive402.http.discovery.audit import Audit
from alive402.http.discovery.documents import document
from alive402.http.discovery.openapi import OpenApi
from alive402.http.payment import PaymentObjects
from alive402.operations import HealthCheck

CACHED = "no-cache"
"""Cache-Control of a document: a cache asks each time whether its copy is current."""
_API_CATALOG = "/.well-known/api-catalog"
_PROFILE = '; profile="https://www.rfc-editor.org/info/rfc9727"'
# A host name, or an IPv6 address in brackets; a port; behind a proxy, a path.
_BASE = re.compile(r"https?://([a-zA-Z0-9._-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(:[0-9]{1,5})?(/[a-zA-Z0-9._~/-]*)?")
_Document = Callable[[Request], Coroutine[Any, Any, Response]]


class InvalidHost(RequestRefused):
    """The Host header is not a valid address, so no URL can be built from it."""

    code = "invalid_host"
    default = "The Host header is not a valid address."


class LinksetResponse(JSONResponse):
    """A linkset (RFC 9264)."""

    media_type = "application/linkset+json"


class XmlResponse(Response):
    """An XML document."""

    media_type = "application/xml"


_RESPONSES: dict[str, type[Response]] = {
    each.media_type: each
    for each in (JSONResponse, PlainTextResponse, LinksetResponse, XmlResponse)
    if each.media_type is not None
}


class Surfaces:
    """The surfaces of one application, with the measured and configured facts that they show."""

    def __init__(
        self,
        app: FastAPI,
        registry: ServiceRegistry,
        payments: PaymentObjects,
        health: HealthCheck,
        *,
        test_money: bool,
        docs_url: str | None,
        challenges: bool,
    ) -> None:
        self._challenges = challenges
        self._test_money = test_money
        self._docs_url = docs_url
        self._registry = registry
        self._payments = payments
        self._health = health
        self._openapi = OpenApi(app, registry, payments)
        self._audit = Audit(app)

    def site(self, request: Request) -> SiteCatalog:
        """The catalog with URLs for the address that this caller sees.

        Raises:
            InvalidHost: the Host header is not a valid address.
        """
        base = self._payments.base(request)
        if not _BASE.fullmatch(base):
            raise InvalidHost
        return SiteCatalog(
            services=tuple(calls.service for calls in self._registry.services),
            base=base,
            provider_id=self._payments.provider_id,
            price_options=tuple(
                PriceOption(calls.service.id, each.network, each.asset, each.amount, each.pay_to, each.scheme)
                for calls in self._registry.services
                for each in calls.gate.accepts
            ),
            mcp=True,
            test_money=self._test_money,
            docs_url=self._docs_url,
            challenges=self._challenges,
        )

    async def qualities(self, site: SiteCatalog) -> dict[str, Quality]:
        """The measured quality of each service, by service id."""
        return {service.id: await self._quality(service) for service in site.services}

    async def _quality(self, service: ServiceDefinition) -> Quality:
        tally = await self._registry.ledger_services.call_log.tally(service.id)
        return Quality(
            calls=tally.calls,
            unpaid=tally.kinds.get(CallKind.UNPAID, 0),
            worked_on=tally.worked_on,
            answered=tally.kinds.get(CallKind.ANSWERED, 0),
            faults=tally.kinds.get(CallKind.FAULT, 0),
            latency_ms=tally.milliseconds,
            last_call_at=tally.last_call_at,
            health=self._health.health,
            checked_at=self._health.checked_at,
        )

    def router(self) -> APIRouter:
        """The router with all surfaces."""
        routes = APIRouter(tags=["discovery"])
        own = {
            "/api/catalog": self._catalog,
            "/api/services": self._catalog,
            "/openapi.json": self._openapi_document,
            "/api/catalog/openapi.json": self._openapi_document,
        }
        for surface in SITE:
            if surface.media_type == HTML:
                continue
            if surface.path == "/api/catalog/search":
                self._add_search(routes, surface)
            else:
                _add(routes, surface, own.get(surface.path) or self._rendered(surface))
        self._add_services(routes)
        self._add_audit(routes)
        return routes

    def _rendered(self, surface: Surface) -> _Document:
        assert surface.render is not None, surface.path

        async def answer(request: Request) -> Response:
            assert surface.render is not None
            site = self.site(request)
            body, headers = surface.render(site), {}
            media_type = surface.media_type
            if surface.path == _API_CATALOG:
                media_type += _PROFILE
                headers["Link"] = f'<{site.url(_API_CATALOG)}>; rel="api-catalog"'
            return document(
                request, _written(body) if isinstance(body, dict) else body, media_type, headers, cached=CACHED
            )

        return answer

    async def _catalog(self, request: Request) -> Response:
        site = self.site(request)
        return _json(request, catalog(site, await self.qualities(site)))

    async def _openapi_document(self, request: Request) -> Response:
        return document(request, self._openapi.written(self.site(request)), JSON, cached=CACHED)

    def _add_search(self, routes: APIRouter, surface: Surface) -> None:
        async def find(
            request: Request,
            q: Annotated[str, Query(max_length=MAX_QUERY, description="search words, in English or Chinese")] = "",
            limit: Annotated[int, Query(ge=1, le=MAX_RESULTS)] = DEFAULT_RESULTS,
        ) -> Response:
            site = self.site(request)
            return _json(request, search_services(site, await self.qualities(site), q, limit))

        routes.add_api_route(
            surface.path,
            find,
            operation_id="search_services",
            summary=surface.title,
            responses=refusals(InvalidInput, InvalidHost),
        )

    def _add_services(self, routes: APIRouter) -> None:
        unknown = refusals(UnknownService, InvalidHost)

        @routes.get("/services/{service_id}/llms.txt", operation_id="service_llms_txt",
                    summary="Guide to a service", response_class=PlainTextResponse, responses=unknown)  # fmt: skip
        async def llms(request: Request, service_id: str) -> Response:
            site = self.site(request)
            return document(request, service_llms_txt(_found(site, service_id), site), TEXT, cached=CACHED)

    def _add_audit(self, routes: APIRouter) -> None:
        @routes.get("/api/discovery/audit", operation_id="audit", summary="Compare every surface with the catalog",
                    responses=refusals(InvalidHost))  # fmt: skip
        async def audit(request: Request) -> Response:
            return _json(request, await self._audit.look(self.site(request)))


def _written(value: dict[str, Any]) -> bytes:
    return bytes(JSONResponse(value).body)


def _json(request: Request, value: dict[str, Any]) -> Response:
    return document(request, _written(value), JSON, cached=CACHED)


def _found(site: SiteCatalog, service_id: str) -> ServiceDefinition:
    service = site.find(service_id)
    if service is None:
        raise UnknownService
    return service


def _add(routes: APIRouter, surface: Surface, document: _Document) -> None:
    routes.add_api_route(
        surface.path,
        document,
        methods=["GET"],
        operation_id="get_" + (re.sub(r"[^a-z0-9]+", "_", surface.path).strip("_") or "home"),
        summary=surface.title,
        response_class=_RESPONSES[surface.media_type],
        responses=refusals(InvalidHost),
    )

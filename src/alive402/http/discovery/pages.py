"""HTML pages for people: home, one page per service, one per stored answer, and their static files."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.exceptions import WebSocketRequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from alive402.calls import stored_answer_body
from alive402.catalog import HTML, MAX_QUERY, InvalidInput, SiteCatalog, search_services
from alive402.http.core import POLICY_WITH_SEARCH, UnknownService, accepts_pages, refusals
from alive402.http.discovery.documents import document
from alive402.http.discovery.surfaces import CACHED, InvalidHost, Surfaces
from alive402.receipts import ReportGone, Reports, UnknownReport
from alive402.services import Service
from alive402.web import (
    SAMPLE_FILES,
    ShownReport,
    accuracy_page,
    finished_answer,
    load_assets,
    samples_folder,
    shown_samples,
    site_pages,
)

_LINKS = (
    ("/.well-known/api-catalog", "api-catalog"),
    ("/openapi.json", "service-desc"),
    ("/llms.txt", "service-doc"),
    ("/.well-known/server402.json", "service-meta"),
)
NO_PAGE, NO_SERVICE, NO_REPORT = "No page here", "No such service", "No report here"
NO_ANSWER = "This cannot be shown"
_TITLES = {
    404: NO_PAGE,
    405: "This address is for programs",
    410: "This is gone",
    500: "The service has a fault",
    503: "Not available now",
}
_OF_BODY = ("content-type", "content-length")
# The URL of a stored answer grants access to it, so caches and search engines must not keep it.
_PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
_FOREVER = "public, max-age=31536000, immutable"


class Pages:
    """The HTML pages, rendered from the surfaces' data.

    `services` are all known services, sold here or not; `max_bytes` is the largest video accepted. `judged` are the ids
    of the services that this project's engine answers: the measured accuracy is theirs.
    """

    def __init__(
        self,
        surfaces: Surfaces,
        reports: Reports,
        services: Sequence[Service],
        max_bytes: int,
        judged: Collection[str],
    ) -> None:
        self._services = {each.definition.id: each for each in services}
        self._surfaces = surfaces
        self._reports = reports
        self._max_bytes = max_bytes
        self._measured = accuracy_page.measured(judged)

    def router(self) -> APIRouter:
        """The router with all pages."""
        routes = APIRouter(tags=["discovery"])
        self._add_site(routes)
        self._add_reports(routes)

        @routes.get("/static/{version}/{name:path}", include_in_schema=False)
        async def file(request: Request, version: str, name: str) -> Response:
            known = load_assets()
            asset = known.files.get(name)
            if asset is None:
                raise HTTPException(404, "There is no such file.")
            # A page opened before an update still gets its files, but without permanent caching.
            kept = _FOREVER if version == known.version else "no-cache"
            headers = {"ETag": asset.etag, "Cache-Control": kept}
            if asset.etag in request.headers.get("if-none-match", ""):
                return Response(status_code=304, headers=headers)
            return Response(asset.body, media_type=asset.media_type, headers=headers)

        @routes.get("/samples/{name}", include_in_schema=False)
        async def sample(request: Request, name: str) -> Response:
            if name not in SAMPLE_FILES or not shown_samples():
                raise HTTPException(404, "There is no such sample.")
            path = samples_folder() / name
            found = FileResponse(path, stat_result=path.stat(), headers={"Cache-Control": "public, max-age=3600"})
            if found.headers["ETag"] in request.headers.get("if-none-match", ""):
                return Response(status_code=304, headers={"ETag": found.headers["ETag"]})
            return found

        return routes

    def _finished(self, site: SiteCatalog) -> ShownReport | None:
        """The finished answer of the re-filmed sample, where the service that gave it is sold here."""
        video = next((each for each in site.services if "video" in each.input_types), None)
        known = self._services.get(video.id) if video else None
        if known is None:
            return None
        picture = {"picture": site.url("/samples/face.jpg")} if shown_samples() else {}
        return known.shown({known.definition.report_field: {**finished_answer(), **picture}})

    def _add_site(self, routes: APIRouter) -> None:
        @routes.get("/", operation_id="get_home", summary="Home page", response_class=HTMLResponse,
                    responses=refusals(InvalidHost, InvalidInput))  # fmt: skip
        async def home(
            request: Request,
            q: Annotated[str, Query(max_length=MAX_QUERY, description="search words for services")] = "",
        ) -> Response:
            site = self._surfaces.site(request)
            qualities = await self._surfaces.qualities(site)
            found = [each["id"] for each in search_services(site, qualities, q)["services"]] if q.strip() else None
            links = ", ".join(f'<{site.url(path)}>; rel="{relation}"' for path, relation in _LINKS)
            headers = {"Link": links, "Content-Security-Policy": POLICY_WITH_SEARCH}
            page = site_pages.home(site, qualities, q.strip(), found, self._finished(site))
            return document(request, page, HTML, headers, cached=CACHED)

        @routes.get("/services/{service_id}", operation_id="service_page", summary="Page of a service",
                    response_class=HTMLResponse, responses=refusals(UnknownService, InvalidHost))  # fmt: skip
        async def service_page(request: Request, service_id: str) -> Response:
            site = self._surfaces.site(request)
            service = site.find(service_id)
            if service is None:
                if not accepts_pages(request):
                    raise UnknownService
                return self._missing(request, NO_SERVICE, UnknownService().message, 404)
            quality = (await self._surfaces.qualities(site))[service.id]
            known = self._services.get(service.id)
            template = known.try_template if known else None
            measured = service.id in self._measured
            page = site_pages.service_page(
                service, site, quality, self._max_bytes, template, shown_samples(), measured=measured
            )
            return document(request, page, HTML, cached=CACHED)

        @routes.get("/accuracy", operation_id="accuracy_page", summary="How often answers are wrong",
                    response_class=HTMLResponse, responses=refusals(InvalidHost, ledger=False))  # fmt: skip
        async def accuracy(request: Request) -> Response:
            page = accuracy_page.page(self._surfaces.site(request), self._measured)
            return document(request, page, HTML, cached=CACHED)

    def _missing(self, request: Request, title: str, sentence: str, status: int) -> HTMLResponse:
        page = site_pages.missing(title, sentence, self._surfaces.site(request))
        return HTMLResponse(page, status, headers=_PRIVATE)

    def add_error_pages(self, app: FastAPI) -> None:
        """Answer browsers that open an address of `app` with a page for every error; programs get the JSON error."""
        for kind, as_json in list(app.exception_handlers.items()):
            if kind is WebSocketRequestValidationError:
                continue
            app.add_exception_handler(kind, self._paged(as_json))

    def _paged(self, as_json: Callable[..., Any]) -> Callable[..., Any]:
        async def answer(request: Request, error: Exception) -> Any:
            return self.error_page(request, await as_json(request, error))

        return answer

    def error_page(self, request: Request, answered: Response) -> Response:
        """The page of a JSON error for a browser that opens an address; `answered` itself for every other client."""
        if request.method != "GET" or answered.status_code < 400 or not accepts_pages(request):
            return answered
        try:
            site = self._surfaces.site(request)
        except InvalidHost:
            return answered
        said = json.loads(bytes(answered.body))
        title = _TITLES.get(answered.status_code, NO_ANSWER)
        sentence = "There is nothing at this address." if said["code"] == "not_found" else said["message"]
        page = site_pages.missing(title, sentence, site, f"{said['code']} · request {said['requestId']}")
        kept = {name: value for name, value in answered.headers.items() if name not in _OF_BODY}
        return HTMLResponse(page, answered.status_code, headers={**kept, **_PRIVATE})

    def _add_reports(self, routes: APIRouter) -> None:
        unknown = refusals(UnknownReport, ReportGone, InvalidHost)

        @routes.get("/reports/{report_id}", operation_id="report_page", summary="Page of a finished answer",
                    response_class=HTMLResponse, responses=unknown)  # fmt: skip
        async def report(request: Request, report_id: str) -> HTMLResponse:
            site = self._surfaces.site(request)
            try:
                kept = await self._reports.find(report_id)
            except (UnknownReport, ReportGone) as error:
                # Programs get the JSON error; browsers get a page.
                if not accepts_pages(request):
                    raise
                return self._missing(request, NO_REPORT, error.message, error.status)
            known = self._services.get(kept.service_id)
            shown = known.shown(kept.data) if known else None
            return HTMLResponse(site_pages.report(kept, site, shown), headers=_PRIVATE)

        @routes.get("/reports/{report_id}/answer.json", operation_id="report_answer", tags=["services"],
                    summary="A finished answer with its payment, as JSON", responses=unknown)  # fmt: skip
        async def answer(request: Request, report_id: str) -> JSONResponse:
            kept = await self._reports.find(report_id)
            name = f"alive402-{kept.request_id[:8]}.json"
            headers = {**_PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
            return JSONResponse(stored_answer_body(kept, self._surfaces.site(request).base), headers=headers)

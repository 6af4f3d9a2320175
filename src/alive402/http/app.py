"""The FastAPI application: mounts every route over one set of parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.requests import Request

from alive402 import __version__
from alive402.calls.jobs import JobRunner
from alive402.catalog import CHALLENGE_ID
from alive402.http.alibaba import rpc as alibaba_rpc
from alive402.http.core import CrossOrigin, Requests, SecurityHeaders, Watched, acceptable, errors
from alive402.http.discovery import Pages, Surfaces, capture_page, payment_page, well_known
from alive402.http.ops import health
from alive402.http.payment import PaymentObjects
from alive402.http.routes import FaceChallenge, challenges, jobs, mcp, payments, tools, uploads
from alive402.http.upkeep import Watching
from alive402.http.wiring import Parts
from alive402.operations import HealthCheck
from alive402.payments.x402 import Reconciler

CUT_OFF_SECONDS = 5.0
"""How long calls that are cut off at shutdown may take to return what they hold."""


def create_app(parts: Parts) -> FastAPI:
    """Build the application over `parts`; its shutdown closes them."""

    objects = PaymentObjects(parts.registry, parts.public_url, parts.provider_id)
    watch = HealthCheck(parts.registry, parts.machine)
    watching = Watching(parts, watch)
    runner = JobRunner(parts.registry, parts.jobs)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        ledger = parts.registry.ledger_services.ledger
        async with AsyncExitStack() as upkeep:
            # Entered first, so closed last, even when something after them fails to start.
            upkeep.push_async_callback(ledger.close)
            upkeep.push_async_callback(parts.local.close)
            upkeep.push_async_callback(parts.admission.emptied, CUT_OFF_SECONDS)
            await upkeep.enter_async_context(parts.registry.ledger_services.call_log.running())
            await upkeep.enter_async_context(watching.running())
            reconciler = Reconciler(ledger, parts.registry.first.gate)
            await upkeep.enter_async_context(reconciler.running(parts.reconcile_seconds))
            if parts.sweep is not None:
                await upkeep.enter_async_context(parts.sweep.running())
            if parts.courier is not None:
                await upkeep.enter_async_context(parts.courier.running())
            await upkeep.enter_async_context(parts.callbacks.running())
            await upkeep.enter_async_context(parts.uploads.running())
            await upkeep.enter_async_context(mcp_sessions.run())
            # Entered last, so that jobs end while everything that they need still works.
            await upkeep.enter_async_context(runner.running())
            yield

    app = FastAPI(
        title="alive402",
        version=__version__,
        description=parts.registry.first.service.description,
        lifespan=lifespan,
        # `surfaces` serves the corrected document and our own pages; the framework's pages load scripts from elsewhere.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # `Requests` makes both spellings of a path answer.
        redirect_slashes=False,
        dependencies=[Depends(acceptable)],
    )
    # Only a service that can check challenges takes one as an input.
    can = (each for each in parts.registry.services if CHALLENGE_ID in each.service.input_schema["properties"])
    asked = next(can, None)
    surfaces = Surfaces(
        app,
        parts.registry,
        objects,
        watch,
        test_money=parts.devchain is not None,
        docs_url=str(parts.settings.docs_url) if parts.settings.docs_url else None,
        challenges=asked is not None,
    )
    pages = Pages(
        surfaces,
        parts.registry.ledger_services.reports,
        parts.services,
        parts.max_video_bytes,
        _judged_by_the_engine(parts),
    )
    mcp_routes, mcp_sessions = mcp.door(
        parts.registry,
        objects,
        loopback=parts.loopback,
        shown=pages.error_page,
        # MCP refuses pages of other sites (DNS rebinding), except those that the operator lists.
        origins=[origin for origin in parts.settings.cors_origins if origin != "*"],
        asking=FaceChallenge(asked, objects, parts.challenges, parts.max_video_bytes) if asked else None,
    )
    app.add_middleware(Watched, watches=watching.watches, tracing=watching.tracing)
    app.add_middleware(Requests, shown=pages.error_page)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(CrossOrigin, origins=parts.settings.cors_origins)
    errors.install(app)
    app.add_exception_handler(RequestValidationError, _invalid)
    for calls in parts.registry.services:
        app.include_router(tools.router(calls, objects, runner))
    # Before the pages, because both answer at `/`.
    app.router.routes.extend(alibaba_rpc.routes(parts.registry, objects, parts.uploads, parts.upload_host))
    app.include_router(payments.router(parts.registry, objects, parts.max_calls))
    app.include_router(uploads.router(parts.registry, objects, parts.uploads))
    if asked is not None:
        app.include_router(challenges.router(asked, objects, parts.challenges, parts.uploads))
        app.include_router(capture_page.router(parts.challenges, surfaces, parts.settings.upload_seconds))
    pages.add_error_pages(app)
    app.include_router(pages.router())
    app.include_router(payment_page.router(objects, surfaces))
    app.include_router(jobs.router(runner))
    app.include_router(surfaces.router())
    app.include_router(health.router(watch, watching.chain))
    for door in watching.routers(surfaces):
        app.include_router(door)
    app.include_router(well_known.router(parts.registry.ledger_services.verdicts.keys))
    app.router.routes.extend(mcp_routes)
    if parts.devchain is not None:
        from alive402.http.devchain import faucet

        app.include_router(faucet.router(parts.devchain, parts.registry.ledger_services.new_payments))
    if parts.solana_devchain is not None:
        from alive402.http.devchain import solana

        app.include_router(solana.router(parts.solana_devchain))
    return app


def _judged_by_the_engine(parts: Parts) -> list[str]:
    """The services that this project's engine answers: the setting `provider` chooses what judges videos."""
    sold = [calls.service for calls in parts.registry.services]
    return [each.id for each in sold if parts.settings.provider != "alibaba" or "video" not in each.input_types]


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Return a framework validation error in the service's error format, without echoing the input."""
    assert isinstance(error, RequestValidationError)
    problems = [{"path": "/".join(map(str, each["loc"])), "message": each["msg"]} for each in error.errors()]
    body = {
        "requestId": errors.request_id(request),
        "code": "invalid_input",
        "message": "The request is not valid. `details.problems` lists what is wrong.",
        "charged": False,
        "details": {"problems": problems[:5]},
    }
    return JSONResponse(body, status_code=400)

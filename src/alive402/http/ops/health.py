"""Health routes: whether the process is up, and whether it can take a paid call."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from alive402 import __version__
from alive402.operations import ChainStanding, HealthCheck


def router(health: HealthCheck, standing: ChainStanding) -> APIRouter:
    """Routes `/healthz` and `/readyz`."""
    routes = APIRouter(tags=["operation"])

    @routes.get("/healthz", summary="Check that the process runs")
    async def healthz() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    @routes.get(
        "/readyz", summary="Check that the service can take a paid call", responses={503: {"description": "Not ready."}}
    )
    async def readyz() -> JSONResponse:
        found = await health.ready()
        ready = all(found.values())
        body = {"ready": ready, "status": health.health, "checks": found, "chain": await standing.to_dict()}
        return JSONResponse(body, status_code=200 if ready else 503)

    return routes

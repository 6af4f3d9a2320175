"""For whoever watches the service: is it up, and can it take a paid call?"""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from alive402 import __version__
from alive402.calls import PaidCalls
from alive402.liveness.models import is_installed, required


def router(calls: PaidCalls) -> APIRouter:
    """`/healthz` and `/readyz`."""
    routes = APIRouter()

    @routes.get("/healthz", summary="Is the process up?")
    async def healthz() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    @routes.get("/readyz", summary="Can it take a paid call?")
    async def readyz() -> JSONResponse:
        checks = {"ledger": await _ledger(calls), "models": await asyncio.to_thread(_models)}
        ready = all(checks.values())
        return JSONResponse({"ready": ready, "checks": checks}, status_code=200 if ready else 503)

    return routes


async def _ledger(calls: PaidCalls) -> bool:
    try:
        await calls.ledger.check()
    except SQLAlchemyError:
        return False
    return True


def _models() -> bool:
    return all(is_installed(model) for model in required())

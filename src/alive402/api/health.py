"""For whoever watches the service: is it up, and can it take a paid call?"""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from alive402 import __version__
from alive402.calls import Books
from alive402.liveness.models import is_installed, required


def router(books: Books) -> APIRouter:
    """`/healthz` and `/readyz`."""
    routes = APIRouter(tags=["operation"])

    @routes.get("/healthz", summary="Is the process up?")
    async def healthz() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    @routes.get("/readyz", summary="Can it take a paid call?", responses={503: {"description": "Not now."}})
    async def readyz() -> JSONResponse:
        found = await checks(books)
        ready = all(found.values())
        return JSONResponse({"ready": ready, "checks": found}, status_code=200 if ready else 503)

    return routes


async def checks(books: Books) -> dict[str, bool]:
    """What a paid call needs of this machine, each by its name."""
    return {"ledger": await _ledger(books), "models": await asyncio.to_thread(_models)}


async def _ledger(books: Books) -> bool:
    try:
        await books.ledger.check()
    except SQLAlchemyError:
        return False
    return True


def _models() -> bool:
    return all(is_installed(model) for model in required())

"""Well-known route: the public keys of signed verdicts."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from alive402.receipts import SigningKeys


def router(keys: SigningKeys) -> APIRouter:
    """Route `/.well-known/jwks.json`."""
    routes = APIRouter()

    @routes.get(
        "/.well-known/jwks.json",
        operation_id="get_jwks",
        tags=["operation"],
        summary="Public keys of signed verdicts",
    )
    async def jwks() -> JSONResponse:
        return JSONResponse(keys.jwks(), headers={"Cache-Control": "public, max-age=300"})

    return routes

"""Well-known route: the public keys of signed verdicts."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from alive402.catalog import JSON
from alive402.http.discovery.documents import document
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
    async def jwks(request: Request) -> Response:
        return document(request, bytes(JSONResponse(keys.jwks()).body), JSON, cached="public, max-age=300")

    return routes

"""Upload routes: take in a video or a picture that has no URL; a call then names it by the URL that is returned."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from alive402.calls import ServiceRegistry
from alive402.errors import CodedError
from alive402.http.core import (
    FILE_FIELD,
    UPLOADING,
    HeaderTooLarge,
    UnknownService,
    file_in_form,
    ref,
    refusal,
    refusals,
    request_id,
    stated_length,
)
from alive402.http.payment import Payment, PaymentObjects, payment_required, resource_of
from alive402.intake import UPLOADS_PATH, Upload, UploadGone, UploadMalformed, Uploads, UploadTypeRefused
from alive402.payments.core import PaymentRequired

_NO_STORE = {"Cache-Control": "no-store"}
_FORM = "multipart/form-data"
_RAW = ("application/octet-stream", "video/", "image/")
# How long the rest of a rejected upload is still read and discarded, so that its client gets to read the error.
DRAIN_SECONDS = 3.0


def router(registry: ServiceRegistry, payments: PaymentObjects, uploads: Uploads) -> APIRouter:
    """Routes `POST /api/uploads`, and `GET` and `DELETE` of an upload."""
    routes = APIRouter(prefix=UPLOADS_PATH, tags=["services"])

    @routes.post(
        "",
        operation_id="create_upload",
        summary="Upload a video or a picture that has no URL",
        description=(
            "The upload is free. Send it with the payment for the later call: the same signature, token or API key. "
            "Then send the call with `url` as `VideoUrl`, or as `ImageURL` of a picture, for which `service` names the "
            "image service. The file is deleted after its analysis, or when it expires."
        ),
        status_code=201,
        responses={201: _shown("The upload waits for its call."), **refusals(*UPLOADING, UnknownService)},
        openapi_extra={"requestBody": _body()},
    )
    async def create(
        request: Request,
        payment: Payment,
        service: Annotated[str | None, Query(max_length=128, description="service id; default: the first one")] = None,
    ) -> Response:
        calls = registry.find(service) if service else registry.first
        if calls is None:
            raise UnknownService
        resource = resource_of(calls.service, payments.base(request) + calls.service.paths[0])
        try:
            waits = uploads.limits.receive_seconds
            async with calls.affording(payment.offer, resource, request_id(request), waits) as payer:
                upload = await _received(request, payer, calls.service.upload_files)
        except CodedError as error:
            await _drain(request)
            if isinstance(error, PaymentRequired):
                named = await payments.named(error.details.get("paymentId"), calls, request)
                refused = payment_required(error, request, calls.gate, resource, named, payment.version)
            else:
                refused = refusal(error, request)
            # Do not wait for the part that was not read yet.
            refused.headers["Connection"] = "close"
            return refused
        shown = _upload_body(upload, payments.base(request))
        del shown["used"]
        return JSONResponse(shown, status_code=201, headers={**_NO_STORE, "Location": shown["url"]})

    @routes.get(
        "/{upload_id}",
        operation_id="get_upload",
        summary="Read the state of an upload, without its content",
        responses={200: _shown("The upload waits for its call, or is used."), **refusals(UploadGone, ledger=False)},
    )
    async def show(request: Request, upload_id: str) -> JSONResponse:
        return JSONResponse(_upload_body(uploads.find(upload_id), payments.base(request)), headers=_NO_STORE)

    @routes.delete(
        "/{upload_id}",
        operation_id="delete_upload",
        summary="Delete an upload",
        status_code=204,
        responses={204: {"description": "The upload is deleted."}, **refusals(UploadGone, ledger=False)},
        response_class=Response,
    )
    async def delete(request: Request, upload_id: str, payment: Payment) -> Response:
        if not uploads.remove(upload_id).used:
            # Deleting an unused upload counts as a failed call, which limits repeated uploads that are never paid for.
            await registry.ledger_services.failures.count(None, payment.offer.address)
        return Response(status_code=204)

    async def _received(request: Request, payer: str, most: int) -> Upload:
        given = request.headers.get("content-type", "")
        kind = given.partition(";")[0].strip().lower()
        if len(given) > 512:
            raise HeaderTooLarge(header="Content-Type")
        chunks, declared = _chunks(request), None
        if kind == _FORM:
            chunks = file_in_form(chunks, given)
        elif kind.startswith(_RAW):
            declared = stated_length(request)
        else:
            raise UploadTypeRefused
        try:
            return await uploads.receive(chunks, payer, declared, most=most)
        except ClientDisconnect:
            raise UploadMalformed("The upload ended early.") from None

    return routes


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        if chunk:
            yield chunk


async def _drain(request: Request) -> None:
    """Read and discard the rest for a moment, unless the client sent `Expect: 100-continue`."""
    if "expect" in request.headers:
        return
    with contextlib.suppress(ClientDisconnect, RuntimeError, TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in request.stream():
                pass


def _upload_body(upload: Upload, base: str) -> dict[str, Any]:
    expires_at = datetime.fromtimestamp(upload.expires_at, UTC).isoformat(timespec="seconds")
    return {
        "uploadId": upload.id,
        "url": f"{base}{UPLOADS_PATH}/{upload.id}",
        "bytes": upload.size,
        "sha256": upload.sha256,
        "expiresAt": expires_at.replace("+00:00", "Z"),
        "used": upload.used,
    }


def _shown(when: str) -> dict[str, Any]:
    return {"description": when, "content": {"application/json": {"schema": ref("Upload")}}}


def _body() -> dict[str, Any]:
    raw: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
    form = {
        "type": "object",
        "properties": {FILE_FIELD: {"type": "string", "format": "binary"}},
        "required": [FILE_FIELD],
        "additionalProperties": False,
    }
    # Any video/* and image/* is accepted, but OpenAPI generators need full media types.
    kinds = ("video/mp4", "video/webm", "image/jpeg", "image/png", "application/octet-stream")
    return {"required": False, "content": {**dict.fromkeys(kinds, raw), _FORM: {"schema": form}}}

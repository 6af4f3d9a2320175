"""Upload routes: take in a video or a picture that has no URL; a call then names it by the URL that is returned."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from alive402.calls import ServiceRegistry
from alive402.challenges import sha256_of
from alive402.errors import CodedError
from alive402.http.core import UPLOADING, UnknownService, refusal, refusals, request_id
from alive402.http.payment import Payment, PaymentObjects, payment_required, resource_of
from alive402.http.routes.receiving import NO_STORE, file_asked, received, refuse_upload, upload_body, upload_shown
from alive402.intake import UPLOADS_PATH, UploadGone, Uploads
from alive402.payments.core import PaymentRequired


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
        responses={201: upload_shown("The upload waits for its call."), **refusals(*UPLOADING, UnknownService)},
        openapi_extra={"requestBody": file_asked()},
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
                upload = await received(uploads, request, sha256_of(payer), calls.service.upload_files)
        except PaymentRequired as error:
            named = await payments.named(error.details.get("paymentId"), calls, request)
            unpaid = payment_required(error, request, calls.gate, resource, named, payment.version)
            return await refuse_upload(request, unpaid)
        except CodedError as error:
            return await refuse_upload(request, refusal(error, request))
        shown = upload_body(upload, payments.base(request))
        del shown["used"]
        return JSONResponse(shown, status_code=201, headers={**NO_STORE, "Location": shown["url"]})

    @routes.get(
        "/{upload_id}",
        operation_id="get_upload",
        summary="Read the state of an upload, without its content",
        responses={
            200: upload_shown("The upload waits for its call, or is used."),
            **refusals(UploadGone, ledger=False),
        },
    )
    async def show(request: Request, upload_id: str) -> JSONResponse:
        return JSONResponse(upload_body(uploads.find(upload_id), payments.base(request)), headers=NO_STORE)

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

    return routes

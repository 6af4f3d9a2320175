"""Challenge routes: make a challenge, begin it when the person is ready, hand over its clip, read its state. Free."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from alive402.calls import PaidCalls
from alive402.catalog import InvalidInput, problems_in
from alive402.challenges import (
    CHALLENGE_REQUEST,
    CHALLENGES_PATH,
    ChallengeBegun,
    ChallengeExpired,
    ChallengeNotBegun,
    ChallengeRow,
    Challenges,
    ChallengeUnknown,
    ChallengeUsed,
    challenge_body,
    options_of,
    state_body,
    status_url,
)
from alive402.errors import CodedError
from alive402.http.core import NEW_CHALLENGE, RECEIVING, json_object, ref, refusal, refusals, request_id
from alive402.http.payment import Payment, PaymentObjects, payment_required, resource_of
from alive402.http.routes.receiving import NO_STORE, file_asked, received, refuse_upload, upload_body, upload_shown
from alive402.intake import Upload, UploadGone, Uploads
from alive402.liveness import ChallengeOptions
from alive402.payments.core import PaymentRequired

_MOVE_ONLY = "Challenges ask for movements: `kind` is `move`. Coloured light is not built."
_FITS = Draft202012Validator(CHALLENGE_REQUEST)


def router(calls: PaidCalls, payments: PaymentObjects, challenges: Challenges, uploads: Uploads) -> APIRouter:
    """Routes `POST /api/challenges`, its `/begin` and `/clip`, and `GET`; `calls` is the service that checks them."""
    routes = APIRouter(prefix=CHALLENGES_PATH, tags=["services"])

    @routes.post(
        "",
        operation_id="create_challenge",
        summary="Make a challenge: movements that a person has to make in a clip",
        description=(
            "A challenge is free. Send it with a payment, token or API key that can pay for the later call; the call "
            "then needs the same payer. Give `captureUrl` to the person who is filmed, or film yourself: "
            "`POST {statusUrl}/begin` returns the movements when the person is ready, and `POST {statusUrl}/clip` "
            "takes the clip until `answerBy`. Then send the call with `ChallengeId` and the clip's URL as `VideoUrl`. "
            "The challenge can be used once."
        ),
        status_code=201,
        responses={201: _shown("The challenge; with its steps if `begin` is true."), **refusals(*NEW_CHALLENGE)},
        openapi_extra={
            "requestBody": {"required": False, "content": {"application/json": {"schema": CHALLENGE_REQUEST}}}
        },
    )
    async def create(request: Request, payment: Payment) -> Response:
        given = await json_object(request) or {}
        options = challenge_options(given)
        resource = resource_of(calls.service, payments.base(request) + calls.service.paths[0])
        try:
            async with calls.affording(payment.offer, resource, request_id(request), 0.0) as payer:
                row = await challenges.create(payer, options, given.get("bind"), begin=given.get("begin", False))
        except PaymentRequired as error:
            named = await payments.named(error.details.get("paymentId"), calls, request)
            return payment_required(error, request, calls.gate, resource, named, payment.version)
        base = payments.base(request)
        headers = {**NO_STORE, "Location": status_url(row, base)}
        return JSONResponse(_body(row, base), status_code=201, headers=headers)

    @routes.post(
        "/{challenge_id}/begin",
        operation_id="begin_challenge",
        summary="Return the movements, once; the clip has to arrive by `answerBy`",
        description="For the page that films: anyone who has the id may begin the challenge. No payment is needed.",
        responses={
            200: _shown("The challenge with its steps."),
            **refusals(ChallengeUnknown, ChallengeBegun, ChallengeExpired),
        },
    )
    async def begin(request: Request, challenge_id: str) -> JSONResponse:
        row = await challenges.begin(challenge_id)
        return JSONResponse(_body(row, payments.base(request)), headers=NO_STORE)

    @routes.post(
        "/{challenge_id}/clip",
        operation_id="answer_challenge",
        summary="Hand over the clip of a challenge",
        description=(
            "For the page that films. The clip becomes an upload of the challenge's payer; one clip is taken. A "
            "transfer that fails does not count, and may be repeated until `answerBy`. No payment is needed."
        ),
        status_code=201,
        responses={
            201: upload_shown("The clip waits for its call."),
            **refusals(*RECEIVING, ChallengeUnknown, ChallengeNotBegun, ChallengeUsed, ChallengeExpired),
        },
        openapi_extra={"requestBody": file_asked()},
    )
    async def clip(request: Request, challenge_id: str) -> Response:
        address = request.client.host if request.client else None
        try:
            async with calls.ledger_services.failures.receiving(address):
                row = await challenges.awaiting_clip(challenge_id)
                upload = await received(uploads, request, row.payer_sha256, challenges.limits.open)
                await _keep(row, upload)
        except CodedError as error:
            return await refuse_upload(request, refusal(error, request))
        shown = upload_body(upload, payments.base(request)) | {"challengeId": row.id}
        del shown["used"]
        return JSONResponse(shown, status_code=201, headers={**NO_STORE, "Location": shown["url"]})

    @routes.get(
        "/{challenge_id}",
        operation_id="get_challenge",
        summary="Read the state of a challenge, without its steps",
        responses={
            200: {
                "description": "The current state.",
                "content": {"application/json": {"schema": ref("ChallengeState")}},
            },
            **refusals(ChallengeUnknown),
        },
    )
    async def show(request: Request, challenge_id: str) -> JSONResponse:
        row = await challenges.find(challenge_id)
        return JSONResponse(state_body(row, payments.base(request), datetime.now(UTC)), headers=NO_STORE)

    def _body(row: ChallengeRow, base: str) -> dict[str, Any]:
        return challenge_body(row, base, uploads.limits.max_bytes)

    async def _keep(row: ChallengeRow, upload: Upload) -> None:
        """Record the clip; delete it where the challenge does not take it."""
        try:
            await challenges.filmed(row.id, upload.id, datetime.fromtimestamp(upload.received_at, UTC))
        except BaseException:
            with contextlib.suppress(UploadGone):
                await asyncio.to_thread(uploads.remove, upload.id)
            raise

    return routes


def challenge_options(given: dict[str, Any]) -> ChallengeOptions:
    """The options in the body of a new challenge.

    Raises:
        InvalidInput: it does not fit the schema, or its steps and what it avoids do not go together.
    """
    problems = problems_in(given, _FITS)
    if given.get("kind", "move") in ("light", "both"):
        raise InvalidInput(_MOVE_ONLY, problems=problems)
    if problems:
        raise InvalidInput(problems=problems)
    try:
        return options_of(given)
    except ValueError as error:
        raise InvalidInput(problems=[{"path": "avoid", "message": str(error)}]) from None


def _shown(when: str) -> dict[str, Any]:
    return {"description": when, "content": {"application/json": {"schema": ref("Challenge")}}}

"""Privacy: the page that says what is stored of a call, and the route that erases it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from alive402.calls import ServiceRegistry
from alive402.catalog import HTML
from alive402.http.core import HeaderRepeated, HeaderTooLarge, refusals
from alive402.http.discovery.documents import document
from alive402.http.discovery.surfaces import CACHED, InvalidHost, Surfaces
from alive402.http.payment import Payment
from alive402.operations import CallUnknown, Erasure, ProofMissing
from alive402.payments.core import (
    ApiKeyForbidden,
    ApiKeyRefused,
    PaymentInUse,
    PaymentInvalid,
    PaymentMalformed,
    PaymentMismatch,
    SettlementUnknown,
    TooManyGuesses,
)
from alive402.settings import Settings
from alive402.web import privacy_page


def router(registry: ServiceRegistry, erasure: Erasure, surfaces: Surfaces, settings: Settings) -> APIRouter:
    """Routes `DELETE /api/calls/{request_id}` and `/privacy`."""
    routes = APIRouter()

    @routes.delete(
        "/api/calls/{request_id}",
        operation_id="erase_call",
        tags=["services"],
        summary="Erase a stored answer",
        description=(
            "Send the payment that bought the answer: the same payment header, token or prepaid API key. The service "
            "erases the answer, its signed verdict and its report; the ledger keeps the record of the payment. "
            "Afterwards, a call with the same payment gets 410."
        ),
        status_code=204,
        response_class=Response,
        responses={
            204: {"description": "The answer is erased, now or earlier."},
            **refusals(
                ProofMissing, CallUnknown, ApiKeyRefused, ApiKeyForbidden, PaymentInvalid, PaymentMalformed,
                PaymentMismatch, PaymentInUse, SettlementUnknown, TooManyGuesses, HeaderRepeated, HeaderTooLarge,
            ),
        },
    )  # fmt: skip
    async def erase(request_id: str, payment: Payment) -> Response:
        signature = payment.offer.signature
        # With a token beside it, either of them may have paid.
        proof = registry.first.gate.read(signature).money.proof if signature else None
        # The same error for a wrong token and for an unknown call, so that it does not show which tokens exist.
        async with registry.ledger_services.guesses.offered(payment.offer, CallUnknown):
            await erasure.erase(request_id, payment.offer, proof)
        return Response(status_code=204)

    @routes.get(
        "/privacy",
        operation_id="privacy_page",
        tags=["discovery"],
        summary="Stored data, and how to erase it",
        response_class=HTMLResponse,
        responses=refusals(InvalidHost, ledger=False),
    )
    async def page(request: Request) -> Response:
        facts = privacy_page.Facts(
            answers_days=settings.keep_answers_days,
            call_log_days=settings.keep_call_log_days,
            erase_seconds=settings.erase_seconds,
            upload_seconds=settings.upload_seconds,
            job_seconds=settings.job_seconds,
            ops_session_minutes=settings.ops_session_minutes,
            failures_per_payer=settings.free_failures_per_payer,
            failures_per_address=settings.free_failures_per_address,
            guesses_per_address=settings.credential_guesses_per_address,
            webhooks=bool(settings.webhook_urls),
            traces=settings.otlp_endpoint is not None,
        )
        return document(request, privacy_page.page(facts, surfaces.site(request)), HTML, cached=CACHED)

    return routes

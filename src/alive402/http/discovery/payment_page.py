"""The page of a payment made ahead, at the URL where it is paid: a person pays there with the browser's wallet."""

from __future__ import annotations

from datetime import UTC

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from alive402.http.core import accepts_pages, refusals
from alive402.http.discovery.surfaces import InvalidHost, Surfaces
from alive402.http.payment import PAYMENTS_PATH, PaymentObjects
from alive402.payments.core import NoSuchPayment
from alive402.web import site_pages

# Anyone with the URL may pay, so caches and search engines must not keep it.
_PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}


def router(payments: PaymentObjects, surfaces: Surfaces) -> APIRouter:
    """Route `GET /api/payments/{id}/pay`."""
    routes = APIRouter(tags=["payments"])

    @routes.get(
        PAYMENTS_PATH + "/{payment_id}/pay",
        operation_id="payment_page",
        summary="Page where a person pays a payment",
        response_class=HTMLResponse,
        responses=refusals(NoSuchPayment, InvalidHost),
    )
    async def page(request: Request, payment_id: str) -> Response:
        site = surfaces.site(request)
        try:
            prepaid = await payments.find(payment_id)
        except NoSuchPayment as error:
            # Programs get the JSON error; browsers get a page.
            if not accepts_pages(request):
                raise
            missing = site_pages.missing("No such payment", error.message, site)
            return HTMLResponse(missing, error.status, headers=_PRIVATE)
        shown = site_pages.ShownPayment(
            service=payments.calls_of(prepaid).service,
            status=prepaid.status,
            amount=prepaid.amount,
            max_calls=prepaid.max_calls,
            until=prepaid.expires_at.astimezone(UTC).isoformat(timespec="seconds"),
            path=f"{PAYMENTS_PATH}/{prepaid.id}/pay",
        )
        return HTMLResponse(site_pages.payment(site, shown), headers=_PRIVATE)

    return routes

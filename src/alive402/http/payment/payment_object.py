"""The gateway's `payment` object: the state of a payment, in the same form for every API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from alive402.calls import PaidCalls, ServiceRegistry, report_link
from alive402.payments.core import NoSuchPayment
from alive402.payments.prepaid import Prepaid

PAYMENTS_PATH = "/api/payments"


@dataclass(frozen=True, slots=True)
class PaymentObjects:
    """Builds payment objects. `provider_id` names the receiving account."""

    registry: ServiceRegistry
    public_url: str | None
    provider_id: str

    def base(self, request: Request) -> str:
        """The service's public URL, without a trailing slash."""
        return (self.public_url or str(request.base_url)).rstrip("/")

    def not_made(self, calls: PaidCalls) -> dict[str, Any]:
        """The object of a call for which no payment exists yet."""
        return {
            **self._words(calls, calls.service.price_cents, 1),
            "paymentId": None,
            "remainingCalls": 0,
            "clientId": None,
            "status": "required",
            "expiresAt": None,
            "paidAt": None,
            "token": None,
        }

    def of(self, prepaid: Prepaid, request: Request, token: str | None = None) -> dict[str, Any]:
        """The object of a prepaid payment; `token` only where it is shown."""
        return {
            **self._words(self.calls_of(prepaid), prepaid.amount // 10_000, prepaid.max_calls),
            "paymentId": prepaid.id,
            "remainingCalls": prepaid.remaining,
            "clientId": prepaid.client_id,
            "status": prepaid.status,
            "expiresAt": _moment(prepaid.expires_at),
            "paidAt": _moment(prepaid.paid_at),
            "token": token,
            "payUrl": self.pay_url(prepaid.id, request),
        }

    async def named(self, payment_id: str | None, calls: PaidCalls, request: Request) -> dict[str, Any]:
        """The object of the payment that an error of `calls` names, or of a call without payment."""
        if payment_id is None:
            return self.not_made(calls)
        try:
            return self.of(await self.find(payment_id), request)
        except NoSuchPayment:
            return self.not_made(calls)

    async def find(self, payment_id: str) -> Prepaid:
        """A prepaid payment by its id.

        Raises:
            NoSuchPayment: there is none, or its service is no longer sold.
        """
        prepaid = await self.registry.first.prepayments.find(payment_id)
        self.calls_of(prepaid)
        return prepaid

    def calls_of(self, prepaid: Prepaid) -> PaidCalls:
        """The service that was paid for. Raises like `find`."""
        calls = self.registry.find(prepaid.service_id)
        if calls is None:
            raise NoSuchPayment
        return calls

    def report_url(self, report_id: str | None, request: Request) -> dict[str, str]:
        """The `reportUrl` of an answer, as a field beside its data; empty when the answer is not stored."""
        return report_link(self.base(request), report_id)

    def pay_url(self, payment_id: str, request: Request) -> str:
        """The URL where a payment is paid."""
        return f"{self.base(request)}{PAYMENTS_PATH}/{payment_id}/pay"

    def _words(self, calls: PaidCalls, cents: int, max_calls: int) -> dict[str, Any]:
        service = calls.service
        return {
            "serviceId": service.id,
            "internalServiceId": service.legacy_id,
            "amountCents": cents,
            "currency": "USD",
            "billingMode": "per_call",
            "maxCalls": max_calls,
            "provider": "x402_facilitator",
            "providerId": self.provider_id,
            "payTo": calls.gate.accepts[0].pay_to,
        }


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at is not None else None

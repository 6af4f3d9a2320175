"""Payment of a tool call by a person: an MCP client that can open a URL shows the page of a payment made ahead.

call, unpaid ──> input_required: the URL, and requestState with the payment's token
call with requestState, not paid yet ──> waits, then input_required: requestState alone, so nobody is asked twice
call with requestState, paid ──> the answer
"""

from __future__ import annotations

import asyncio
import re

from mcp_types import ElicitRequest, ElicitRequestURLParams, InputRequiredResult
from starlette.requests import Request

from alive402.calls import PaidCalls, ServiceRegistry
from alive402.http.payment import PaymentObjects, RequestCredentials
from alive402.mcp import ToolCall
from alive402.payments.core import PaymentRequired, TokenUnknown, TooManyPayments

# Clients repeat a call at most ten times by themselves, so one person has about three minutes.
WAIT_SECONDS = 20
POLL_SECONDS = 1.0
_KEY = "payment"
_STATE = re.compile(r"([0-9a-f]{32}) (pt_[A-Za-z0-9_-]{43})")


class PaymentByPerson:
    """Asks a person to pay for a call, and finds the payment when the call is repeated."""

    def __init__(self, registry: ServiceRegistry, payments: PaymentObjects, wait_seconds: float = WAIT_SECONDS) -> None:
        self._registry = registry
        self._payments = payments
        self._wait = wait_seconds

    def token(self, call: ToolCall) -> str | None:
        """The token in the request state of a repeated call, or None.

        Raises:
            PaymentRequired: the person declined.
            TokenUnknown: the state is not one of ours.
        """
        if call.state is None:
            return None
        if call.answers.get(_KEY, "accept") != "accept":
            raise PaymentRequired("The payment was declined, and nothing was charged.")
        return _parts(call.state)[1]

    async def pending(self, call: ToolCall) -> InputRequiredResult | None:
        """Wait for a moment until the payment of a repeated call is paid; the result that asks for more time, or None.

        Raises:
            NoSuchPayment, TokenUnknown: the state names no payment.
        """
        if call.state is None:
            return None
        payment_id, _token = _parts(call.state)
        tries = round(self._wait / POLL_SECONDS)
        for left in range(tries, -1, -1):
            if (await self._payments.find(payment_id)).status != "pending":
                return None
            if left:
                await asyncio.sleep(POLL_SECONDS)
        return InputRequiredResult(request_state=call.state)

    async def asked(
        self, call: ToolCall, calls: PaidCalls, payment: RequestCredentials, request: Request
    ) -> InputRequiredResult | None:
        """The result with the URL of a new payment; None for a client that cannot show it or has asked too often."""
        if not call.opens_urls or payment.anything:
            return None
        try:
            await self._registry.ledger_services.new_payments.admit(payment.offer.address)
        except TooManyPayments:
            return None
        prepaid, token = await calls.prepayments.create(1, None)
        service = calls.service
        shown = ElicitRequestURLParams(
            message=f"Pay {service.price} for one answer of {service.name}. The page takes USDC from a browser wallet.",
            url=self._payments.pay_url(prepaid.id, request),
        )
        return InputRequiredResult(
            input_requests={_KEY: ElicitRequest(params=shown)}, request_state=f"{prepaid.id} {token}"
        )


def _parts(state: str) -> tuple[str, str]:
    """The payment's id and its token."""
    found = _STATE.fullmatch(state)
    if found is None:
        raise TokenUnknown
    return found[1], found[2]

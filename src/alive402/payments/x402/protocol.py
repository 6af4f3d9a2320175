"""x402 protocol on top of the official package: request, decode, verify and settle payments."""

from __future__ import annotations

import asyncio
import copy
import math
import time
from fractions import Fraction
from typing import Any

import structlog
from x402 import ERR_SETTLEMENT_PENDING, x402ResourceServer
from x402.http.utils import encode_payment_response_header
from x402.schemas import PaymentPayload, PaymentRequired, PaymentRequirements, SettleResponse
from x402.schemas.v1 import PaymentPayloadV1, PaymentRequiredV1

from alive402.payments.core import (
    FacilitatorUnavailable,
    PaymentExpiresSoon,
    PaymentInvalid,
    PaymentMismatch,
    SettlementRefused,
    SettlementUnknown,
)
from alive402.payments.x402.lookups import ChainLookups
from alive402.payments.x402.mpp import CREDENTIAL, Challenges
from alive402.payments.x402.options import Answering, PaymentOptions
from alive402.payments.x402.required import required_v2
from alive402.payments.x402.schemes import ShortLived
from alive402.payments.x402.signed_payment import (
    Resource,
    Settled,
    SignedPayment,
    decode,
    identifier_of,
    receipt_of,
    same_resource,
    scheme_of_payment,
)
from alive402.payments.x402.v1 import required_v1, upgraded
from alive402.stages import CallStage, stage

log = structlog.get_logger(__name__)

SIGNATURE_HEADER = "PAYMENT-SIGNATURE"
REQUIRED_HEADER = "PAYMENT-REQUIRED"
RESPONSE_HEADER = "PAYMENT-RESPONSE"
VERIFY_SECONDS = 15.0
SETTLE_SECONDS = 45.0
_TOO_SHORT = (
    "A payment on this network lives for about {} seconds, which is too short for jobs and uploads. Sign another entry "
    "of `accepts`, pay with a prepaid token (POST /api/payments), or call without `Prefer: respond-async`."
)
# How much of a facilitator's own words the log gets.
_LOGGED = 200


class PaymentGate:
    """Requests, decodes, verifies and settles payments; independent of the ledger."""

    def __init__(self, options: PaymentOptions, challenges: Challenges | None = None) -> None:
        self._options = options
        self.chain = ChainLookups(options)
        self._challenges = challenges or Challenges()
        self._server = x402ResourceServer([option.facilitator for option in options])
        for option in options:
            self._server.register(option.terms.network, option.scheme.server)
        self._shares: tuple[int | Fraction, ...] = ()

    @property
    def accepts(self) -> list[PaymentRequirements]:
        """The requirements of each option at this gate's price, complete after `check`."""
        asked = self._options.accepts
        return [each.model_copy(update={"amount": str(self._priced(int(each.amount)))}) for each in asked]

    def times(self, share: int | Fraction) -> PaymentGate:
        """The same gate with every amount multiplied and rounded up: for several calls, or for another price."""
        gate = copy.copy(self)
        gate._shares = (*self._shares, share)
        return gate

    def _priced(self, amount: int) -> int:
        for share in self._shares:
            amount = math.ceil(amount * share)
        return amount

    async def check(self) -> None:
        """Check that every facilitator and node can handle the payments requested here: at start, and for health.

        Raises:
            PaymentsMisconfigured: one cannot, is unreachable, or is on another network.
        """
        await self._options.check()

    async def answering(self) -> list[Answering]:
        """Which facilitators and nodes answer now."""
        return await self._options.answering()

    def required(self, resource: Resource, error: str) -> PaymentRequired:
        """The 402 document of version 2: what to sign, for which resource, and how to call it."""
        asked = zip(self._options, self.accepts, strict=True)
        return required_v2([option.offer(each, resource.paths[0]) for option, each in asked], resource, error)

    def required_v1(self, resource: Resource, error: str, *, well_known: bool = False) -> PaymentRequiredV1:
        """The 402 document of version 1; with `well_known`, only networks that all its clients can read, if any."""
        return required_v1(self.accepts, resource, error, well_known=well_known)

    def challenges(self, resource: Resource, room: int) -> str | None:
        """The header with the challenges of MPP, at most `room` bytes; None when MPP carries none of the options."""
        return self._challenges.header(self.accepts, resource, room)

    def read(self, header: str) -> SignedPayment:
        """Decode a PAYMENT-SIGNATURE or X-PAYMENT header, or a credential of MPP, without checking the terms.

        Raises:
            PaymentMalformed: it is not an x402 payment that its scheme can read.
            PaymentMismatch: it is of an unknown scheme, or of version 1 and for a network that is not accepted.
            PaymentInvalid: it is a credential without a payment in it.
        """
        if header.startswith(CREDENTIAL):
            charged, money, bound = self._challenges.read(header, self.accepts)
            ours = self._fitting(charged)
            return SignedPayment(money, charged, ours or charged.accepted, fits=ours is not None, bound=bound)
        payload = decode(header)
        if isinstance(payload, PaymentPayloadV1):
            payload = upgraded(payload, self.accepts)
        scheme, ours = scheme_of_payment(payload), self._fitting(payload)
        identifier = identifier_of(payload)
        return SignedPayment(
            scheme.money(payload),
            payload,
            ours or payload.accepted,
            fits=ours is not None,
            identifier=identifier,
            settles_less=scheme.settles_less,
        )

    def _fitting(self, payload: PaymentPayload) -> PaymentRequirements | None:
        """Our requirements that a payment was signed for; those of another scheme never fit, whatever it says."""
        scheme = scheme_of_payment(payload)
        return self._server.find_matching_requirements([each for each in self.accepts if scheme.handles(each)], payload)

    def admit(self, signed: SignedPayment, resource: Resource, seconds_needed: float, *, at_once: bool = True) -> None:
        """Check that a new payment matches the current terms and resource, and lives long enough.

        `at_once`: the work starts now. No payment of a scheme that is `ShortLived` outlives `seconds_needed`: its work
        is done in time as a rule, and nobody pays for it otherwise.

        Raises:
            PaymentMismatch: it was signed for other terms or another resource.
            PaymentExpiresSoon: it would expire within `seconds_needed`, or is too short-lived for work that waits.
        """
        if not signed.fits:
            raise PaymentMismatch(reason="terms")
        if signed.bound is not None and not signed.bound(resource):
            raise PaymentMismatch(
                "The credential does not answer a challenge of this resource. Sign one of WWW-Authenticate.",
                reason="challenge",
            )
        said = signed.payload.resource
        if said is not None and not same_resource(said.url, resource):
            raise PaymentMismatch(
                "The payment was signed for another resource. Sign the one requested here.", reason="resource"
            )
        scheme = self._options.of(signed.money).scheme
        if isinstance(scheme, ShortLived):
            if not at_once:
                raise PaymentExpiresSoon(_TOO_SHORT.format(scheme.life_seconds), seconds=scheme.life_seconds)
            if not scheme.answers(signed.payload, resource.paths[0]):
                raise PaymentMismatch(
                    "The payment was signed for another answer 402. Sign the one of this call.", reason="memo"
                )
            seconds_needed = 0
        if signed.money.valid_before < time.time() + seconds_needed:
            raise PaymentExpiresSoon(seconds_needed=round(seconds_needed))

    def is_short_lived(self, signed: SignedPayment) -> bool:
        """Whether the payment may expire while its call waits for its turn."""
        return isinstance(self._options.of(signed.money).scheme, ShortLived)

    async def verify(self, signed: SignedPayment) -> None:
        """Ask the facilitator whether the payment would settle.

        Raises:
            PaymentInvalid: it would not; `details["reason"]` says why.
            FacilitatorUnavailable: the facilitator is unreachable, or the node where the chain has to be asked.
        """
        with stage(CallStage.VERIFY):
            option = self._options.of(signed.money, signed.requirements)
            try:
                async with asyncio.timeout(VERIFY_SECONDS):
                    answer = await option.facilitator.verify(signed.payload, signed.requirements)
                    asks = answer.is_valid and not option.scheme.verify_sees_used
                    used = asks and await option.chain.is_used(signed.money)
            except Exception as error:
                log.warning("facilitator did not verify", network=signed.money.network, error=str(error)[:_LOGGED])
                raise FacilitatorUnavailable from error
            if not answer.is_valid:
                raise PaymentInvalid(reason=answer.invalid_reason or "invalid")
            if answer.payer and option.scheme.spelled(answer.payer) != signed.money.payer:
                raise PaymentInvalid(reason="payer_mismatch")
            if used:
                raise PaymentInvalid(reason="nonce_used")

    async def settle(self, signed: SignedPayment) -> Settled:
        """Settle the payment.

        Raises:
            SettlementRefused: the money did not move.
            SettlementUnknown: the answer was lost, and the chain does not show the transfer, or not yet.
        """
        facilitator = self._options.of(signed.money, signed.requirements).facilitator
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                answer = await facilitator.settle(signed.payload, signed.requirements)
        except Exception as error:
            found = await self.chain.find(signed.money)
            if found is None:
                raise SettlementUnknown(reason="facilitator_silent") from error
            return found
        if answer.success:
            return Settled(answer.transaction, receipt_of(answer, signed.money))
        # Check the chain before believing a refusal: our own settlement may have moved the money, with its answer lost.
        found = await self.chain.find(signed.money)
        if found is not None:
            return found
        reason = answer.error_reason or "refused"
        if reason == ERR_SETTLEMENT_PENDING:
            raise SettlementUnknown(reason=reason)
        raise SettlementRefused(reason=reason)

    async def resolve(self, signed: SignedPayment) -> Settled:
        """Finish a settlement whose answer was lost: check the chain first, and send it again only if it is not there.

        Sending again is safe, because the chain accepts each payment once. Raises like `settle`; `details["reason"]` is
        `expired` when the money never moved and no longer can.
        """
        found = await self.chain.find(signed.money)
        if found is not None:
            return found
        if await self.chain.is_over(signed.money):
            raise SettlementRefused(reason="expired")
        try:
            return await self.settle(signed)
        except SettlementRefused as error:
            # The first transaction may still be pending: only time proves that it never arrives.
            raise SettlementUnknown(**error.details) from error


def response_header(receipt: dict[str, Any]) -> str:
    """The PAYMENT-RESPONSE header of a stored receipt."""
    return encode_payment_response_header(SettleResponse.model_validate(receipt))

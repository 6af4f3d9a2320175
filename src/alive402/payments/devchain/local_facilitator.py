"""The x402 package's own facilitator in this process, with the interface of a remote facilitator."""

from __future__ import annotations

import asyncio

from x402 import x402FacilitatorSync
from x402.schemas import PaymentPayload, PaymentRequirements, SettleResponse, SupportedResponse, VerifyResponse
from x402.schemas.v1 import PaymentPayloadV1, PaymentRequirementsV1


class LocalFacilitator:
    """A `FacilitatorClient` of the schemes that a subclass registers with `facilitator`, which runs in threads."""

    def __init__(self) -> None:
        self.facilitator = x402FacilitatorSync()

    async def verify(
        self, payload: PaymentPayload | PaymentPayloadV1, requirements: PaymentRequirements | PaymentRequirementsV1
    ) -> VerifyResponse:
        """Whether the payment would settle now; if not, with the reason."""
        return await asyncio.to_thread(self.facilitator.verify, payload, requirements)

    async def settle(
        self, payload: PaymentPayload | PaymentPayloadV1, requirements: PaymentRequirements | PaymentRequirementsV1
    ) -> SettleResponse:
        """Settle the payment on the chain."""
        return await asyncio.to_thread(self.facilitator.settle, payload, requirements)

    def get_supported(self) -> SupportedResponse:
        """The schemes and networks that it settles."""
        return self.facilitator.get_supported()

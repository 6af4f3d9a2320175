"""Smart wallets at a remote facilitator: only listed factories may deploy one (ERC-6492)."""

from __future__ import annotations

from collections.abc import Sequence

from web3 import Web3
from x402 import FacilitatorClient
from x402.mechanisms.evm.constants import ERR_FACTORY_NOT_ALLOWED, ERR_FAILED_TO_VERIFY_SIGNATURE
from x402.mechanisms.evm.erc6492 import has_deployment_info, parse_erc6492_signature
from x402.schemas import PaymentPayload, PaymentRequirements, SettleResponse, SupportedResponse, VerifyResponse

from alive402.payments.x402.schemes.exact_evm.chain import Web3ChainReader


class ListedFactories:
    """A `FacilitatorClient` that refuses the payment of an undeployed wallet unless the operator lists its factory.

    The facilitator has a list of its own. Its refusal may come after the work, when it settles; this one comes before.
    A deployed wallet needs no factory, whatever its signature says: the node at `rpc_url` is asked whether it is.
    """

    def __init__(self, facilitator: FacilitatorClient, rpc_url: str, factories: Sequence[str]) -> None:
        self._facilitator = facilitator
        self._chain = Web3ChainReader.at(rpc_url)
        self._factories = frozenset(each.lower() for each in factories)

    async def verify(self, payload: PaymentPayload, requirements: PaymentRequirements) -> VerifyResponse:
        """Refuse an unlisted factory; otherwise ask the facilitator.

        Raises:
            Exception: the facilitator or the node does not answer.
        """
        reason = await self._refusal(payload)
        if reason is not None:
            return VerifyResponse(is_valid=False, invalid_reason=reason)
        return await self._facilitator.verify(payload, requirements)

    async def settle(self, payload: PaymentPayload, requirements: PaymentRequirements) -> SettleResponse:
        """Ask the facilitator: what it settles was verified here."""
        return await self._facilitator.settle(payload, requirements)

    def get_supported(self) -> SupportedResponse:
        """What the facilitator supports."""
        return self._facilitator.get_supported()

    async def _refusal(self, payload: PaymentPayload) -> str | None:
        signature, authorization = payload.payload.get("signature"), payload.payload.get("authorization")
        if not isinstance(signature, str) or not isinstance(authorization, dict):
            return None
        try:
            wrapper = parse_erc6492_signature(bytes.fromhex(signature.removeprefix("0x")))
        except ValueError:
            return ERR_FAILED_TO_VERIFY_SIGNATURE
        if not has_deployment_info(wrapper) or Web3.to_hex(wrapper.factory) in self._factories:
            return None
        return None if await self._chain.is_contract(authorization["from"]) else ERR_FACTORY_NOT_ALLOWED

"""Payment options: the terms, facilitator and node of each accepted network and token."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from x402 import FacilitatorClient
from x402.mechanisms.evm.exact import ExactEvmServerScheme
from x402.schemas import PaymentRequirements, SupportedKind

from alive402.payments.core.errors import PaymentsMisconfigured, SettlementUnknown
from alive402.payments.x402.chain import ChainReader

SCHEME = "exact"


@dataclass(frozen=True, slots=True)
class Terms:
    """The price of one call and its recipient, `amount` in atomic units.

    `name` and `version` are those of the token's EIP-712 domain, or None for a token that the x402 package knows.
    """

    network: str
    asset: str
    amount: int
    pay_to: str
    max_timeout_seconds: int
    name: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentOption:
    """One accepted network and token."""

    terms: Terms
    facilitator: FacilitatorClient
    chain: ChainReader

    def requirements(self) -> PaymentRequirements:
        """The terms as an entry of x402's `accepts`."""
        terms = self.terms
        extra = {"name": terms.name, "version": terms.version} if terms.name and terms.version else {}
        return ExactEvmServerScheme().enhance_payment_requirements(  # type: ignore[no-untyped-call]
            PaymentRequirements(
                scheme=SCHEME,
                network=terms.network,
                asset=terms.asset,
                amount=str(terms.amount),
                pay_to=terms.pay_to,
                max_timeout_seconds=terms.max_timeout_seconds,
                extra=extra,
            ),
            SupportedKind(x402_version=2, scheme=SCHEME, network=terms.network),
            [],
        )

    async def check(self) -> None:
        """Check once, at start, that facilitator and node can handle these terms.

        Raises:
            PaymentsMisconfigured: one of them cannot, or does not answer.
        """
        terms = self.terms
        try:
            supported = await asyncio.to_thread(self.facilitator.get_supported)
        except Exception as error:
            raise PaymentsMisconfigured(
                f"The x402 facilitator of {terms.network} does not answer at /supported. "
                "Check its URL (ALIVE402_FACILITATOR_URL) and its token."
            ) from error
        try:
            network = await self.chain.network()
        except Exception as error:
            raise PaymentsMisconfigured(
                f"The node of {terms.network} does not answer. Check its URL (ALIVE402_RPC_URL)."
            ) from error
        kinds = {(kind.x402_version, kind.scheme, kind.network) for kind in supported.kinds}
        if (2, SCHEME, terms.network) not in kinds:
            raise PaymentsMisconfigured(
                f"The x402 facilitator does not settle `{SCHEME}` payments on {terms.network}. "
                "Choose another facilitator or another ALIVE402_NETWORK."
            )
        if network != terms.network:
            raise PaymentsMisconfigured(
                f"The node at ALIVE402_RPC_URL is on {network}, but payments are requested on {terms.network}."
            )
        if not {"name", "version"} <= self.requirements().extra.keys():
            raise PaymentsMisconfigured(
                f"The token {terms.asset} is unknown. Set ALIVE402_ASSET_NAME and ALIVE402_ASSET_VERSION to its "
                "EIP-712 name and version."
            )

    async def answering(self) -> Answering:
        """Whether facilitator and node answer now, asked concurrently."""
        supported, network = await asyncio.gather(
            asyncio.to_thread(self.facilitator.get_supported), self.chain.network(), return_exceptions=True
        )
        return Answering(
            self.terms.network, not isinstance(supported, BaseException), not isinstance(network, BaseException)
        )


@dataclass(frozen=True, slots=True)
class Answering:
    """Whether the facilitator and the node of one network answer."""

    network: str
    facilitator: bool
    chain: bool


class PaymentOptions:
    """Every payment option, the operator's preferred one first; found by network and token."""

    def __init__(self, options: Sequence[PaymentOption]) -> None:
        self._options = {(option.terms.network, option.terms.asset.lower()): option for option in options}
        if not options or len(self._options) < len(options):
            raise PaymentsMisconfigured("Each network and token is accepted once: ALIVE402_ACCEPTS names one twice.")
        self.accepts = [option.requirements() for option in options]

    def __iter__(self) -> Iterator[PaymentOption]:
        return iter(self._options.values())

    def of(self, network: str, asset: str) -> PaymentOption:
        """The payment option of a network and token.

        Raises:
            SettlementUnknown: it was accepted before, and the operator has removed it since.
        """
        option = self._options.get((network, asset.lower()))
        if option is None:
            raise SettlementUnknown(reason="network_not_configured")
        return option

    async def check(self) -> None:
        """Check every option once, at start.

        Raises:
            PaymentsMisconfigured: one of them cannot work.
        """
        await asyncio.gather(*[option.check() for option in self])

    async def answering(self) -> list[Answering]:
        """Whether the facilitator and node of each option answer now."""
        return list(await asyncio.gather(*[option.answering() for option in self]))

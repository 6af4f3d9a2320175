"""Where one can pay: for each network and token what is asked, who settles it, and the chain to look at."""

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
    """What one call costs and where the money goes, `amount` in atomic units.

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
    """One way to pay."""

    terms: Terms
    facilitator: FacilitatorClient
    chain: ChainReader

    def requirements(self) -> PaymentRequirements:
        """The terms as x402 writes them, one entry of `accepts`."""
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
        """Ask facilitator and node once, at start, whether they can do what will be asked of them.

        Raises:
            PaymentsMisconfigured: they cannot, or do not answer.
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
                f"The node at ALIVE402_RPC_URL is of {network}, and payments are asked for on {terms.network}."
            )
        if not {"name", "version"} <= self.requirements().extra.keys():
            raise PaymentsMisconfigured(
                f"The token {terms.asset} is not known. Set ALIVE402_ASSET_NAME and ALIVE402_ASSET_VERSION to its "
                "EIP-712 name and version."
            )

    async def answering(self) -> Answering:
        """Whether facilitator and node answer at all, asked side by side."""
        supported, network = await asyncio.gather(
            asyncio.to_thread(self.facilitator.get_supported), self.chain.network(), return_exceptions=True
        )
        return Answering(
            self.terms.network, not isinstance(supported, BaseException), not isinstance(network, BaseException)
        )


@dataclass(frozen=True, slots=True)
class Answering:
    """Who answers on one network."""

    network: str
    facilitator: bool
    chain: bool


class PaymentOptions:
    """Every way to pay, the operator's first choice first; found again by network and token."""

    def __init__(self, options: Sequence[PaymentOption]) -> None:
        self._options = {(option.terms.network, option.terms.asset.lower()): option for option in options}
        if not options or len(self._options) < len(options):
            raise PaymentsMisconfigured("Each network and token is accepted once: ALIVE402_ACCEPTS names one twice.")
        self.accepts = [option.requirements() for option in options]

    def __iter__(self) -> Iterator[PaymentOption]:
        return iter(self._options.values())

    def of(self, network: str, asset: str) -> PaymentOption:
        """The till where such money is taken.

        Raises:
            SettlementUnknown: it was taken once, and the operator has taken that till away.
        """
        option = self._options.get((network, asset.lower()))
        if option is None:
            raise SettlementUnknown(reason="network_not_configured")
        return option

    async def check(self) -> None:
        """See `PaymentOption.check`, for all of them.

        Raises:
            PaymentsMisconfigured: one of them cannot work.
        """
        await asyncio.gather(*[option.check() for option in self])

    async def answering(self) -> list[Answering]:
        """See `PaymentOption.answering`, for all of them."""
        return list(await asyncio.gather(*[option.answering() for option in self]))

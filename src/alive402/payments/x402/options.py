"""Payment options: the terms, facilitator and node of each accepted network and token."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from x402 import FacilitatorClient
from x402.schemas import PaymentRequirements

from alive402.payments.core import Money, PaymentsMisconfigured, SettlementUnknown
from alive402.payments.x402.schemes import ChainReader, ChecksReceiver, Scheme, ShortLived, Terms


@dataclass(slots=True)
class PaymentOption:
    """One accepted network and token, paid in one scheme.

    The first `check` keeps what the facilitator states for the scheme at /supported, such as the account that pays the
    fees. It is kept until the process ends: a facilitator may name another account each time, and a payment that was
    signed for the earlier one must still match.

    `lost_above`: the ledger may not know the transfers above this block or slot yet; None: it knows all of them.
    """

    scheme: Scheme
    terms: Terms
    facilitator: FacilitatorClient
    chain: ChainReader
    lost_above: int | None = field(default=None, init=False)
    _offered: Mapping[str, Any] | None = field(default=None, init=False)

    def requirements(self) -> PaymentRequirements:
        """The terms as an entry of x402's `accepts`; complete after `check`."""
        return self.scheme.requirements(self.terms, self._offered or {})

    def offer(self, asked: PaymentRequirements, path: str) -> PaymentRequirements:
        """The option's requirements for one 402 answer of `path`."""
        return self.scheme.offer(asked, path) if isinstance(self.scheme, ShortLived) else asked

    def pays(self, money: Money) -> bool:
        """Whether this money is of the option's network, token and scheme."""
        spelled, terms = self.scheme.spelled, self.terms
        same = terms.network == money.network and spelled(terms.asset) == spelled(money.asset)
        return same and self.scheme.signed(money)

    async def check(self) -> None:
        """Check that facilitator and node can handle these terms: at start, and again by the health check.

        Raises:
            PaymentsMisconfigured: one of them cannot, or does not answer.
        """
        terms = self.terms
        try:
            supported = await asyncio.to_thread(self.facilitator.get_supported)
        except Exception as error:
            raise PaymentsMisconfigured(_unsupported(terms.network, error)) from error
        try:
            network = await self.chain.network()
        except Exception as error:
            raise PaymentsMisconfigured(
                f"The node of {terms.network} does not answer. Check its URL (ALIVE402_RPC_URL)."
            ) from error
        kinds = {(kind.x402_version, kind.scheme, kind.network): kind for kind in supported.kinds}
        kind = kinds.get((2, self.scheme.name, terms.network))
        if kind is None:
            raise PaymentsMisconfigured(
                f"The x402 facilitator does not settle `{self.scheme.name}` payments on {terms.network}. "
                "Choose another facilitator or another ALIVE402_NETWORK."
            )
        if network != terms.network:
            raise PaymentsMisconfigured(
                f"The node at ALIVE402_RPC_URL is on {network}, but payments are requested on {terms.network}."
            )
        if self._offered is None:
            self._offered = kind.extra or {}
        problem = self.scheme.problem(self.requirements()) or await self._receiver_problem()
        if problem is not None:
            raise PaymentsMisconfigured(problem)

    async def _receiver_problem(self) -> str | None:
        if not isinstance(self.chain, ChecksReceiver):
            return None
        try:
            return await self.chain.receiver_problem(self.terms.asset, self.terms.pay_to)
        except Exception as error:
            raise PaymentsMisconfigured(
                f"The node of {self.terms.network} does not show whether ALIVE402_PAY_TO can receive the token. "
                "Check its URL (ALIVE402_RPC_URL)."
            ) from error

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


def _unsupported(network: str, error: Exception) -> str:
    """The sentence for an operator whose facilitator did not answer at /supported; `error` is that of its client."""
    if re.search(r"\((?:401|403)\)", str(error)):
        return (
            f"The x402 facilitator of {network} refuses the credentials. Check ALIVE402_FACILITATOR_TOKEN, or, with "
            'facilitator_auth = "cdp", ALIVE402_CDP_API_KEY_ID, ALIVE402_CDP_API_KEY_SECRET and this machine\'s clock.'
        )
    return (
        f"The x402 facilitator of {network} does not answer at /supported. Check its URL (ALIVE402_FACILITATOR_URL) "
        "and its credentials."
    )


class PaymentOptions:
    """Every payment option, the operator's preferred one first; found by network and token.

    `accepts` has the requirements of each option, complete after `check`.
    """

    def __init__(self, options: Sequence[PaymentOption]) -> None:
        self._options = tuple(options)
        keys = {(each.scheme, each.terms.network, each.scheme.spelled(each.terms.asset)) for each in options}
        if not options or len(keys) < len(options):
            raise PaymentsMisconfigured(
                "Each network, token and scheme is accepted once: ALIVE402_ACCEPTS names one twice."
            )
        self.accepts = [option.requirements() for option in options]

    def __iter__(self) -> Iterator[PaymentOption]:
        return iter(self._options)

    def of(self, money: Money, accepted: PaymentRequirements | None = None) -> PaymentOption:
        """The payment option that this money was paid by.

        Two schemes may spell their nonces alike. Each finds the other's money on chain; a facilitator needs the scheme
        of the payment, which is that of its `accepted` requirements.

        Raises:
            SettlementUnknown: it was accepted before, and the operator has removed it since.
        """
        for option in self._options:
            if option.pays(money) and (accepted is None or option.scheme.handles(accepted)):
                return option
        raise SettlementUnknown(reason="network_not_configured")

    async def check(self) -> None:
        """Check every option: at start, and again by the health check.

        Raises:
            PaymentsMisconfigured: one of them cannot work.
        """
        await asyncio.gather(*[option.check() for option in self])
        self.accepts = [option.requirements() for option in self]

    async def answering(self) -> list[Answering]:
        """Whether the facilitator and node of each option answer now."""
        return list(await asyncio.gather(*[option.answering() for option in self]))

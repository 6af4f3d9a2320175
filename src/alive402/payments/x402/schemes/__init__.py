"""Payment schemes: the protocol of a scheme, and every scheme that can be accepted, one package each."""

from __future__ import annotations

from collections.abc import Mapping

from x402.schemas import PaymentRequirements

from alive402.payments.x402.schemes.base import (
    ChainReader,
    Charge,
    ChecksReceiver,
    Incoming,
    Scheme,
    ShortLived,
    Signed,
    SpentElsewhere,
    Terms,
    Transfer,
)
from alive402.payments.x402.schemes.exact_evm import EVM_CHARGE, EXACT_EVM
from alive402.payments.x402.schemes.exact_permit2 import EXACT_PERMIT2
from alive402.payments.x402.schemes.exact_svm import EXACT_SVM
from alive402.payments.x402.schemes.upto_evm import UPTO_EVM

SCHEMES: tuple[Scheme, ...] = (EXACT_EVM, EXACT_PERMIT2, UPTO_EVM, EXACT_SVM)
"""Adding a scheme here makes it known. The first one of a family of networks is the one that settings mean."""
CHARGES: tuple[Charge, ...] = (EVM_CHARGE,)
"""The schemes whose payments MPP carries too."""

CHOICES: Mapping[str, Scheme] = {"permit2": EXACT_PERMIT2, "upto": UPTO_EVM}
"""The schemes that settings choose by name, where a network has several."""


def scheme_of_network(network: str, chosen: str = "exact") -> Scheme | None:
    """The scheme in which payment is accepted on a network, by its CAIP-2 id; None when no scheme knows it.

    `chosen` is a name in `CHOICES`, or `exact` for the first scheme of the network.
    """
    family = network.partition(":")[0]
    known = SCHEMES if chosen == "exact" else (CHOICES[chosen],)
    return next((scheme for scheme in known if scheme.family == family), None)


def scheme_of(accepted: PaymentRequirements) -> Scheme | None:
    """The scheme of a payment for these requirements; None when no scheme handles them."""
    return next((scheme for scheme in SCHEMES if scheme.handles(accepted)), None)


def network_title(network: str) -> str:
    """The name of a network for people, by its CAIP-2 id."""
    return next((scheme.network_titles[network] for scheme in SCHEMES if network in scheme.network_titles), network)


def spelled(address: str) -> str:
    """An address in the ledger's spelling; a text that is no scheme's address stays as it is."""
    return next((scheme.spelled(address) for scheme in SCHEMES if scheme.is_address(address)), address)


__all__ = [
    "CHARGES",
    "CHOICES",
    "SCHEMES",
    "ChainReader",
    "Charge",
    "ChecksReceiver",
    "Incoming",
    "Scheme",
    "ShortLived",
    "Signed",
    "SpentElsewhere",
    "Terms",
    "Transfer",
    "network_title",
    "scheme_of",
    "scheme_of_network",
    "spelled",
]

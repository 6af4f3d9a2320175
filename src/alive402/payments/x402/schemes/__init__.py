"""Payment schemes: the protocol of a scheme, and every scheme that can be accepted, one package each."""

from __future__ import annotations

from alive402.payments.x402.schemes.base import ChainReader, Charge, Scheme, SpentElsewhere, Terms, Transfer
from alive402.payments.x402.schemes.exact_evm import EVM_CHARGE, EXACT_EVM

SCHEMES: tuple[Scheme, ...] = (EXACT_EVM,)
"""Adding a scheme here makes it known. The first one of a family of networks is the one that settings mean."""
CHARGES: tuple[Charge, ...] = (EVM_CHARGE,)
"""The schemes whose payments MPP carries too."""


def scheme_of_network(network: str) -> Scheme | None:
    """The scheme in which payment is accepted on a network, by its CAIP-2 id; None when no scheme knows it."""
    family = network.partition(":")[0]
    return next((scheme for scheme in SCHEMES if scheme.family == family), None)


def network_title(network: str) -> str:
    """The name of a network for people, by its CAIP-2 id."""
    return next((scheme.network_titles[network] for scheme in SCHEMES if network in scheme.network_titles), network)


def spelled(address: str) -> str:
    """An address in the ledger's spelling; a text that is no scheme's address stays as it is."""
    return next((scheme.spelled(address) for scheme in SCHEMES if scheme.is_address(address)), address)


__all__ = [
    "CHARGES",
    "SCHEMES",
    "ChainReader",
    "Charge",
    "Scheme",
    "SpentElsewhere",
    "Terms",
    "Transfer",
    "network_title",
    "scheme_of_network",
    "spelled",
]

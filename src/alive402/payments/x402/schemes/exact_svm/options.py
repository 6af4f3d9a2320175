"""The scheme's networks and tokens, and its entry of `accepts`. Needs no library of Solana."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from x402.schemas import PaymentRequirements

from alive402.payments.x402.schemes.base import Terms

NAME = "exact"
FAMILY = "solana"
MAINNET = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"
DEVNET = "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1"
USDC_DEVNET = "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
NETWORK_TITLES = {MAINNET: "Solana", DEVNET: "Solana Devnet"}
_USDC = {MAINNET: "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", DEVNET: USDC_DEVNET}
_FEE_PAYER = "feePayer"


def requirements(terms: Terms, offered: Mapping[str, Any]) -> PaymentRequirements:
    """The terms as an entry of `accepts`, with the facilitator's account that pays the network's fee."""
    return PaymentRequirements(
        scheme=NAME,
        network=terms.network,
        asset=terms.asset,
        amount=str(terms.amount),
        pay_to=terms.pay_to,
        max_timeout_seconds=terms.max_timeout_seconds,
        extra={_FEE_PAYER: offered[_FEE_PAYER]} if _FEE_PAYER in offered else {},
    )


def problem(asked: PaymentRequirements) -> str | None:
    """The sentence for an operator whose facilitator names no account that pays the fee."""
    if isinstance(asked.extra.get(_FEE_PAYER), str):
        return None
    return (
        f"The x402 facilitator names no `feePayer` for {asked.network} at /supported, so nobody can sign a payment. "
        "Choose another facilitator."
    )


def default_asset(network: str) -> str | None:
    """The USDC of a network, or None when it is not known."""
    return _USDC.get(network)

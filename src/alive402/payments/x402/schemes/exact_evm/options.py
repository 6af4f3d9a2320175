"""The scheme's entry of `accepts`: the terms with the token's EIP-712 domain; and the tokens that x402 knows."""

from __future__ import annotations

from x402.mechanisms.evm.default_assets import DEFAULT_ASSETS
from x402.mechanisms.evm.exact import ExactEvmServerScheme
from x402.schemas import PaymentRequirements, SupportedKind

from alive402.payments.x402.schemes.base import Terms

NAME = "exact"
NETWORK_TITLES = {"eip155:8453": "Base", "eip155:84532": "Base Sepolia"}
ASSET_TRANSFER_METHOD = "assetTransferMethod"
"""The field of `extra` that names the way in which the token moves; without it, EIP-3009 does."""
EIP3009 = "eip3009"
_DOMAIN = {"name", "version"}


def requirements(terms: Terms) -> PaymentRequirements:
    """The terms as an entry of `accepts`; a token that x402 knows needs no name and version."""
    extra = {"name": terms.name, "version": terms.version} if terms.name and terms.version else {}
    return ExactEvmServerScheme().enhance_payment_requirements(  # type: ignore[no-untyped-call]
        PaymentRequirements(
            scheme=NAME,
            network=terms.network,
            asset=terms.asset,
            amount=str(terms.amount),
            pay_to=terms.pay_to,
            max_timeout_seconds=terms.max_timeout_seconds,
            extra=extra,
        ),
        SupportedKind(x402_version=2, scheme=NAME, network=terms.network),
        [],
    )


def problem(asked: PaymentRequirements) -> str | None:
    """The sentence for an operator whose token does not move so, or lacks a known name and version; None if neither."""
    if asked.extra.get(ASSET_TRANSFER_METHOD, EIP3009) != EIP3009:
        return f"The token {asked.asset} has no EIP-3009 transfers. Set its scheme to permit2."
    if asked.extra.keys() >= _DOMAIN:
        return None
    return (
        f"The token {asked.asset} is unknown. Set ALIVE402_ASSET_NAME and ALIVE402_ASSET_VERSION to its "
        "EIP-712 name and version."
    )


def default_asset(network: str) -> str | None:
    """The USDC of a network, or None when x402 knows none there."""
    known = DEFAULT_ASSETS.get(network)
    return str(known[0]["asset"]) if known else None

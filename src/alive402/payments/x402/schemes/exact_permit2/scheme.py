"""The scheme's `Scheme`: the whole amount that was signed is settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from x402.mechanisms.evm.exact import ExactEvmServerScheme
from x402.schemas import PaymentRequirements, SupportedKind

from alive402.payments.x402.schemes.base import NOTHING, Scheme, Terms
from alive402.payments.x402.schemes.exact_evm import ASSET_TRANSFER_METHOD
from alive402.payments.x402.schemes.permit2 import PERMIT2, Permit2


class ExactPermit2(Permit2):
    """Permit2 transfers of the exact amount. It shares its name with EIP-3009's scheme; `extra` tells them apart."""

    def requirements(self, terms: Terms, offered: Mapping[str, Any] = NOTHING) -> PaymentRequirements:
        """The terms, with Permit2 as the transfer method, and the token's name and version if they are known."""
        named = {"name": terms.name, "version": terms.version} if terms.name and terms.version else {}
        return ExactEvmServerScheme().enhance_payment_requirements(  # type: ignore[no-untyped-call]
            PaymentRequirements(
                scheme=self.name,
                network=terms.network,
                asset=terms.asset,
                amount=str(terms.amount),
                pay_to=terms.pay_to,
                max_timeout_seconds=terms.max_timeout_seconds,
                extra={ASSET_TRANSFER_METHOD: PERMIT2, **named},
            ),
            SupportedKind(x402_version=2, scheme=self.name, network=terms.network),
            [],
        )

    def problem(self, requirements: PaymentRequirements) -> str | None:
        """None: Permit2 moves every ERC-20 token, and its signature does not name the token's domain."""
        return None


EXACT_PERMIT2: Scheme = ExactPermit2()

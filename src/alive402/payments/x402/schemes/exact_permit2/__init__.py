"""The scheme `exact` by Permit2 on EVM networks: for any ERC-20 token that the payer has approved for Permit2."""

from __future__ import annotations

from alive402.payments.x402.schemes.exact_permit2.scheme import EXACT_PERMIT2

__all__ = ["EXACT_PERMIT2"]

"""What the schemes over Permit2 share: the signed transfer, its spelling, and how the chain shows it."""

from __future__ import annotations

from alive402.payments.x402.schemes.permit2.chain import Permit2ChainReader
from alive402.payments.x402.schemes.permit2.scheme import ADDRESS, PERMIT2, Permit2, Shapes

__all__ = ["ADDRESS", "PERMIT2", "Permit2", "Permit2ChainReader", "Shapes"]

"""The scheme `upto` on EVM networks: the payer signs a limit by Permit2, and the price of the answer is settled."""

from __future__ import annotations

from alive402.payments.x402.schemes.upto_evm.scheme import UPTO_EVM

__all__ = ["UPTO_EVM"]

"""The scheme `exact` on EVM networks: an EIP-3009 authorization, which the token's contract accepts once."""

from __future__ import annotations

from alive402.payments.x402.schemes.exact_evm.chain import Web3ChainReader
from alive402.payments.x402.schemes.exact_evm.mpp import EVM_CHARGE
from alive402.payments.x402.schemes.exact_evm.scheme import EXACT_EVM

__all__ = ["EVM_CHARGE", "EXACT_EVM", "Web3ChainReader"]

"""The scheme `exact` on EVM networks: an EIP-3009 authorization, which the token's contract accepts once."""

from __future__ import annotations

from alive402.payments.x402.schemes.exact_evm.chain import EXPIRY_MARGIN_SECONDS, Web3ChainReader, transfer_topics
from alive402.payments.x402.schemes.exact_evm.mpp import EVM_CHARGE
from alive402.payments.x402.schemes.exact_evm.options import ASSET_TRANSFER_METHOD
from alive402.payments.x402.schemes.exact_evm.scheme import EXACT_EVM, ExactEvm
from alive402.payments.x402.schemes.exact_evm.wallets import ListedFactories

__all__ = [
    "ASSET_TRANSFER_METHOD",
    "EVM_CHARGE",
    "EXACT_EVM",
    "EXPIRY_MARGIN_SECONDS",
    "ExactEvm",
    "ListedFactories",
    "Web3ChainReader",
    "transfer_topics",
]

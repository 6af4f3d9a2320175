"""In-process test chain: test money without Node and without internet access (EVM, EIP-3009)."""

from __future__ import annotations

from alive402.payments.devchain.chain import CHAIN_ID, GAS_LIMIT, NETWORK, TOKEN_ADDRESS, DevChain
from alive402.payments.devchain.facilitator import DevFacilitator
from alive402.payments.devchain.genesis import WALLET_FACTORY

__all__ = ["CHAIN_ID", "GAS_LIMIT", "NETWORK", "TOKEN_ADDRESS", "WALLET_FACTORY", "DevChain", "DevFacilitator"]

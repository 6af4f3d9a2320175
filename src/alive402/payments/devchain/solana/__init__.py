"""In-process Solana chain: test money at the address of devnet's USDC, and a facilitator. Needs the extra `solana`."""

from __future__ import annotations

from alive402.payments.devchain.solana.chain import SolanaDevChain
from alive402.payments.devchain.solana.facilitator import SolanaDevFacilitator
from alive402.payments.devchain.solana.rpc import Rpc, UnknownMethod, reader
from alive402.payments.x402.schemes.exact_svm import DEVNET as NETWORK
from alive402.payments.x402.schemes.exact_svm import USDC_DEVNET as MINT

__all__ = ["MINT", "NETWORK", "Rpc", "SolanaDevChain", "SolanaDevFacilitator", "UnknownMethod", "reader"]

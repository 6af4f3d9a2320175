"""The scheme `exact` on Solana: a signed transaction that moves the money once, and lives for about a minute.

The scheme is known without the extra `solana`; reading a transaction or the chain needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names
from alive402.payments.x402.schemes.exact_svm.options import DEVNET, USDC_DEVNET
from alive402.payments.x402.schemes.exact_svm.scheme import EXACT_SVM

if TYPE_CHECKING:
    from alive402.payments.x402.schemes.exact_svm.chain import SolanaReader
else:
    __getattr__ = lazy_names(__name__, {"chain": ["SolanaReader"]})

__all__ = ["DEVNET", "EXACT_SVM", "USDC_DEVNET", "SolanaReader"]

"""Test money over HTTP: faucets, wallets, a read-only RPC of each test chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.http.devchain import faucet, solana
    from alive402.http.devchain.faucet import FAUCET_AMOUNT
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "faucet": ["FAUCET_AMOUNT"],
        },
    )

__all__ = ["FAUCET_AMOUNT", "faucet", "solana"]

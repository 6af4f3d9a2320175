"""The contracts that the dev chain has from its first block: the artifact and the address of each."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from x402.mechanisms.evm.constants import (
    PERMIT2_ADDRESS,
    X402_EXACT_PERMIT2_PROXY_ADDRESS,
    X402_UPTO_PERMIT2_PROXY_ADDRESS,
)

WALLET_FACTORY = "0x6492000000000000000000000000000000006492"
# `token.vy`, `wallet_factory.vy` and x402's facilitator name these addresses.
_PLACES = {
    "token_bytes": "0x3009000000000000000000000000000000003009",
    "wallet": "0x1271000000000000000000000000000000001271",
    "wallet_factory": WALLET_FACTORY,
    "multicall3": "0xcA11bde05977b3631167028862bE2a173976CA11",
    "permit2": PERMIT2_ADDRESS,
    "permit2_exact_proxy": X402_EXACT_PERMIT2_PROXY_ADDRESS,
    "permit2_upto_proxy": X402_UPTO_PERMIT2_PROXY_ADDRESS,
}


def artifact(name: str) -> dict[str, Any]:
    """The compiled contract `NAME.vy`: `{compiler, abi, bytecode_runtime}`."""
    read: dict[str, Any] = json.loads(resources.files(__package__).joinpath(f"{name}.json").read_text())
    return read


def account(balance: int = 0, code: bytes = b"") -> dict[str, Any]:
    """A new account of py-evm's genesis state."""
    return {"balance": balance, "nonce": 0, "code": code, "storage": {}}


def contracts(token_address: str) -> dict[bytes, dict[str, Any]]:
    """The genesis state of every contract, by address; the token is at `token_address`."""
    places = {"token": token_address, **_PLACES}
    return {
        bytes.fromhex(address[2:]): account(code=bytes.fromhex(artifact(name)["bytecode_runtime"][2:]))
        for name, address in places.items()
    }

"""The scheme in x402 version 1: the short names of its networks, and its payments as version 2.

An EIP-3009 authorization is the same in both versions, so facilitator and ledger see version 2 only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from x402.mechanisms.evm.eip712 import hash_eip3009_authorization
from x402.mechanisms.evm.types import ExactEIP3009Authorization
from x402.mechanisms.evm.v1.constants import V1_NETWORK_CHAIN_IDS
from x402.mechanisms.evm.verify import verify_eoa_signature
from x402.schemas import PaymentPayload, PaymentRequirements

from alive402.payments.core import PaymentMalformed, PaymentMismatch

NETWORKS = {f"eip155:{chain_id}": name for name, chain_id in V1_NETWORK_CHAIN_IDS.items()}


def upgraded(
    payload: dict[str, Any], asked: Sequence[PaymentRequirements], spelled: Callable[[str], str]
) -> PaymentPayload:
    """Convert a version 1 payload to version 2.

    Version 1 does not name the token. Where a network has several accepted tokens, the signature decides; a smart
    wallet's does not show it.

    Raises:
        PaymentMalformed: it has no authorization.
        PaymentMismatch: nothing is `asked`, or the signature does not show which of several tokens it is for.
    """
    authorization = payload.get("authorization")
    if not isinstance(authorization, dict):
        raise PaymentMalformed
    if not asked:
        raise PaymentMismatch(reason="terms")
    accepted = asked[0] if len(asked) == 1 else next((each for each in asked if _signed_for(payload, each)), None)
    if accepted is None:
        raise PaymentMismatch(
            "Version 1 of x402 does not name the token, and this signature does not show which of the accepted ones it "
            "is for. Sign one of `accepts` with version 2, as smart wallets have to here.",
            reason="token",
        )
    signed = {"amount": str(authorization.get("value"))}
    # Keep our own spelling of our own address, so that the terms match.
    if spelled(str(authorization.get("to"))) != spelled(accepted.pay_to):
        signed["pay_to"] = str(authorization.get("to"))
    return PaymentPayload(payload=payload, accepted=accepted.model_copy(update=signed))


def _signed_for(payload: dict[str, Any], asked: PaymentRequirements) -> bool:
    """Whether the signature is over a transfer of this token; always False for a smart wallet's signature."""
    try:
        authorization = ExactEIP3009Authorization(
            from_address=payload["authorization"]["from"],
            to=payload["authorization"]["to"],
            value=payload["authorization"]["value"],
            valid_after=payload["authorization"]["validAfter"],
            valid_before=payload["authorization"]["validBefore"],
            nonce=payload["authorization"]["nonce"],
        )
        chain_id = int(asked.network.removeprefix("eip155:"))
        digest = hash_eip3009_authorization(
            authorization, chain_id, asked.asset, asked.extra["name"], asked.extra["version"]
        )
        signature = bytes.fromhex(str(payload["signature"]).removeprefix("0x"))
        return verify_eoa_signature(digest, signature, authorization.from_address)
    # A caller's values can make the hashing raise anything; what cannot be hashed was not signed.
    except Exception:
        return False

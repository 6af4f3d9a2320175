"""x402 version 1 for older clients: its 402 body, conversion of its payments to version 2, its receipt.

An EIP-3009 authorization is the same in both versions, so facilitator and ledger see version 2 only.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from x402.mechanisms.evm.eip712 import hash_eip3009_authorization
from x402.mechanisms.evm.types import ExactEIP3009Authorization
from x402.mechanisms.evm.v1.constants import V1_NETWORK_CHAIN_IDS
from x402.mechanisms.evm.verify import verify_eoa_signature
from x402.schemas import PaymentPayload, PaymentRequirements
from x402.schemas.v1 import PaymentPayloadV1, PaymentRequiredV1, PaymentRequirementsV1

from alive402.payments.core.errors import PaymentMalformed, PaymentMismatch
from alive402.payments.x402.signed_payment import Resource

V1_SIGNATURE_HEADER = "X-PAYMENT"
V1_RESPONSE_HEADER = "X-PAYMENT-RESPONSE"
_SHORT_NAMES = {f"eip155:{chain_id}": name for name, chain_id in V1_NETWORK_CHAIN_IDS.items()}
_CAIP2 = {name: caip2 for caip2, name in _SHORT_NAMES.items()}


def required_v1(accepts: Sequence[PaymentRequirements], resource: Resource, error: str) -> PaymentRequiredV1:
    """The 402 body of version 1, without networks that have no name in version 1."""
    schema = {
        "input": {
            "type": "http",
            "method": "POST",
            "discoverable": True,
            "bodyType": "json",
            "bodyFields": resource.input_schema["properties"],
        },
        "output": resource.example_output,
    }
    return PaymentRequiredV1(
        error=error,
        accepts=[
            PaymentRequirementsV1(
                scheme=each.scheme,
                network=_SHORT_NAMES[each.network],
                max_amount_required=each.amount,
                resource=resource.url,
                description=resource.description,
                mime_type="application/json",
                pay_to=each.pay_to,
                max_timeout_seconds=each.max_timeout_seconds,
                asset=each.asset,
                output_schema=schema,
                extra=each.extra,
            )
            for each in accepts
            if each.network in _SHORT_NAMES
        ],
    )


def upgraded(payload: PaymentPayloadV1, accepts: Sequence[PaymentRequirements]) -> PaymentPayload:
    """Convert a version 1 payment to version 2.

    Version 1 does not name the token. Where a network has several accepted tokens, the signature decides.

    Raises:
        PaymentMismatch: it is for a network that is not accepted.
        PaymentMalformed: it has no authorization.
    """
    network = _CAIP2.get(payload.network, payload.network)
    authorization = payload.payload.get("authorization")
    if not isinstance(authorization, dict):
        raise PaymentMalformed
    asked = [each for each in accepts if (each.scheme, each.network) == (payload.scheme, network)]
    if not asked:
        raise PaymentMismatch(reason="terms")
    accepted = next((each for each in asked if _signed_for(payload.payload, each)), asked[0])
    if str(authorization.get("to")).lower() == accepted.pay_to.lower():
        signed = {"amount": str(authorization.get("value"))}
    else:
        signed = {"amount": str(authorization.get("value")), "pay_to": str(authorization.get("to"))}
    return PaymentPayload(payload=payload.payload, accepted=accepted.model_copy(update=signed))


def response_header_v1(receipt: dict[str, Any]) -> str:
    """The X-PAYMENT-RESPONSE header of a stored receipt: base64 of JSON, with the network's short name."""
    network = _SHORT_NAMES.get(receipt["network"], receipt["network"])
    said = {name: receipt.get(name) for name in ("success", "transaction", "payer")}
    return base64.b64encode(json.dumps({**said, "network": network}).encode()).decode()


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

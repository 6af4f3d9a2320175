"""x402 version 1 for older clients: its 402 body, conversion of its payments to version 2, its receipt.

Facilitator and ledger see version 2 only.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from x402.schemas import PaymentPayload, PaymentRequirements
from x402.schemas.v1 import PaymentPayloadV1, PaymentRequiredV1, PaymentRequirementsV1

from alive402.payments.core import PaymentMismatch
from alive402.payments.x402.schemes import SCHEMES, scheme_of
from alive402.payments.x402.signed_payment import Resource

V1_SIGNATURE_HEADER = "X-PAYMENT"
V1_RESPONSE_HEADER = "X-PAYMENT-RESPONSE"
_SHORT_NAMES = {caip2: name for scheme in SCHEMES for caip2, name in scheme.v1_networks.items()}
# The networks of the last Python client of version 1 (x402 1.0). It rejects a document that names any other.
_WELL_KNOWN = frozenset({"base", "base-sepolia", "avalanche", "avalanche-fuji"})
_CAIP2 = {name: caip2 for caip2, name in _SHORT_NAMES.items()}


def required_v1(
    accepts: Sequence[PaymentRequirements], resource: Resource, error: str, *, well_known: bool = False
) -> PaymentRequiredV1:
    """The 402 body of version 1, without networks that have no name in version 1.

    With `well_known` it names only networks that every client of version 1 can read, if there are any.
    """
    named = [(each, name) for each in accepts if (name := _short_name(each)) is not None]
    if well_known:
        named = [(each, name) for each, name in named if name in _WELL_KNOWN] or named
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
                network=name,
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
            for each, name in named
        ],
    )


def upgraded(payload: PaymentPayloadV1, accepts: Sequence[PaymentRequirements]) -> PaymentPayload:
    """Convert a version 1 payment to version 2.

    Raises:
        PaymentMismatch: it is for a network that is not accepted.
        PaymentMalformed: its scheme finds no signed payment in it.
    """
    network = _CAIP2.get(payload.network, payload.network)
    kind = (payload.scheme, network.partition(":")[0])
    scheme = next((each for each in SCHEMES if (each.name, each.family) == kind and each.v1_networks), None)
    if scheme is None:
        raise PaymentMismatch(reason="terms")
    return scheme.from_v1(
        payload.payload, [each for each in accepts if each.network == network and scheme.handles(each)]
    )


def response_header_v1(receipt: dict[str, Any]) -> str:
    """The X-PAYMENT-RESPONSE header of a stored receipt: base64 of JSON, with the network's short name."""
    network = _SHORT_NAMES.get(receipt["network"], receipt["network"])
    said = {name: receipt.get(name) for name in ("success", "transaction", "payer")}
    return base64.b64encode(json.dumps({**said, "network": network}).encode()).decode()


def _short_name(asked: PaymentRequirements) -> str | None:
    """The name of a network in version 1; None when version 1 lacks the network or the scheme."""
    scheme = scheme_of(asked)
    return scheme.v1_networks.get(asked.network) if scheme else None

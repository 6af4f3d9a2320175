"""Payment by x402: protocol, options, method, chain look-ups, reconciler, refunds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alive402.lazy import lazy_names

if TYPE_CHECKING:
    from alive402.payments.x402.facilitator_auth import BearerAuth, CdpAuth
    from alive402.payments.x402.method import X402Hold, X402Method
    from alive402.payments.x402.mpp import (
        CHALLENGE_HEADER,
        CREDENTIAL,
        RECEIPT_HEADER,
        Challenges,
        receipt_header,
    )
    from alive402.payments.x402.options import Answering, PaymentOption, PaymentOptions
    from alive402.payments.x402.protocol import (
        REQUIRED_HEADER,
        RESPONSE_HEADER,
        SETTLE_SECONDS,
        SIGNATURE_HEADER,
        VERIFY_SECONDS,
        PaymentGate,
        response_header,
    )
    from alive402.payments.x402.reconciler import Reconciler, Swept
    from alive402.payments.x402.refunds import mark_refunded
    from alive402.payments.x402.required import required_header
    from alive402.payments.x402.signed_payment import Resource
    from alive402.payments.x402.sweep import Compared, Standing, Sweep
    from alive402.payments.x402.v1 import V1_RESPONSE_HEADER, V1_SIGNATURE_HEADER, response_header_v1
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "facilitator_auth": ["BearerAuth", "CdpAuth"],
            "method": ["X402Hold", "X402Method"],
            "mpp": ["CHALLENGE_HEADER", "CREDENTIAL", "RECEIPT_HEADER", "Challenges", "receipt_header"],
            "options": ["Answering", "PaymentOption", "PaymentOptions"],
            "protocol": [
                "REQUIRED_HEADER",
                "RESPONSE_HEADER",
                "SETTLE_SECONDS",
                "SIGNATURE_HEADER",
                "VERIFY_SECONDS",
                "PaymentGate",
                "response_header",
            ],
            "reconciler": ["Reconciler", "Swept"],
            "refunds": ["mark_refunded"],
            "required": ["required_header"],
            "signed_payment": ["Resource"],
            "sweep": ["Compared", "Standing", "Sweep"],
            "v1": ["V1_RESPONSE_HEADER", "V1_SIGNATURE_HEADER", "response_header_v1"],
        },
    )

__all__ = [
    "CHALLENGE_HEADER",
    "CREDENTIAL",
    "RECEIPT_HEADER",
    "REQUIRED_HEADER",
    "RESPONSE_HEADER",
    "SETTLE_SECONDS",
    "SIGNATURE_HEADER",
    "V1_RESPONSE_HEADER",
    "V1_SIGNATURE_HEADER",
    "VERIFY_SECONDS",
    "Answering",
    "BearerAuth",
    "CdpAuth",
    "Challenges",
    "Compared",
    "PaymentGate",
    "PaymentOption",
    "PaymentOptions",
    "Reconciler",
    "Resource",
    "Standing",
    "Sweep",
    "Swept",
    "X402Hold",
    "X402Method",
    "mark_refunded",
    "receipt_header",
    "required_header",
    "response_header",
    "response_header_v1",
]

"""Payments over HTTP: credentials read from headers, the 402 answer, receipts, the payment object."""

from __future__ import annotations

from alive402.http.payment.credentials import (
    KEY_HEADER,
    MAX_SECRET_BYTES,
    SECRET_HEADER,
    TOKEN_HEADER,
    Payment,
    RequestCredentials,
    read_credentials,
)
from alive402.http.payment.payment_object import PAYMENTS_PATH, PaymentObjects
from alive402.http.payment.x402_headers import (
    example_body,
    payment_required,
    receipt_headers,
    required_body,
    resource_of,
)

__all__ = [
    "KEY_HEADER",
    "MAX_SECRET_BYTES",
    "PAYMENTS_PATH",
    "SECRET_HEADER",
    "TOKEN_HEADER",
    "Payment",
    "PaymentObjects",
    "RequestCredentials",
    "example_body",
    "payment_required",
    "read_credentials",
    "receipt_headers",
    "required_body",
    "resource_of",
]

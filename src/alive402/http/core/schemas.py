"""JSON Schemas of the responses: errors, prices, payments, uploads, jobs."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}

REFUSAL: dict[str, Any] = {
    "type": "object",
    "description": "An error. `code` never changes; `message` is for people.",
    "properties": {
        "requestId": _TEXT,
        "code": _TEXT,
        "message": _TEXT,
        "charged": {"type": ["boolean", "null"], "description": "null: not known yet; do not sign a new payment."},
        "details": {"type": "object"},
    },
    "required": ["requestId", "code", "message", "charged"],
}

PAYMENT: dict[str, Any] = {
    "type": "object",
    "description": "The state of a payment. Its token appears once, in the answer to POST /api/payments.",
    "properties": {
        "paymentId": _TEXT_OR_NULL,
        "serviceId": _TEXT,
        "internalServiceId": _TEXT,
        "amountCents": {"type": "integer"},
        "currency": {"type": "string", "const": "USD"},
        "billingMode": _TEXT,
        "maxCalls": {"type": "integer", "minimum": 1},
        "remainingCalls": {"type": "integer", "minimum": 0},
        "provider": _TEXT,
        "providerId": _TEXT,
        "payTo": _TEXT,
        "clientId": _TEXT_OR_NULL,
        "status": {
            "type": "string",
            "enum": ["required", "pending", "paid", "exhausted", "expired", "refunded"],
        },
        "expiresAt": _TEXT_OR_NULL,
        "paidAt": _TEXT_OR_NULL,
        "token": {**_TEXT_OR_NULL, "description": "Pays for calls in X-Payment-Token, once the payment is paid."},
        "payUrl": {**_TEXT, "description": "Where to pay: POST, with the signature of one of `x402.accepts`."},
        "x402": {"type": "object", "description": "The x402 terms to sign while the payment is pending."},
    },
    "required": [
        "paymentId",
        "serviceId",
        "amountCents",
        "currency",
        "maxCalls",
        "remainingCalls",
        "status",
        "token",
    ],
}

PAYMENT_REQUIRED: dict[str, Any] = {
    "allOf": [
        {"$ref": "#/components/schemas/Refusal"},
        {
            "type": "object",
            "description": "x402 instructions, the gateway's payment object, and the reason. Sign one of `accepts`.",
            "properties": {
                "x402Version": {"type": "integer", "enum": [1, 2]},
                "error": _TEXT,
                "resource": {"type": "object"},
                "accepts": {"type": "array", "items": {"type": "object"}},
                "extensions": {"type": "object"},
                "payment": {"$ref": "#/components/schemas/Payment"},
            },
            "required": ["x402Version", "error", "accepts", "payment"],
        },
    ]
}

UPLOAD: dict[str, Any] = {
    "type": "object",
    "description": "An uploaded video for a later call. Anyone who knows the id may use it.",
    "properties": {
        "uploadId": _TEXT,
        "url": {**_TEXT, "description": "Send it as VideoUrl."},
        "bytes": {"type": "integer", "minimum": 1},
        "sha256": _TEXT,
        "expiresAt": {**_TEXT, "format": "date-time"},
        "used": {"type": "boolean", "description": "The video was analyzed, and its bytes are deleted."},
    },
    "required": ["uploadId", "url", "bytes", "sha256", "expiresAt"],
}

JOB: dict[str, Any] = {
    "type": "object",
    "description": "An asynchronous call. Anyone who knows its id may read and cancel it.",
    "properties": {
        "jobId": _TEXT,
        "status": {"type": "string", "enum": ["queued", "working", "done", "failed"]},
        "statusUrl": _TEXT,
        "stage": _TEXT_OR_NULL,
        "progress": {"type": "number", "minimum": 0, "maximum": 1},
        "createdAt": {**_TEXT, "format": "date-time"},
        "finishedAt": {"type": ["string", "null"], "format": "date-time"},
        "callbackSecret": {
            **_TEXT,
            "description": "Signs the requests to X-Callback-Url. Only in the 202.",
        },
        "result": {"type": "object", "description": "When `done`: the body of the 200 answer."},
        "error": {"type": "object", "description": "When `failed`: the error of the call and its `status`."},
    },
    "required": ["jobId", "status", "statusUrl", "stage", "progress", "createdAt", "finishedAt"],
}

COMPONENTS = {
    "Refusal": REFUSAL,
    "Payment": PAYMENT,
    "PaymentRequired": PAYMENT_REQUIRED,
    "Upload": UPLOAD,
    "Job": JOB,
}


def ref(name: str) -> dict[str, str]:
    """A reference to one of `COMPONENTS`."""
    return {"$ref": f"#/components/schemas/{name}"}

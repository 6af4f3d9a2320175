"""JSON Schemas of the responses: errors, prices, payments, uploads, jobs, challenges."""

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

_MOMENT = {**_TEXT, "format": "date-time"}
_CHALLENGE = {
    "challengeId": {**_TEXT, "description": "Anyone who knows it may begin the challenge and hand over its clip."},
    "kind": {**_TEXT, "enum": ["move"]},
    "bits": {"type": "number", "description": "log2 of the number of equally likely orders of the steps."},
    "issuedAt": _MOMENT,
    "expiresAt": {**_MOMENT, "description": "It has to be begun by then."},
    "answerBy": {**_MOMENT, "description": "The clip has to be complete by then. Once it is begun."},
}

CHALLENGE: dict[str, Any] = {
    "type": "object",
    "description": "A challenge. `steps`, `answerBy` and `capture.seconds` are returned once, when it is begun.",
    "properties": {
        **_CHALLENGE,
        "nonce": {**_TEXT, "description": "Names the challenge in a signed verdict; it is no secret."},
        "fitted": {"type": "boolean", "description": "false: the thresholds are not fitted on people who were asked."},
        "steps": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "kind": {
                        **_TEXT,
                        "enum": ["turn_left", "turn_right", "look_up", "look_down", "open_mouth"],
                        "description": "Left and right are the person's own.",
                    },
                    "at": {"type": "number", "description": "Seconds from the first frame at which to ask for it."},
                    "seconds": {"type": "number", "description": "Time for it."},
                },
                "required": ["kind", "at", "seconds"],
            },
        },
        "capture": {
            "type": "object",
            "description": "How to film.",
            "properties": {
                "seconds": {"type": "number", "description": "Length of the clip."},
                "lead": {"type": "number", "description": "Seconds of looking straight ahead before the first step."},
                "width": {"type": "integer"},
                "height": {"type": "integer"},
                "frameRate": {"type": "integer"},
                "bitsPerSecond": {"type": "integer"},
                "mimeTypes": {"type": "array", "items": _TEXT, "description": "Take the first that the browser has."},
            },
            "required": ["lead", "width", "height", "frameRate", "bitsPerSecond", "mimeTypes"],
        },
        "captureUrl": {**_TEXT, "description": "The page that films the person."},
        "statusUrl": _TEXT,
    },
    "required": [
        "challengeId",
        "nonce",
        "kind",
        "bits",
        "fitted",
        "issuedAt",
        "expiresAt",
        "capture",
        "captureUrl",
        "statusUrl",
    ],
}

CHALLENGE_STATE: dict[str, Any] = {
    "type": "object",
    "description": "The state of a challenge, without its steps.",
    "properties": {
        **_CHALLENGE,
        "state": {**_TEXT, "enum": ["issued", "begun", "filmed", "used", "expired"]},
        "begunAt": _MOMENT,
        "receivedAt": {**_MOMENT, "description": "When the last byte of the clip came."},
        "uploadUrl": {**_TEXT, "description": "The clip that was handed over. Send it as VideoUrl."},
        "requestId": {**_TEXT, "description": "The call that used the challenge."},
    },
    "required": ["challengeId", "state", "kind", "bits", "issuedAt", "expiresAt"],
}

COMPONENTS = {
    "Refusal": REFUSAL,
    "Payment": PAYMENT,
    "PaymentRequired": PAYMENT_REQUIRED,
    "Upload": UPLOAD,
    "Job": JOB,
    "Challenge": CHALLENGE,
    "ChallengeState": CHALLENGE_STATE,
}


def ref(name: str) -> dict[str, str]:
    """A reference to one of `COMPONENTS`."""
    return {"$ref": f"#/components/schemas/{name}"}

"""What the liveness services share: JSON Schemas of requests and answers, how to read them, what is signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NUMBER: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}
VERDICTS = ("live", "spoof", "inconclusive")
ACTION = {"type": "string", "description": "The action that was answered."}
RESULT = {"type": "string", "description": "The answer in one line: the verdict and the live confidence."}
RECEIPT = {"type": "string", "description": "The signed verdict: a compact JWS, checked with our jwks.json."}
REASONS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        "required": ["code", "message"],
    },
}

_MOMENT: dict[str, Any] = {"type": "string", "format": "date-time"}
_HASH: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
FRESHNESS: dict[str, Any] = {
    "type": "object",
    "description": "Only with `ChallengeId`: whether the video answers the challenge, and what it shows of each step.",
    "properties": {
        "status": {"type": "string", "enum": ["answered", "not_answered", "unclear"]},
        "kind": {"type": "string", "enum": ["move"]},
        "challenge_id": {"type": "string"},
        "bits": {"type": "number", "description": "Binary logarithm of the number of orders that could be asked."},
        "delay": {"type": "number", "description": "Seconds by which the video's clock was found to run late."},
        "message": {"type": "string"},
        "fitted": {"type": "boolean", "description": "Whether the thresholds come from people who were asked to move."},
        "steps": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "kind": {"type": "string"},
                    "at": {"type": "number"},
                    "seconds": {"type": "number", "description": "Length of its window."},
                    "found_at": {"type": ["number", "null"]},
                    "value": {"type": ["number", "null"]},
                    "unit": {"type": "string"},
                    "threshold": {"type": "number"},
                    "status": {"type": "string", "enum": ["done", "missed", "contradicted", "unseen"]},
                },
                "required": ["kind", "at", "found_at", "value", "unit", "threshold", "status"],
            },
        },
        "cuts": {
            "type": "array",
            "items": {"type": "number"},
            "description": "Seconds at which the video was found to be cut.",
        },
        "curves": {
            "type": "object",
            "description": "`times` in seconds, `yaw` and `pitch` in degrees, `mouth` in distances of the eye corners.",
            "properties": {
                name: {"type": "array", "items": {"type": "number"}} for name in ("times", "yaw", "pitch", "mouth")
            },
        },
        "nonce": {"type": "string", "description": "Names the challenge in the signed verdict."},
        "begun_at": {**_MOMENT, "description": "When the steps were returned."},
        "received_at": {**_MOMENT, "description": "When the last byte of the video came."},
        "bind_sha256": {**_HASH, "type": ["string", "null"], "description": "sha256 of the challenge's `bind`."},
        "steps_sha256": {**_HASH, "description": "sha256 of the steps as JSON, keys sorted, without spaces."},
    },
    "required": ["status", "kind", "challenge_id", "bits", "steps"],
}

_FRESHNESS_CLAIMS = {
    "status": "status",
    "challengeId": "challenge_id",
    "nonce": "nonce",
    "kind": "kind",
    "bits": "bits",
    "begunAt": "begun_at",
    "receivedAt": "received_at",
    "bindSha256": "bind_sha256",
    "stepsSha256": "steps_sha256",
}
"""The claims of a verdict about a challenge, and the fields of the report that they sign."""

RPC_NAMES = (
    "Parameters under their exact names in Alibaba Cloud's RPC API; here {}. Services of this API name theirs "
    "`ImageURL`, `ImageUrl`, `Url`, `URL`, `JobId`, `Tasks` or `VideoUrl`."
)
"""Description of an input schema; its own parameters are filled in."""

REPORT_FIELD = "Liveness"
READING = (
    "`data.Liveness.verdict` is `live`, `spoof` or `inconclusive`; `live_confidence` is the calibrated probability "
    "that the\nface was filmed from life; `reasons` say why; of several images the least live one decides."
)


def result(report: Mapping[str, Any]) -> str:
    """The `Result` of an answer: its verdict and live confidence, such as `live, live confidence 0.97`."""
    return f"{report['verdict']}, live confidence {report['live_confidence']}"


def signed(report: Mapping[str, Any], digests: dict[str, Any]) -> dict[str, Any]:
    """The claims that a verdict signs of a liveness report; `digests` are those of what was judged.

    A report on a challenge has `freshness` too: the video answers a challenge that was begun at one time and reached
    the service at another.
    """
    freshness = report.get("freshness")
    answered = {name: freshness.get(field) for name, field in _FRESHNESS_CLAIMS.items()} if freshness else None
    return {
        "verdict": report["verdict"],
        "confidence": report["live_confidence"],
        **digests,
        "engine": report["engine"]["version"],
        "weightsSha256": report["engine"]["weights_sha256"],
        **({"freshness": answered} if answered else {}),
    }


def data_of(elements: dict[str, Any], liveness: dict[str, Any]) -> dict[str, Any]:
    """The schema of `data`: the one line, the vendor's `Elements`, our own `Liveness`, and the signed verdict.

    Only `Action` is required: other sellers of the action give no more, and answers stored by earlier versions have no
    `Result`.
    """
    return {
        "type": "object",
        "properties": {
            "Action": ACTION,
            "Result": RESULT,
            "Elements": elements,
            REPORT_FIELD: liveness,
            "Receipt": RECEIPT,
        },
        "required": ["Action"],
    }


def body_of(data: dict[str, Any], report: str) -> dict[str, Any]:
    """The schema of a 200 body around `data`; `report` describes what the page at `reportUrl` omits."""
    description = f"The answer as a page, at an address that only you know. {report}"
    return {
        "type": "object",
        "properties": {
            "requestId": {"type": "string"},
            "code": {"type": "string"},
            "message": {"type": "string"},
            "content": {"type": "string"},
            "data": data,
            "reportUrl": {"type": "string", "format": "uri", "description": description},
        },
        "required": ["requestId", "data"],
    }


def example(request_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """A 200 body around an example of `data`."""
    return {"requestId": request_id, "code": "200", "message": "success", "content": "", "data": data}

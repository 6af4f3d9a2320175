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
    """The claims that a verdict signs of a liveness report; `digests` are those of what was judged."""
    return {
        "verdict": report["verdict"],
        "confidence": report["live_confidence"],
        **digests,
        "engine": report["engine"]["version"],
        "weightsSha256": report["engine"]["weights_sha256"],
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

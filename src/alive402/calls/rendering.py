"""JSON bodies of answers and errors, the same for HTTP, MCP and jobs."""

from __future__ import annotations

from typing import Any

from alive402.errors import CodedError
from alive402.receipts import KeptAnswer


def answer_body(request_id: str, data: dict[str, Any], report_id: str | None, base: str) -> dict[str, Any]:
    """The body of an answer, for a caller who reaches the service at the URL `base`."""
    return {
        "requestId": request_id,
        "code": "200",
        "message": "success",
        "content": "",
        "data": data,
        **report_link(base, report_id),
    }


def stored_answer_body(kept: KeptAnswer, base: str) -> dict[str, Any]:
    """The body of a stored answer, with the x402 SettleResponse of its payment."""
    return {**answer_body(kept.request_id, kept.data, kept.id, base), "payment": kept.receipt or None}


def report_link(base: str, report_id: str | None) -> dict[str, str]:
    """The URL of a stored answer, as a field of the body; empty when the answer is not stored."""
    return {"reportUrl": f"{base}/reports/{report_id}"} if report_id else {}


def error_body(error: CodedError, request_id: str) -> dict[str, Any]:
    """The body of an error. `charged` is None while it is unknown whether money moved."""
    body: dict[str, Any] = {
        "requestId": request_id,
        "code": error.code,
        "message": error.message,
        "charged": error.charged,
    }
    if error.details:
        body["details"] = error.details
    return body

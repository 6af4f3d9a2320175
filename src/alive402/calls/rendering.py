"""Bodies of answers and errors: the only JSON form that HTTP, MCP and jobs give."""

from __future__ import annotations

from typing import Any

from alive402.errors import CodedError
from alive402.receipts.reports import KeptAnswer


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
    """The body of an answer that is shown again, with the x402 SettleResponse of its payment beside it."""
    return {**answer_body(kept.request_id, kept.data, kept.id, base), "payment": kept.receipt or None}


def report_link(base: str, report_id: str | None) -> dict[str, str]:
    """Where an answer is shown again; empty when it is not kept."""
    return {"reportUrl": f"{base}/reports/{report_id}"} if report_id else {}


def error_body(error: CodedError, request_id: str) -> dict[str, Any]:
    """The body of an error. `charged` is None while it is not known whether money moved."""
    body: dict[str, Any] = {
        "requestId": request_id,
        "code": error.code,
        "message": error.message,
        "charged": error.charged,
    }
    if error.details:
        body["details"] = error.details
    return body

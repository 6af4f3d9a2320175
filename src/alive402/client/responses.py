"""Reads the service's responses: what to repeat, what was refused, and what was paid."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

import httpx

from alive402.client.answer import Pending
from alive402.client.errors import Refused, Unreachable


@dataclass(frozen=True, slots=True)
class Lost:
    """No response came: the connection failed or broke off, or the time was over."""

    error: str


def repeated_after(reply: httpx.Response | Lost) -> float | None:
    """After how many seconds the same request is sent again; None when the response is final."""
    if isinstance(reply, Lost):
        return 0.0
    body = _body(reply)
    code, after = body.get("code"), reply.headers.get("Retry-After", "")
    at_work = reply.status_code == 409 and code == "payment_in_use"
    unknown = reply.status_code >= 400 and "charged" in body and body["charged"] is None
    gateway = reply.status_code in (502, 504) and code is None
    if at_work or unknown or gateway or reply.status_code in (429, 503):
        return float(after) if after.isdigit() else 0.0
    return None


def gave_up(reply: httpx.Response | Lost, pending: Pending | None, url: str) -> Refused | Unreachable:
    """The error of the last reply, when the same request is not sent again."""
    if isinstance(reply, httpx.Response):
        return refused(reply, pending)
    unknown = pending is not None
    return Unreachable(
        f"{url} does not answer ({reply.error})."
        + (" Resume the purchase later; do not pay again." if unknown else ""),
        charged=None if unknown else False,
        pending=pending,
    )


def refused(reply: httpx.Response, pending: Pending | None) -> Refused | Unreachable:
    """The error of a response; a purchase that may have been charged can be resumed."""
    body = _body(reply)
    if reply.is_redirect:
        where = reply.headers.get("Location", "another URL")
        return Unreachable(f"The service redirects to {where}. Use that URL of the service.", status=reply.status_code)
    if not isinstance(body.get("code"), str):
        return Unreachable(
            f"The answer (HTTP {reply.status_code}) is not one of this kind of service. Check the URL.",
            status=reply.status_code,
            charged=None if pending else False,
            pending=pending,
        )
    charged = body.get("charged", False)
    # A copy of the payment may be at work; an unknown charge is resumed too.
    open_ = charged is not False or body["code"] == "payment_in_use"
    return Refused(
        body["code"],
        str(body.get("message", "")),
        charged=None if body["code"] == "payment_in_use" else charged,
        status=reply.status_code,
        details=body.get("details"),
        request_id=body.get("requestId"),
        pending=pending if open_ else None,
    )


def _body(reply: httpx.Response) -> dict[str, Any]:
    try:
        found = reply.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def settlement(reply: httpx.Response) -> dict[str, Any] | None:
    """The settlement in the PAYMENT-RESPONSE header."""
    header = reply.headers.get("PAYMENT-RESPONSE")
    try:
        found = json.loads(base64.b64decode(header)) if header else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None

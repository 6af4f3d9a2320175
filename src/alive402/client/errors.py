"""Errors of the client, each with a stable code.

ClientError                  code, sentence, whether it was charged, and the purchase that can be resumed
 ├── Refused                 the service's own code and status: docs/pay.md lists them
 ├── Unreachable             service_unreachable    no answer came, or one that is not of this service
 ├── SpendCapExceeded        spend_cap_exceeded     the price is more than may be spent; nothing was signed
 ├── NoWayToPay              no_way_to_pay          no wallet, token or key was given, or none of the offers fits
 ├── InputUnreadable         input_unreadable       the file cannot be read; nothing was sent
 └── ReceiptUnverified       verdict_unverified     the answer came, but its signature is wrong; `answer` has it
"""

from __future__ import annotations

from typing import Any

from alive402.client.answer import Pending


class ClientError(Exception):
    """No verified answer.

    Attributes:
        code: stable machine-readable reason.
        charged: False; True; None when it is not known.
        status: the HTTP status, or None.
        details: facts for a program.
        request_id: the service's id of the request, for its operator.
        pending: the purchase to resume, where the answer may have been paid.
    """

    code = "client_error"

    def __init__(
        self,
        message: str,
        *,
        charged: bool | None = False,
        status: int | None = None,
        details: dict[str, Any] | None = None,
        request_id: str | None = None,
        pending: Pending | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.charged, self.status = message, charged, status
        self.details, self.request_id, self.pending = details or {}, request_id, pending

    def to_dict(self) -> dict[str, Any]:
        """The error as JSON, without the pending purchase, which holds the payment."""
        found = {"code": self.code, "message": self.message, "charged": self.charged, "details": self.details}
        return found | {name: value for name, value in self._known() if value is not None}

    def _known(self) -> tuple[tuple[str, object], ...]:
        return ("status", self.status), ("requestId", self.request_id)


class Refused(ClientError):
    """The service refused the request, or failed."""

    def __init__(self, code: str, message: str, **known: Any) -> None:
        super().__init__(message, **known)
        self.code = code


class Unreachable(ClientError):
    """The service did not answer."""

    code = "service_unreachable"


class SpendCapExceeded(ClientError):
    """The price is more than may be spent."""

    code = "spend_cap_exceeded"


class NoWayToPay(ClientError):
    """There is no means to pay, or none that the service accepts."""

    code = "no_way_to_pay"


class InputUnreadable(ClientError):
    """The file cannot be read."""

    code = "input_unreadable"


class ReceiptUnverified(ClientError):
    """The answer is not the one that the service signed, or not for this file or payment.

    Attributes:
        text: the answer as it came; it may have been paid.
    """

    code = "verdict_unverified"

    def __init__(self, message: str, text: str, **known: Any) -> None:
        super().__init__(message, **known)
        self.text = text

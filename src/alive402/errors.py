"""Base class of every error that a caller sees: a stable code, a status, a message, and whether it was charged."""

from __future__ import annotations

from typing import Any, ClassVar


class CodedError(Exception):
    """An error for a caller. The trees of its subclasses are drawn in each package's `errors.py`.

    Attributes:
        code: stable machine-readable reason, snake_case.
        status: the HTTP status of the response.
        charged: False; None when it is not known yet whether money moved; True when it moved before.
        retry_after: seconds after which the same request may be sent again, or None.
        default: the message, when none is given.
        message: one sentence for people.
        details: facts for a program, JSON-ready; never personal data, never an address.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    charged: ClassVar[bool | None] = False
    retry_after: int | None = None
    default: ClassVar[str] = "The service failed."

    def __init__(self, message: str | None = None, **details: Any) -> None:
        self.message = message or self.default
        self.details = details
        super().__init__(self.message)

    def to_dict(self) -> dict[str, Any]:
        """The error as JSON: `{"code", "message", "details"}`."""
        return {"code": self.code, "message": self.message, "details": self.details}

"""What every error of ours has, whichever floor raises it: a stable code, a status, a sentence, and what it costs."""

from __future__ import annotations

from typing import Any, ClassVar


class CodedError(Exception):
    """Something a caller is told of. The trees below it are drawn in each floor's `errors.py`.

    Attributes:
        code: stable machine-readable reason, snake_case.
        status: the HTTP status that a door answers with.
        charged: False, None when it is not known yet whether money moved, or True when it moved before.
        retry_after: seconds after which the same request may be sent again, or None.
        default: the sentence, when none is given.
        message: one sentence for people.
        details: what a program needs beside the code, JSON-ready; never personal data, never an address.
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

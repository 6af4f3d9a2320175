"""OpenAPI documentation of a route's errors, generated from the error classes that it may raise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alive402.catalog import InvalidInput
from alive402.challenges import (
    ChallengeExpired,
    ChallengeNotBegun,
    ChallengeUnknown,
    ChallengeUsed,
    TooManyChallenges,
)
from alive402.errors import CodedError
from alive402.http.core.errors import (
    BodyTooLarge,
    BodyTooSlow,
    HeaderRepeated,
    HeaderTooLarge,
    InvalidJson,
    UnsupportedMediaType,
)
from alive402.http.core.schemas import ref
from alive402.intake import IntakeError, UploadRefused, UpstreamFailed
from alive402.liveness import AnalysisError, UnusableVideo, VideoTooLarge
from alive402.payments.core import errors as payments

Responses = dict[int | str, dict[str, Any]]

# Abstract error classes, and errors that only other routes or the operator's commands raise.
_NOT_OF_A_CALL = {
    AnalysisError,
    UnusableVideo,
    IntakeError,
    UpstreamFailed,
    payments.PaymentError,
    payments.PaymentConflict,
    payments.TokenRefused,
    payments.AlreadyPaid,
    payments.PaymentExpired,
    payments.NoSuchApiKey,
    payments.AccessKeyUnknown,
    payments.TooMany,
    payments.TooManyCalls,
    payments.NoSuchPayment,
    payments.RefundRefused,
    payments.PaymentsMisconfigured,
    payments.TooManyPayments,
}


def _of_a_call(root: type[CodedError]) -> Iterator[type[CodedError]]:
    """Every error class below `root` that a paid call may raise."""
    if root not in _NOT_OF_A_CALL:
        yield root
    for kind in root.__subclasses__():
        yield from _of_a_call(kind)


POSTED = (InvalidJson, InvalidInput, BodyTooSlow, BodyTooLarge)
BODY = (*POSTED, UnsupportedMediaType, HeaderRepeated, HeaderTooLarge)
PAID_CALL: tuple[type[CodedError], ...] = (
    *BODY,
    *_of_a_call(payments.PaymentError),
    *_of_a_call(IntakeError),
    *_of_a_call(AnalysisError),
)
CHALLENGED: tuple[type[CodedError], ...] = (ChallengeUnknown, ChallengeNotBegun, ChallengeUsed, ChallengeExpired)
"""What a call that names a challenge may raise besides."""
UPLOADING: tuple[type[CodedError], ...] = (
    InvalidInput,
    HeaderRepeated,
    HeaderTooLarge,
    VideoTooLarge,
    *_of_a_call(payments.PaymentError),
    *UploadRefused.__subclasses__(),
)
RECEIVING: tuple[type[CodedError], ...] = (HeaderTooLarge, VideoTooLarge, *UploadRefused.__subclasses__())
NEW_CHALLENGE: tuple[type[CodedError], ...] = (*BODY, *_of_a_call(payments.PaymentError), TooManyChallenges)
NEW_PAYMENT = (*BODY, payments.TooManyPayments)
PAYING = (
    *BODY,
    payments.PaymentRequired,
    payments.PaymentInvalid,
    payments.PaymentMismatch,
    payments.PaymentExpiresSoon,
    payments.SettlementRefused,
    payments.TokenMismatch,
    payments.PaymentMalformed,
    payments.PaymentInUse,
    payments.PaymentSpent,
    payments.PaymentIdentifierTaken,
    payments.AlreadyPaid,
    payments.PaymentExpired,
    payments.NoSuchPayment,
    payments.AccessKeyUnknown,
    payments.TooManyFailures,
    payments.TooManyGuesses,
    payments.FacilitatorUnavailable,
    payments.SettlementUnknown,
)


def refusals(*kinds: type[CodedError], ledger: bool = True) -> Responses:
    """The OpenAPI responses of these errors, by status; `ledger`: the route needs the database."""
    codes: dict[int, dict[str, str]] = {500: {"internal_error": "The service failed."}}
    if ledger:
        codes[503] = {"ledger_unavailable": "The ledger cannot be reached. Send the same request again."}
    for kind in kinds:
        codes.setdefault(kind.status, {})[kind.code] = kind.default
    return {status: _response(status, codes[status]) for status in sorted(codes)}


def _response(status: int, codes: dict[str, str]) -> dict[str, Any]:
    base = ref("PaymentRequired" if status == 402 else "Refusal")
    schema = {"allOf": [base, {"type": "object", "properties": {"code": {"type": "string", "enum": sorted(codes)}}}]}
    response: dict[str, Any] = {
        "description": "\n".join(f"- `{code}`: {sentence}" for code, sentence in codes.items()),
        "content": {"application/json": {"schema": schema}},
    }
    if status in (409, 429, 503):
        response["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}
    if status == 402:
        response["headers"] = {
            "PAYMENT-REQUIRED": {"schema": {"type": "string"}, "description": "x402 version 2, base64 of JSON"},
            "WWW-Authenticate": {"schema": {"type": "string"}, "description": "MPP: `Payment` challenges"},
        }
    return response

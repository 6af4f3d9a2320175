"""Maps our error codes to the codes and statuses that Alibaba Cloud's SDKs know.

The codes come from DetectVideoLivingFace's own tables and from the API gateway. Each message begins with our own code,
so no information is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from fastapi.responses import JSONResponse

from alive402.calls import InternalError, LedgerUnavailable, errors
from alive402.errors import CodedError
from alive402.payments.core import PaymentsMisconfigured

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """An Alibaba Cloud error code and its HTTP status."""

    code: str
    status: int = 400


class RpcRefused(Exception):
    """The request is not an RPC call that this service answers; raised by the RPC API only.

    `code` and `status` are Alibaba's.
    """

    def __init__(self, kind: ErrorCode, message: str) -> None:
        self.kind = kind
        self.message = message
        super().__init__(message)


class WrongSecret(RpcRefused):
    """The signature was made with another secret, or the request was altered."""


MISSING = ErrorCode("MissingParameter")
INVALID = ErrorCode("InvalidParameter")
INCOMPLETE = ErrorCode("IncompleteSignature")
STALE = ErrorCode("IllegalTimestamp")
REPLAYED = ErrorCode("SignatureNonceUsed")
UNKNOWN_KEY = ErrorCode("InvalidAccessKeyId.NotFound", 404)
WRONG_SECRET = ErrorCode("InvalidAccessKeySecret")
STS_TOKEN = ErrorCode("InvalidSecurityToken.Malformed")
FORBIDDEN = ErrorCode("AuthFailed", 403)
UNKNOWN_ACTION = ErrorCode("InvalidAction.NotFound")
THROTTLED = ErrorCode("Throttling")
UNAVAILABLE = ErrorCode("ServiceUnavailable", 503)
FAULT = ErrorCode("InternalError", 500)
_NOT_BOUGHT = ErrorCode("InvalidApi.NotPurchase", 403)
_WRONG_INPUT = ErrorCode("ParameterError")
_URL = ErrorCode("IllegalUrlParameter")
_DOWNLOAD = ErrorCode("InvalidFile.Download")
_CONTENT = ErrorCode("InvalidFile.Content")
_DECODE = ErrorCode("InvalidFile.Decode")
_RESOLUTION = ErrorCode("InvalidFile.Resolution")

TABLE: dict[str, ErrorCode] = {
    "invalid_input": _WRONG_INPUT,
    "invalid_image_data": _WRONG_INPUT,
    "challenge_unknown": _WRONG_INPUT,
    "challenge_not_begun": _WRONG_INPUT,
    "challenge_used": _WRONG_INPUT,
    "challenge_expired": _WRONG_INPUT,
    "body_too_large": INVALID,
    "api_key_refused": UNKNOWN_KEY,
    "api_key_forbidden": FORBIDDEN,
    "too_many_calls": THROTTLED,
    "too_many_failures": THROTTLED,
    "too_many_guesses": THROTTLED,
    "payment_in_use": THROTTLED,
    "token_exhausted": _NOT_BOUGHT,
    "answer_erased": _NOT_BOUGHT,
    "invalid_url": _URL,
    "forbidden_address": _URL,
    "host_not_found": _DOWNLOAD,
    "upstream_unreachable": _DOWNLOAD,
    "upstream_status": _DOWNLOAD,
    "too_many_redirects": _DOWNLOAD,
    "fetch_timeout": _DOWNLOAD,
    "upload_gone": _DOWNLOAD,
    "unsupported_video": _CONTENT,
    "undecodable_video": _DECODE,
    "video_too_large": _RESOLUTION,
    "video_too_short": _CONTENT,
    "unsupported_image": _CONTENT,
    "undecodable_image": _DECODE,
    "image_too_large": _RESOLUTION,
    "no_face": _CONTENT,
    "face_too_small": _RESOLUTION,
    "too_dark": _CONTENT,
    "too_bright": _CONTENT,
    "blurred": _CONTENT,
    "face_occluded": _CONTENT,
    "clip_too_short": _CONTENT,
    "clip_too_coarse": _CONTENT,
    "analysis_timeout": ErrorCode("InternalError.Timeout", 500),
    "analysis_failed": ErrorCode("InternalError.Algo", 500),
    "models_missing": FAULT,
    "busy": UNAVAILABLE,
    "media_full": UNAVAILABLE,
    "analysis_unavailable": UNAVAILABLE,
}


def error_code(error: CodedError) -> ErrorCode:
    """Alibaba's code for an error; an error missing from the table gets a generic code by its status."""
    if isinstance(error, LedgerUnavailable):
        return UNAVAILABLE
    return TABLE.get(error.code) or (_WRONG_INPUT if error.status < 500 else FAULT)


def classify(error: Exception, request_id: str) -> CodedError:
    """Classify like `calls.errors`, except that unreadable access keys are an internal error, not a bad setting."""
    if isinstance(error, PaymentsMisconfigured):
        log.error("access keys cannot be read", request_id=request_id, why=error.message)
        return InternalError()
    return errors.classify(error, request_id)


def sentence(error: CodedError, sending: str = "") -> str:
    """The message: our code and sentence. When the ledger is unreachable, `sending` says how to retry here."""
    if isinstance(error, InternalError):
        return "The service failed. Report the request id."
    if isinstance(error, LedgerUnavailable):
        return f"{error.code}: The ledger cannot be reached. {sending}".rstrip()
    return f"{error.code}: {error.message}"


def refusal(
    request_id: str, host: str, recommend: str, kind: ErrorCode, message: str, retry_after: int | None
) -> JSONResponse:
    """The error response to a call; `recommend` is the URL of a page that helps."""
    body: dict[str, Any] = {
        "RequestId": request_id,
        "HostId": host,
        "Code": kind.code,
        "Message": message,
        "Recommend": recommend,
    }
    headers = {"x-acs-request-id": request_id, "Cache-Control": "no-store"}
    if retry_after:
        headers["Retry-After"] = str(retry_after)
    return JSONResponse(body, status_code=kind.status, headers=headers)

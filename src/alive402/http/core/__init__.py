"""What every route needs: bodies, forms, errors, schemas, request ids, security headers."""

from __future__ import annotations

from alive402.http.core import errors
from alive402.http.core.bodies import (
    MAX_BODY_BYTES,
    BoundedRoute,
    LargeBodies,
    json_object,
    received_from,
    stated_length,
)
from alive402.http.core.documented_errors import (
    CHALLENGED,
    NEW_CHALLENGE,
    NEW_PAYMENT,
    PAID_CALL,
    PAYING,
    POSTED,
    RECEIVING,
    UPLOADING,
    Responses,
    refusals,
)
from alive402.http.core.errors import (
    BodyTooLarge,
    BodyTooSlow,
    HeaderRepeated,
    HeaderTooLarge,
    InvalidJson,
    NotAcceptable,
    RequestRefused,
    ShownError,
    UnknownService,
    UnsupportedMediaType,
    body_of,
    new_request_id,
    refusal,
    request_id,
)
from alive402.http.core.forms import FILE_FIELD, file_in_form
from alive402.http.core.negotiation import acceptable, accepts_pages, weights
from alive402.http.core.requests import Requests, Watched
from alive402.http.core.schemas import COMPONENTS, ref
from alive402.http.core.security_headers import POLICY_WITH_SEARCH, CrossOrigin, SecurityHeaders

__all__ = [
    "CHALLENGED",
    "COMPONENTS",
    "FILE_FIELD",
    "MAX_BODY_BYTES",
    "NEW_CHALLENGE",
    "NEW_PAYMENT",
    "PAID_CALL",
    "PAYING",
    "POLICY_WITH_SEARCH",
    "POSTED",
    "RECEIVING",
    "UPLOADING",
    "BodyTooLarge",
    "BodyTooSlow",
    "BoundedRoute",
    "CrossOrigin",
    "HeaderRepeated",
    "HeaderTooLarge",
    "InvalidJson",
    "LargeBodies",
    "NotAcceptable",
    "RequestRefused",
    "Requests",
    "Responses",
    "SecurityHeaders",
    "ShownError",
    "UnknownService",
    "UnsupportedMediaType",
    "Watched",
    "acceptable",
    "accepts_pages",
    "body_of",
    "errors",
    "file_in_form",
    "json_object",
    "new_request_id",
    "received_from",
    "ref",
    "refusal",
    "refusals",
    "request_id",
    "stated_length",
    "weights",
]

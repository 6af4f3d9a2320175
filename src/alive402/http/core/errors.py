"""Every refusal in one shape: `{requestId, code, message, charged, details?}`, with its status."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from alive402.calls.errors import LOST_DATABASE, classify
from alive402.calls.rendering import error_body
from alive402.errors import CodedError

log = structlog.get_logger(__name__)

_HTTP_CODES = {400: "invalid_json", 404: "not_found", 405: "method_not_allowed"}


class RequestRefused(CodedError):
    """The request itself is not one that is read.

       RequestRefused
        ├── InvalidJson       400   invalid_json        the body is not JSON
        ├── BodyTooSlow       408   body_too_slow       it did not come in time
        ├── BodyTooLarge      413   body_too_large      more than any request needs
        ├── UnknownService    404   unknown_service     no service has this id
    └── HeaderTooLarge    431   header_too_large    a header is longer than any has to be
    """

    code = "bad_request"
    status = 400
    default = "The request cannot be read."


class InvalidJson(RequestRefused):
    """The body is not a JSON object."""

    code = "invalid_json"
    default = "The body is not a JSON object."


class BodyTooSlow(RequestRefused):
    """It did not come in time."""

    code = "body_too_slow"
    status = 408
    default = "The request came too slowly, and was cut off. Send URLs, or send it again over a faster line."


class BodyTooLarge(RequestRefused):
    """More than any request needs."""

    code = "body_too_large"
    status = 413
    default = "The body is larger than such a request has to be. Send URLs, not the files."


class HeaderTooLarge(RequestRefused):
    """A header is longer than any has to be."""

    code = "header_too_large"
    status = 431
    default = "The header that `details.header` names is longer than any has to be."


class UnknownService(RequestRefused):
    """No service has this id."""

    code = "unknown_service"
    status = 404
    default = "No service has this id. `GET /api/catalog` names those that are sold."


def new_request_id() -> str:
    """32 hex digits."""
    return uuid4().hex


def request_id(request: Request) -> str:
    """The id of the request being answered; also in the log, and in `X-Request-Id`."""
    return str(request.state.request_id)


def body_of(error: CodedError, request: Request) -> dict[str, Any]:
    """The JSON of a refusal. `charged` is False unless nobody knows yet."""
    return error_body(error, request_id(request))


def refusal(error: Exception, request: Request) -> JSONResponse:
    """The response for any error."""
    error = classify(error, request_id(request))
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    log.info("refused", request_id=request_id(request), code=error.code, status=error.status)
    return JSONResponse(body_of(error, request), status_code=error.status, headers=headers)


def install(app: FastAPI) -> None:
    """Make every error leave `app` in our shape; `requests.Requests` does so for what is none of these."""

    async def refuse(request: Request, error: Exception) -> JSONResponse:
        return refusal(error, request)

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        code = _HTTP_CODES.get(error.status_code, "http_error")
        body = {"requestId": request_id(request), "code": code, "message": str(error.detail), "charged": False}
        return JSONResponse(body, status_code=error.status_code, headers=error.headers)

    app.add_exception_handler(HTTPException, http)
    for kind in (CodedError, *LOST_DATABASE):
        app.add_exception_handler(kind, refuse)

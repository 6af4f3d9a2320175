"""Turns every error into one JSON format, `{requestId, code, message, charged, details?}`, with its status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from alive402.calls import LOST_DATABASE, classify, error_body
from alive402.errors import CodedError

log = structlog.get_logger(__name__)

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ShownError = Callable[[Request, Response], Response]
"""Makes the page that a browser gets in place of a JSON error; every other client gets the error as it is."""

_HTTP_CODES = {400: "invalid_json", 404: "not_found", 405: "method_not_allowed"}


class RequestRefused(CodedError):
    """The request is malformed or too large.

    RequestRefused
     ├── InvalidJson           400   invalid_json            the body is not JSON
     ├── HeaderRepeated        400   header_repeated         a payment header is sent twice
     ├── UnknownService        404   unknown_service         no service has this id
     ├── NotAcceptable         406   not_acceptable          the client excludes the answer's media type
     ├── BodyTooSlow           408   body_too_slow           the body did not arrive in time
     ├── BodyTooLarge          413   body_too_large          the body is larger than the limit
     ├── UnsupportedMediaType  415   unsupported_media_type  the body is of another type or coding than JSON
     └── HeaderTooLarge        431   header_too_large        a header is longer than the limit
    """

    code = "bad_request"
    status = 400
    default = "The request cannot be read."


class InvalidJson(RequestRefused):
    """The body is not a JSON object."""

    code = "invalid_json"
    default = "The body is not a JSON object."


class HeaderRepeated(RequestRefused):
    """A payment header is sent twice, so it is unclear which one counts."""

    code = "header_repeated"
    default = "The header named in `details.header` may be sent only once. Nothing was used of either."


class NotAcceptable(RequestRefused):
    """The client excludes the media type of the answer."""

    code = "not_acceptable"
    status = 406
    default = "`Accept` excludes the media types in `details.available`, the only ones of this resource."


class UnsupportedMediaType(RequestRefused):
    """The body is of another media type than JSON, or compressed."""

    code = "unsupported_media_type"
    status = 415
    default = "Send the body as JSON with `Content-Type: application/json`, without a `Content-Encoding`."


class BodyTooSlow(RequestRefused):
    """The body did not arrive in time."""

    code = "body_too_slow"
    status = 408
    default = "The request came too slowly and was cut off. Send URLs, or send it again over a faster connection."


class BodyTooLarge(RequestRefused):
    """The body is larger than the limit."""

    code = "body_too_large"
    status = 413
    default = "The body is too large. Send URLs instead of the files."


class HeaderTooLarge(RequestRefused):
    """A header is longer than the limit."""

    code = "header_too_large"
    status = 431
    default = "The header named in `details.header` is too long."


class UnknownService(RequestRefused):
    """No service has this id."""

    code = "unknown_service"
    status = 404
    default = "No service has this id. `GET /api/catalog` lists the services."


def new_request_id() -> str:
    """A new request id: 32 hex digits."""
    return uuid4().hex


def request_id(request: Request) -> str:
    """The id of the current request; the log and `X-Request-Id` show the same one."""
    return str(request.state.request_id)


def body_of(error: CodedError, request: Request) -> dict[str, Any]:
    """The JSON body of an error. `charged` is False unless it is not known yet."""
    return error_body(error, request_id(request))


def refusal(error: Exception, request: Request) -> JSONResponse:
    """The HTTP response for any error."""
    error = classify(error, request_id(request))
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    log.info("refused", request_id=request_id(request), code=error.code, status=error.status)
    return JSONResponse(body_of(error, request), status_code=error.status, headers=headers)


def install(app: FastAPI) -> None:
    """Register the error handlers on `app`; the `Requests` middleware handles every other exception."""

    async def refuse(request: Request, error: Exception) -> JSONResponse:
        return refusal(error, request)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_allowed(request))
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=headers)
        code = _HTTP_CODES.get(error.status_code, "http_error")
        body = {"requestId": request_id(request), "code": code, "message": str(error.detail), "charged": False}
        return JSONResponse(body, status_code=error.status_code, headers=headers)

    app.add_exception_handler(HTTPException, http)
    for kind in (CodedError, *LOST_DATABASE):
        app.add_exception_handler(kind, refuse)


def _allowed(request: Request) -> list[str]:
    """The methods that some route has at this path."""
    found = [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]
    return [*found, *(["HEAD"] if "GET" in found else []), "OPTIONS"]

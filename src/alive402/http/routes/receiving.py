"""Receives the file of an upload: raw or in a form, with the answer that its sender gets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from alive402.http.core import FILE_FIELD, HeaderTooLarge, file_in_form, ref, stated_length
from alive402.intake import UPLOADS_PATH, Upload, UploadMalformed, Uploads, UploadTypeRefused

NO_STORE = {"Cache-Control": "no-store"}
_FORM = "multipart/form-data"
_RAW = ("application/octet-stream", "video/", "image/")
# How long the rest of a rejected upload is still read and discarded, so that its client gets to read the error.
_DRAIN_SECONDS = 3.0


async def received(uploads: Uploads, request: Request, payer: str, most: int) -> Upload:
    """Receive the file of a request as an upload of a payer, given as sha256; `most` as `Uploads.receive`.

    Raises:
        HeaderTooLarge: the Content-Type is too long.
        UploadTypeRefused: it is none of a file or a form.
        UploadRefused, VideoTooLarge: as `Uploads.receive`.
    """
    given = request.headers.get("content-type", "")
    kind = given.partition(";")[0].strip().lower()
    if len(given) > 512:
        raise HeaderTooLarge(header="Content-Type")
    chunks, declared = _chunks(request), None
    if kind == _FORM:
        chunks = file_in_form(chunks, given)
    elif kind.startswith(_RAW):
        declared = stated_length(request)
    else:
        raise UploadTypeRefused
    try:
        return await uploads.receive(chunks, payer, declared, most=most)
    except ClientDisconnect:
        raise UploadMalformed("The upload ended early.") from None


async def drain(request: Request) -> None:
    """Read and discard the rest for a moment, unless the client sent `Expect: 100-continue`."""
    if "expect" in request.headers:
        return
    with contextlib.suppress(ClientDisconnect, RuntimeError, TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in request.stream():
                pass


async def refuse_upload(request: Request, refused: Response) -> Response:
    """The refusal of an upload that may not have been read to its end."""
    await drain(request)
    # Do not wait for the part that was not read yet.
    refused.headers["Connection"] = "close"
    return refused


def upload_body(upload: Upload, base: str) -> dict[str, Any]:
    """The upload as JSON."""
    expires_at = datetime.fromtimestamp(upload.expires_at, UTC).isoformat(timespec="seconds")
    return {
        "uploadId": upload.id,
        "url": f"{base}{UPLOADS_PATH}/{upload.id}",
        "bytes": upload.size,
        "sha256": upload.sha256,
        "expiresAt": expires_at.replace("+00:00", "Z"),
        "used": upload.used,
    }


def upload_shown(when: str) -> dict[str, Any]:
    """The OpenAPI response with an upload."""
    return {"description": when, "content": {"application/json": {"schema": ref("Upload")}}}


def file_asked() -> dict[str, Any]:
    """The OpenAPI request body with a file."""
    raw: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
    form = {
        "type": "object",
        "properties": {FILE_FIELD: {"type": "string", "format": "binary"}},
        "required": [FILE_FIELD],
        "additionalProperties": False,
    }
    # Any video/* and image/* is accepted, but OpenAPI generators need full media types.
    kinds = ("video/mp4", "video/webm", "image/jpeg", "image/png", "application/octet-stream")
    return {"required": False, "content": {**dict.fromkeys(kinds, raw), _FORM: {"schema": form}}}


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        if chunk:
            yield chunk

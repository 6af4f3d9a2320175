"""Fuzz targets for HTTP input before payment: bodies that contain files, forms, signed calls."""

from __future__ import annotations

import asyncio
import contextlib
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from functools import cache
from typing import Any

from fastapi import Request
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from alive402.catalog import IMAGE_LIVENESS, LIVENESS, problems_in
from alive402.errors import CodedError
from alive402.http.alibaba.errors import RpcRefused
from alive402.http.alibaba.form import ObjectForm
from alive402.http.alibaba.rpc import input_of
from alive402.http.alibaba.signatures import action_of, read
from alive402.http.core import file_in_form, json_object
from alive402.intake import FetchLimits, UploadMalformed
from alive402.intake.sandbox import SandboxLimits
from alive402.providers import LocalImages, LocalProvider

PIECE = 7
"""Bytes per piece where the same form is fed in pieces."""
_BODY = b"\r\n\r\n"


def image_data(data: bytes) -> None:
    """Parse a body that contains pictures, up to the point where they would be judged."""
    with contextlib.suppress(CodedError):
        given = _run(json_object(_request(data), IMAGE_LIVENESS.max_body_bytes))
        _checked(given or {})


def upload(data: bytes) -> None:
    """Parse a form with a video: first line its type, then its body; at once and in pieces must agree."""

    async def file(kind: str, chunks: AsyncIterator[bytes]) -> bytes:
        return b"".join([chunk async for chunk in file_in_form(chunks, kind)])

    _alike(data, file)


def posted_object(data: bytes) -> None:
    """Parse an OSS form, with fields before the file; at once and in pieces must agree."""

    async def whole(kind: str, chunks: AsyncIterator[bytes]) -> tuple[dict[str, str], bytes]:
        form = ObjectForm(chunks, kind)
        fields = await form.fields()
        return fields, b"".join([chunk async for chunk in form.file()])

    _alike(data, whole)


def rpc(data: bytes) -> None:
    """Parse a call signed as the vendor's SDK signs it: its query, one line per header, and its form."""
    head, _, body = data.partition(_BODY)
    query, *lines = head.split(b"\n")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    with contextlib.suppress(RpcRefused, CodedError):
        action_of(query, headers)
        signed = read("POST", query, headers, body)
        assert not signed.signed_with("nobody's secret")
        for service in (LIVENESS, IMAGE_LIVENESS):
            with contextlib.suppress(RpcRefused):
                given = input_of(signed.parameters, service.input_schema)
                if service is IMAGE_LIVENESS:
                    _checked(given)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "image_data": image_data,
    "upload": upload,
    "posted_object": posted_object,
    "rpc": rpc,
}


def seeds(name: str) -> Iterable[bytes]:
    """The inputs from which mutation starts."""
    match name:
        case "image_data":
            picture = b64encode(b"\xff\xd8\xff\xe0" + bytes(60)).decode()
            for tasks in (
                [{"ImageData": picture}],
                [{"ImageURL": "https://example.com/a.jpg"}, {"ImageData": picture}],
                [{"ImageData": "data:image/png;base64,iVBORw0KGgo="}, {"ImageData": "iVBORw0KGgo", "ImageURL": ""}],
                [{"ImageURL": "https://example.com/\ud800"}],
                [{"ImageURL": "https://example.com/?\ud800"}],
                [[[]], {}, "\ud800", 1e300],
            ):
                yield json.dumps({"Tasks": tasks}).encode()
        case "upload":
            yield _form(("file", b"video"))
            yield _form(("file", b"\r\n--boun\r\n"), ("file", b""))
            yield b"multipart/form-data; boundary=bound\n--bound\r\nA: b\r\n\r\nvideo\r\n--bound--"
        case "posted_object":
            yield _form(("key", b"api/uploads/a"), ("policy", b"e30="), ("Signature", b"c2ln"), ("file", b"video"))
            yield _form(("file", b"a"), ("key", b"b"))
        case "rpc":
            yield from _calls()


def _form(*parts: tuple[str, bytes]) -> bytes:
    body = b"".join(
        b'--bound\r\nContent-Disposition: form-data; name="%s"; filename="v.mp4"\r\n'
        b"Content-Type: video/mp4\r\n\r\n%s\r\n" % (name.encode(), content)
        for name, content in parts
    )
    return b'multipart/form-data; boundary="bound"\n' + body + b"--bound--\r\n"


def _calls() -> Iterable[bytes]:
    first = (
        b"Action=DetectLivingFace&Version=2019-12-30&AccessKeyId=a&Timestamp=2026-01-31T23%3A59%3A59Z&SignatureNonce=n"
        b"&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0&Signature=c2ln"
    )
    form = b"\ncontent-type: application/x-www-form-urlencoded"
    yield first + form + _BODY + b"Tasks.1.ImageURL=https%3A%2F%2Fexample.com%2Fa.jpg&Tasks.2.ImageData=%2F9j%2F"
    yield first + b"&Tasks.1.1.1.1.a=b&Tasks.2=c" + _BODY
    third = (
        b"authorization: ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        b"x-acs-signature-nonce;x-acs-version,Signature=" + b"0" * 64,
        b"host: localhost",
        b"x-acs-action: DetectLivingFace",
        b"x-acs-version: 2019-12-30",
        b"x-acs-date: 2026-01-31T23:59:59Z",
        b"x-acs-signature-nonce: n",
        b"x-acs-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    )
    yield b"Tasks.1.ImageURL=https%3A%2F%2Fexample.com%2Fa.jpg\n" + b"\n".join(third) + _BODY


def _alike(data: bytes, parse: Callable[[str, AsyncIterator[bytes]], Coroutine[Any, Any, object]]) -> None:
    """Check that a form parses alike however it is cut into pieces."""
    head, _, body = data.partition(b"\n")

    def parsed(step: int) -> object:
        try:
            return _run(parse(head.decode("latin-1"), _pieces(body, step)))
        except UploadMalformed:
            return None

    assert parsed(len(body) or 1) == parsed(PIECE)


async def _pieces(body: bytes, step: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), step):
        yield body[start : start + step]


def _checked(given: dict[str, Any]) -> None:
    """Check a call as the service does before payment; every answer must be encodable."""
    problems = problems_in(given, _validator())
    json.dumps(problems, ensure_ascii=False).encode()
    if not problems:
        _images().check(given)
        json.dumps(given, ensure_ascii=False).encode()


def _request(body: bytes) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "method": "POST", "path": "/", "headers": []}, receive)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return _runner().run(work)


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(IMAGE_LIVENESS.input_schema, format_checker=FormatChecker())


@cache
def _images() -> LocalImages:
    fetching = FetchLimits()
    return LocalImages(LocalProvider(fetching, SandboxLimits()), fetching)

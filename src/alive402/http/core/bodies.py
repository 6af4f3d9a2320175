"""Reads request bodies with limits on size, time and JSON structure, before they are parsed."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Message

from alive402.http.core.errors import BodyTooLarge, BodyTooSlow, InvalidJson, UnsupportedMediaType
from alive402.intake import Busy

MAX_BODY_BYTES = 16 * 1024
SMALL_BODY_SECONDS = 20.0
# Large requests stay in memory while they are answered: this limits how many at once, and how long each may take.
LARGE_BODIES = 4
LARGE_BODY_SECONDS = 60.0
# A legitimate large body consists of a few long strings, so its values and its (possibly nested) lists and objects
# are limited. Parsed, a value takes a hundred times its bytes, and nested lists use up the stack.
MOST_VALUES, MOST_LISTS = 50_000, 1_000
_LENGTH = re.compile(r"[0-9]{1,18}")


class LargeBodies:
    """Slots for requests that may carry files inline; other requests need no slot."""

    def __init__(self, most: int) -> None:
        self._places = asyncio.Semaphore(LARGE_BODIES) if most > MAX_BODY_BYTES else None

    async def place(self, request: Request) -> AsyncIterator[None]:
        """FastAPI dependency: hold a slot while a request with a large or unstated Content-Length is answered.

        Raises:
            Busy: every slot is taken.
        """
        stated = stated_length(request)
        if self._places is None or (stated is not None and stated <= MAX_BODY_BYTES):
            yield
            return
        if self._places.locked():
            raise Busy
        async with self._places:
            yield


def stated_length(request: Request) -> int | None:
    """The Content-Length of a request; None when it is not a plain number, such as `+5` or `²`."""
    stated = request.headers.get("content-length", "")
    return int(stated) if _LENGTH.fullmatch(stated) else None


async def received_from(request: Request, most: int = MAX_BODY_BYTES) -> bytes:
    """Read the whole body, of at most `most` bytes.

    Raises:
        BodyTooLarge: the body is larger; the rest is not read.
        BodyTooSlow: the body did not arrive in time.
        InvalidJson: the client disconnected before the end.
    """
    received = bytearray()
    try:
        async with asyncio.timeout(SMALL_BODY_SECONDS if most <= MAX_BODY_BYTES else LARGE_BODY_SECONDS):
            async for chunk in request.stream():
                received += chunk
                if len(received) > most:
                    raise BodyTooLarge
    except TimeoutError:
        raise BodyTooSlow from None
    except ClientDisconnect:
        # A client that disconnects early is not our error, and nobody reads this answer.
        raise InvalidJson from None
    return bytes(received)


async def json_object(request: Request, most: int = MAX_BODY_BYTES) -> dict[str, Any] | None:
    """Read the body as a JSON object of at most `most` bytes; None for an empty body.

    Raises:
        BodyTooLarge: too many bytes (the rest is not read), or too many values.
        BodyTooSlow: the body did not arrive in time.
        UnsupportedMediaType: the body is compressed, or is not JSON and does not claim to be.
        InvalidJson: the body is not a JSON object, or an object in it has the same key twice.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType
    received = await received_from(request, most)
    if not received.strip():
        return None
    if len(received) > MAX_BODY_BYTES and (
        received.count(b",") > MOST_VALUES or received.count(b"[") + received.count(b"{") > MOST_LISTS
    ):
        raise BodyTooLarge
    try:
        given = json.loads(received, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        # JSON is read under any type: curl sends its -d as a form, and browsers send plain text without a preflight.
        stated = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        raise (InvalidJson if stated == "" or stated.endswith("json") else UnsupportedMediaType) from None
    if not isinstance(given, dict):
        raise InvalidJson
    return given or None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are all different: of two equal ones, programs differ in which one counts.

    Raises:
        InvalidJson: a key occurs twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidJson("An object of the body has the same key twice.")
    return found


class BoundedRoute(APIRoute):
    """A route whose body the framework reads; adds the size limit that the framework lacks."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the framework's handler: read the body within the limit first, then replay it."""
        handle = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            body = await received_from(request)

            async def again() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await handle(Request(request.scope, again))

        return bounded

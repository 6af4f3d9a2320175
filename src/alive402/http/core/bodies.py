"""Request bodies, bounded, before anything is made of them."""

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

from alive402.http.core.errors import BodyTooLarge, BodyTooSlow, InvalidJson
from alive402.intake.errors import Busy

MAX_BODY_BYTES = 16 * 1024
SMALL_BODY_SECONDS = 20.0
# Requests that bring files along lie in memory while they are answered; so many at once, and each in so many seconds.
LARGE_BODIES = 4
LARGE_BODY_SECONDS = 60.0
# What fills a large body are a few long texts: so many values may be in it, and so many lists and objects, which may
# stand in one another. Parsed, a value takes a hundred times its bytes, and a list in a list takes of the stack.
MOST_VALUES, MOST_LISTS = 50_000, 1_000
_LENGTH = re.compile(r"[0-9]{1,18}")


class LargeBodies:
    """Places for requests of a service that may bring files along; others need none."""

    def __init__(self, most: int) -> None:
        self._places = asyncio.Semaphore(LARGE_BODIES) if most > MAX_BODY_BYTES else None

    async def place(self, request: Request) -> AsyncIterator[None]:
        """A dependency that holds a place while a request is answered which states more than is usual, or not how much.

        Raises:
            Busy: every place is taken.
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
    """How many bytes a request says that its body has; None when it says no number, such as `+5` or `²`."""
    stated = request.headers.get("content-length", "")
    return int(stated) if _LENGTH.fullmatch(stated) else None


async def received_from(request: Request, most: int = MAX_BODY_BYTES) -> bytes:
    """The whole body, of at most `most` bytes.

    Raises:
        BodyTooLarge: more, read no further.
        BodyTooSlow: it did not come in time.
        InvalidJson: its sender left in the middle.
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
        # Whoever hangs up in the middle is no fault of ours, and nobody reads this.
        raise InvalidJson from None
    return bytes(received)


async def json_object(request: Request, most: int = MAX_BODY_BYTES) -> dict[str, Any] | None:
    """The body as an object of at most `most` bytes, or None for an empty one.

    Raises:
        BodyTooLarge: more, read no further; or large and of more values than any request has.
        BodyTooSlow: it did not come in time.
        InvalidJson: not a JSON object.
    """
    received = await received_from(request, most)
    if not received.strip():
        return None
    if len(received) > MAX_BODY_BYTES and (
        received.count(b",") > MOST_VALUES or received.count(b"[") + received.count(b"{") > MOST_LISTS
    ):
        raise BodyTooLarge
    try:
        given = json.loads(received)
    except (ValueError, RecursionError):
        raise InvalidJson from None
    if not isinstance(given, dict):
        raise InvalidJson
    return given or None


class BoundedRoute(APIRoute):
    """A route whose body the framework reads by itself, which it would without a bound."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See `APIRoute.get_route_handler`."""
        handle = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            body = await received_from(request)

            async def again() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await handle(Request(request.scope, again))

        return bounded

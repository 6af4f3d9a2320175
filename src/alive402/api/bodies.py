"""Request bodies, bounded, before anything is made of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from alive402.api.errors import BodyTooLarge, BodyTooSlow, InvalidJson
from alive402.intake.errors import Busy

MAX_BODY_BYTES = 16 * 1024
# Requests that bring files along lie in memory while they are answered; so many at once, and each in so many seconds.
LARGE_BODIES = 4
LARGE_BODY_SECONDS = 60.0
# What fills a large body are a few long texts: so many values may be in it, and so many lists and objects, which may
# stand in one another. Parsed, a value takes a hundred times its bytes, and a list in a list takes of the stack.
MOST_VALUES, MOST_LISTS = 50_000, 1_000


class LargeBodies:
    """Places for requests of a service that may bring files along; others need none."""

    def __init__(self, most: int) -> None:
        self._places = asyncio.Semaphore(LARGE_BODIES) if most > MAX_BODY_BYTES else None

    async def place(self, request: Request) -> AsyncIterator[None]:
        """A dependency that holds a place while a request is answered which states more than is usual, or not how much.

        Raises:
            Busy: every place is taken.
        """
        stated = request.headers.get("content-length", "")
        if self._places is None or (stated.isdigit() and int(stated) <= MAX_BODY_BYTES):
            yield
            return
        if self._places.locked():
            raise Busy
        async with self._places:
            yield


async def json_object(request: Request, most: int = MAX_BODY_BYTES) -> dict[str, Any] | None:
    """The body as an object of at most `most` bytes, or None for an empty one.

    Raises:
        BodyTooLarge: more, read no further; or large and of more values than any request has.
        BodyTooSlow: it did not come in time; only where a body may be large.
        InvalidJson: not a JSON object.
    """
    received = bytearray()
    try:
        async with asyncio.timeout(LARGE_BODY_SECONDS if most > MAX_BODY_BYTES else None):
            async for chunk in request.stream():
                received += chunk
                if len(received) > most:
                    raise BodyTooLarge
    except TimeoutError:
        raise BodyTooSlow from None
    except ClientDisconnect:
        # Whoever hangs up in the middle is no fault of ours, and nobody reads this.
        raise InvalidJson from None
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

"""Request bodies, bounded, before anything is made of them."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request

from alive402.api.errors import BodyTooLarge, InvalidJson

MAX_BODY_BYTES = 16 * 1024


async def json_object(request: Request) -> dict[str, Any] | None:
    """The body as an object, or None for an empty one.

    Raises:
        BodyTooLarge: more than `MAX_BODY_BYTES`, read no further.
        InvalidJson: not a JSON object.
    """
    received = b""
    async for chunk in request.stream():
        received += chunk
        if len(received) > MAX_BODY_BYTES:
            raise BodyTooLarge
    if not received.strip():
        return None
    try:
        given = json.loads(received)
    except (ValueError, RecursionError):
        raise InvalidJson from None
    if not isinstance(given, dict):
        raise InvalidJson
    return given or None

"""Posts to callback URLs: the address is checked like that of a video, dialled as checked, never redirected."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpcore

from alive402.intake.errors import FetchTimeout, Unreachable
from alive402.intake.fetch import (
    CheckedAddresses,
    FetchLimits,
    check_url,
    connections,
    port_of,
    resolve,
    timeouts,
    wire_url,
)


async def check(url: str, limits: FetchLimits) -> None:
    """Check that `url` may be posted to, as its name resolves now.

    Raises:
        InvalidUrl, ForbiddenAddress, HostNotFound: it may not.
    """
    parsed = check_url(url, limits)
    await resolve(parsed.host, port_of(parsed), limits)


async def post(url: str, body: bytes, headers: Mapping[str, str], limits: FetchLimits) -> int:
    """Post `body` and return the response status; the response body is not read.

    Raises:
        InvalidUrl, ForbiddenAddress, HostNotFound: it may not be posted to.
        FetchTimeout, Unreachable: the request did not finish within `limits.seconds`.
    """
    try:
        async with asyncio.timeout(limits.seconds):
            parsed = check_url(url, limits)
            backend = CheckedAddresses(await resolve(parsed.host, port_of(parsed), limits))
            async with (
                connections(parsed, backend) as pool,
                pool.stream(
                    "POST",
                    wire_url(parsed),
                    headers=[*headers.items()],
                    content=body,
                    extensions={"timeout": timeouts(limits)},
                ) as response,
            ):
                return int(response.status)
    except (TimeoutError, httpcore.TimeoutException):
        raise FetchTimeout(seconds=limits.seconds) from None
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
        raise Unreachable from None

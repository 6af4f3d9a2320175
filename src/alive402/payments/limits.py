"""Failed calls are free, and so they are counted: by payer and by address, within a window that moves."""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Iterator

import structlog
from limits import RateLimitItem, parse
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string

from alive402.payments.errors import PaymentsMisconfigured, TooManyFailures

log = structlog.get_logger(__name__)


class FreeFailures:
    """How many calls may fail, free of charge, for one payer and from one address: each such as `20/hour`.

    `url` is where it is counted: `memory://` within this process, or one that several processes share, such as
    `redis://host:6379`. Calls that are under way at the same moment are not counted yet: so many more may fail.

    Raises:
        PaymentsMisconfigured: there is no such storage, or its driver is not installed.
    """

    def __init__(self, per_payer: str, per_address: str, url: str = "memory://") -> None:
        self._per_payer, self._per_address = parse(per_payer), parse(per_address)
        # The client that most people have installed, of several that the package can use.
        options = {"implementation": "redispy"} if url.startswith("redis") else {}
        try:
            storage = storage_from_string(f"async+{url}", wrap_exceptions=True, **options)
            self._limiter = MovingWindowRateLimiter(storage)
        except (ConfigurationError, NotImplementedError) as error:
            raise PaymentsMisconfigured(f"ALIVE402_LIMITS_URL cannot be used: {error}.") from error

    async def check(self, payer: str | None, address: str | None) -> None:
        """Let a call begin, unless too many failed.

        Raises:
            TooManyFailures: `retry_after` says when the next one may be tried.
        """
        waits = [0]
        try:
            for limit, who in self._whose(payer, address):
                if not await self._limiter.test(limit, who):
                    window = await self._limiter.get_window_stats(limit, who)
                    waits.append(max(1, math.ceil(window.reset_time - time.time())))
        except StorageError:
            # Who pays is not turned away because something cannot be counted.
            log.exception("failures cannot be counted")
        if max(waits):
            raise TooManyFailures(max(waits))

    async def count(self, payer: str | None, address: str | None) -> None:
        """A call failed. `payer` is None when it is not sure who was about to pay."""
        try:
            for limit, who in self._whose(payer, address):
                await self._limiter.hit(limit, who)
        except StorageError:
            log.exception("failures cannot be counted")

    def _whose(self, payer: str | None, address: str | None) -> Iterator[tuple[RateLimitItem, str]]:
        if payer is not None:
            yield self._per_payer, f"payer {payer}"
        if address is not None:
            yield self._per_address, f"address {_household(address)}"


def _household(address: str) -> str:
    """An address as it is counted: one home has a whole /64 of IPv6, and one address of IPv4."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))

"""What is free is counted, within a window that moves: failed calls by payer and by address, payments asked for."""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import MovingWindowSupport
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string

from alive402.payments.core.errors import (
    PaymentInvalid,
    PaymentsMisconfigured,
    TooManyCalls,
    TooManyFailures,
    TooManyPayments,
)

log = structlog.get_logger(__name__)


class _Window:
    """Counts what happened to whom, within a window that moves; `url` is where.

    Raises:
        PaymentsMisconfigured: there is no such storage, or its driver is not installed.
    """

    def __init__(self, url: str) -> None:
        # The client that most people have installed, of several that the package can use.
        options = {"implementation": "redispy"} if url.startswith("redis") else {}
        try:
            storage = storage_from_string(f"async+{url}", wrap_exceptions=True, **options)
        except ConfigurationError as error:
            why = str(error).rstrip(".")
            raise PaymentsMisconfigured(f"ALIVE402_LIMITS_URL cannot be used: {why}.") from error
        if not isinstance(storage, MovingWindowSupport):
            raise PaymentsMisconfigured("ALIVE402_LIMITS_URL cannot be used: its storage keeps no moving windows.")
        self._limiter = MovingWindowRateLimiter(storage)

    async def seconds_to_wait(self, whose: Iterable[tuple[RateLimitItem, str]]) -> int:
        """Until none of them is over its limit any more; 0 when none is, or when it cannot be told."""
        waits = [0]
        try:
            for limit, who in whose:
                if not await self._limiter.test(limit, who):
                    window = await self._limiter.get_window_stats(limit, who)
                    waits.append(max(1, math.ceil(window.reset_time - time.time())))
        except StorageError as error:
            # Who pays is not turned away because something cannot be counted.
            log.warning("cannot be counted", error=type(error.storage_error).__name__)
        return max(waits)

    async def count(self, whose: Iterable[tuple[RateLimitItem, str]]) -> None:
        """It happened to each of them once more."""
        try:
            for limit, who in whose:
                await self._limiter.hit(limit, who)
        except StorageError as error:
            log.warning("cannot be counted", error=type(error.storage_error).__name__)


class FreeFailures:
    """How many calls may fail, free of charge, for one payer and from one address: each such as `20/hour`.

    `url` is where it is counted: `memory://` within this process, or one that several processes share, such as
    `redis://host:6379`. Calls that are under way at the same moment are not counted yet: so many more may fail.
    """

    def __init__(self, per_payer: str, per_address: str, url: str = "memory://") -> None:
        self._per_payer, self._per_address = parse(per_payer), parse(per_address)
        self._window = _Window(url)

    async def admit(self, payer: str | None, address: str | None) -> None:
        """Check that too many calls of this payer, or from this address, did not fail.

        `payer` None is the operator's own, who is not limited.

        Raises:
            TooManyFailures: `retry_after` says when the next call may be tried.
        """
        if payer is not None and (wait := await self._window.seconds_to_wait(self._whose(payer, address))):
            raise TooManyFailures(wait)

    @asynccontextmanager
    async def forgeries_counted(self, address: str | None) -> AsyncIterator[None]:
        """Count a forged payment in the block as a failure of the address: the payer that it names did not sign it."""
        try:
            yield
        except PaymentInvalid:
            await self.count(None, address)
            raise

    async def count(self, payer: str | None, address: str | None) -> None:
        """A call failed. `payer` is None when it is not sure who was about to pay."""
        await self._window.count(self._whose(payer, address))

    def _whose(self, payer: str | None, address: str | None) -> Iterator[tuple[RateLimitItem, str]]:
        if payer is not None:
            yield self._per_payer, f"payer {payer}"
        if address is not None:
            yield self._per_address, f"address {_household(address)}"


class NewPayments:
    """How many payments may be asked for from one address, such as `60/hour`; `url` as in `FreeFailures`."""

    def __init__(self, per_address: str, url: str = "memory://") -> None:
        self._per_address = parse(per_address)
        self._window = _Window(url)

    async def admit(self, address: str | None) -> None:
        """Count one more.

        Raises:
            TooManyPayments: there were too many.
        """
        whose = [(self._per_address, f"new payments {_household(address)}")] if address is not None else []
        if wait := await self._window.seconds_to_wait(whose):
            raise TooManyPayments(wait)
        await self._window.count(whose)


class CallRate:
    """How many calls one API key may make, such as `10/second`; `url` as in `FreeFailures`."""

    def __init__(self, per_key: str, url: str = "memory://") -> None:
        self._per_key = parse(per_key)
        self._window = _Window(url)

    async def admit(self, key_id: str) -> None:
        """Count one more.

        Raises:
            TooManyCalls: there were too many.
        """
        whose = [(self._per_key, f"calls of {key_id}")]
        if wait := await self._window.seconds_to_wait(whose):
            raise TooManyCalls(wait)
        await self._window.count(whose)


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

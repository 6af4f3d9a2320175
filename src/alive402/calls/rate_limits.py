"""Moving-window rate limits by payer, address and key."""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import MovingWindowSupport
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string

from alive402.errors import CodedError
from alive402.payments.core import (
    ApiKeyRefused,
    Offer,
    PaymentInvalid,
    PaymentsMisconfigured,
    TokenMismatch,
    TokenUnknown,
    TooManyCalls,
    TooManyFailures,
    TooManyGuesses,
    TooManyPayments,
)

log = structlog.get_logger(__name__)

# Statuses of uploads that failed by the sender's fault: malformed, too slow, too large, not a video.
_FAILED_UPLOAD = frozenset({400, 408, 413, 415})


class _Window:
    """Moving-window counters; `url` is their storage.

    Raises:
        PaymentsMisconfigured: the storage is unknown, or its driver is not installed.
    """

    def __init__(self, url: str) -> None:
        # Of the Redis clients that the package can use, the most common one.
        options = {"implementation": "redispy"} if url.startswith("redis") else {}
        try:
            storage = storage_from_string(f"async+{url}", wrap_exceptions=True, **options)
        except ConfigurationError as error:
            why = str(error).rstrip(".")
            raise PaymentsMisconfigured(f"ALIVE402_LIMITS_URL cannot be used: {why}.") from error
        if not isinstance(storage, MovingWindowSupport):
            raise PaymentsMisconfigured("ALIVE402_LIMITS_URL cannot be used: its storage has no moving windows.")
        self._limiter = MovingWindowRateLimiter(storage)

    async def seconds_to_wait(self, whose: Iterable[tuple[RateLimitItem, str]]) -> int:
        """Seconds until all of them are under their limits; 0 when they are, or when the storage cannot be reached."""
        waits = [0]
        try:
            for limit, who in whose:
                if not await self._limiter.test(limit, who):
                    window = await self._limiter.get_window_stats(limit, who)
                    waits.append(max(1, math.ceil(window.reset_time - time.time())))
        except StorageError as error:
            # A paying caller is not rejected because the counters cannot be read.
            log.warning("rate limit storage unavailable", error=type(error.storage_error).__name__)
        return max(waits)

    async def count(self, whose: Iterable[tuple[RateLimitItem, str]]) -> None:
        """Count one event for each of them."""
        try:
            for limit, who in whose:
                await self._limiter.hit(limit, who)
        except StorageError as error:
            log.warning("rate limit storage unavailable", error=type(error.storage_error).__name__)


class FreeFailures:
    """Limits failed calls, which are free, per payer and per address; each limit like `20/hour`.

    `url` is the storage of the counters: `memory://` for this process, or one that several processes share, such as
    `redis://host:6379`. Calls in progress are not counted yet, so their number may exceed the limit.
    """

    def __init__(self, per_payer: str, per_address: str, url: str = "memory://") -> None:
        self._per_payer, self._per_address = parse(per_payer), parse(per_address)
        self._window = _Window(url)

    @asynccontextmanager
    async def guarded(self, payer: str | None, address: str | None) -> AsyncIterator[None]:
        """Let the block verify a payment, unless too many calls of this payer or from this address failed.

        A forged payment in the block counts as a failure of the address: the payer that it names did not sign it.
        `payer` None is the operator's own key, which is not limited.

        Raises:
            TooManyFailures: `retry_after` says when the next call may be tried.
        """
        if payer is not None and (wait := await self._window.seconds_to_wait(self._whose(payer, address))):
            raise TooManyFailures(wait)
        try:
            yield
        except PaymentInvalid:
            await self.count(None, address)
            raise

    @asynccontextmanager
    async def receiving(self, address: str | None) -> AsyncIterator[None]:
        """Let the block receive an upload; one that fails by its sender's fault counts as a failure of the address."""
        try:
            yield
        except CodedError as error:
            # Receiving a large or slow upload costs us, and costs its sender nothing.
            if error.status in _FAILED_UPLOAD:
                await self.count(None, address)
            raise

    async def count(self, payer: str | None, address: str | None) -> None:
        """Count a failed call. `payer` is None when the payer is not verified."""
        await self._window.count(self._whose(payer, address))

    def _whose(self, payer: str | None, address: str | None) -> Iterator[tuple[RateLimitItem, str]]:
        if payer is not None:
            yield self._per_payer, f"payer {payer}"
        if address is not None:
            yield self._per_address, f"address {_household(address)}"


class NewPayments:
    """Limits new payments per address, such as `60/hour`; `url` as in `FreeFailures`."""

    def __init__(self, per_address: str, url: str = "memory://") -> None:
        self._per_address = parse(per_address)
        self._window = _Window(url)

    async def admit(self, address: str | None) -> None:
        """Check the limit and count one payment.

        Raises:
            TooManyPayments: the limit is reached.
        """
        whose = [(self._per_address, f"new payments {_household(address)}")] if address is not None else []
        if wait := await self._window.seconds_to_wait(whose):
            raise TooManyPayments(wait)
        await self._window.count(whose)


class CallRate:
    """Limits the calls of one API key, such as `10/second`; `url` as in `FreeFailures`."""

    def __init__(self, per_key: str, url: str = "memory://") -> None:
        self._per_key = parse(per_key)
        self._window = _Window(url)

    async def admit(self, key_id: str) -> None:
        """Check the limit and count one call.

        Raises:
            TooManyCalls: the limit is reached.
        """
        whose = [(self._per_key, f"calls of {key_id}")]
        if wait := await self._window.seconds_to_wait(whose):
            raise TooManyCalls(wait)
        await self._window.count(whose)


class Guesses:
    """Limits wrong tokens, keys and secrets per address, such as `30/minute`; `url` as in `FreeFailures`.

    Every door that reads such a credential looks it up in `guarded`. At the limit nothing is looked up for the address,
    so that it cannot find a correct one either; other addresses are not affected.
    """

    def __init__(self, per_address: str, url: str = "memory://") -> None:
        self._per_address = parse(per_address)
        self._window = _Window(url)

    @asynccontextmanager
    async def guarded(self, address: str | None, *wrong: type[Exception]) -> AsyncIterator[None]:
        """Let the block look a credential up; a wrong one counts. `wrong` are more errors of the door that say so.

        Raises:
            TooManyGuesses: too many were wrong.
        """
        if wait := await self._window.seconds_to_wait(self._whose(address)):
            raise TooManyGuesses(wait)
        try:
            yield
        except Exception as error:
            await self.count(address, error, *wrong)
            raise

    async def count(self, address: str | None, error: Exception, *wrong: type[Exception]) -> None:
        """Count a refused credential if the error says that it is wrong, rather than used up or expired."""
        another = isinstance(error, TokenMismatch) and error.details.get("reason") == "client"
        if another or isinstance(error, (TokenUnknown, ApiKeyRefused, *wrong)):
            await self._window.count(self._whose(address))

    def offered(self, offer: Offer, *wrong: type[Exception]) -> AbstractAsyncContextManager[None]:
        """As `guarded`, where the offer has a token or a key; a signature cannot be guessed."""
        return self.guarded(offer.address, *wrong) if offer.token or offer.api_key else nullcontext()

    def _whose(self, address: str | None) -> list[tuple[RateLimitItem, str]]:
        return [(self._per_address, f"guesses {_household(address)}")] if address is not None else []


def _household(address: str) -> str:
    """The unit counted for an address: an IPv4 address, or a /64 network of IPv6, because one home has a whole /64."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))

"""Tests of rate limits by payer, address and key, with counters in memory."""

from __future__ import annotations

import pytest

from alive402.calls.rate_limits import CallRate, FreeFailures, Guesses, NewPayments
from alive402.payments.core import (
    ApiKeyRefused,
    PaymentInvalid,
    PaymentsMisconfigured,
    TokenExpired,
    TokenMismatch,
    TokenUnknown,
    TooManyCalls,
    TooManyFailures,
    TooManyGuesses,
    TooManyPayments,
)

pytestmark = pytest.mark.anyio


async def refused(limits: FreeFailures, payer: str | None, address: str | None) -> bool:
    try:
        async with limits.guarded(payer, address):
            return False
    except TooManyFailures as error:
        return 1 <= (error.retry_after or 0) <= 3600


async def test_payer_is_limited_at_any_address() -> None:
    limits = FreeFailures("2/hour", "100/hour")
    for _ in range(2):
        assert not await refused(limits, "0xa", "192.0.2.1")
        await limits.count("0xa", "192.0.2.1")
    assert await refused(limits, "0xa", "192.0.2.2")
    assert not await refused(limits, "0xb", "192.0.2.1")


@pytest.mark.parametrize(
    ("counted", "tried", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("unix socket", "unix socket", True),
    ],
)
async def test_address_is_an_ipv4_address_or_a_64_bit_network(counted: str, tried: str, same: bool) -> None:
    limits = FreeFailures("100/hour", "1/hour")
    await limits.count(None, counted)
    assert await refused(limits, "0xa", tried) is same


async def test_forged_payment_counts_for_its_address_only() -> None:
    limits = FreeFailures("1/hour", "1/hour")
    with pytest.raises(PaymentInvalid):
        async with limits.guarded("0xa", "192.0.2.1"):
            raise PaymentInvalid
    assert await refused(limits, "0xb", "192.0.2.1")
    assert not await refused(limits, "0xa", "192.0.2.2")


async def test_operators_key_is_not_limited() -> None:
    limits = FreeFailures("1/hour", "1/hour")
    await limits.count(None, "192.0.2.1")
    assert not await refused(limits, None, "192.0.2.1")


async def test_new_payments_and_calls_are_counted_per_address_and_key() -> None:
    payments, calls = NewPayments("1/hour"), CallRate("1/minute")
    await payments.admit("192.0.2.1")
    await payments.admit("192.0.2.2")
    await payments.admit(None)
    with pytest.raises(TooManyPayments):
        await payments.admit("192.0.2.1")
    await calls.admit("key 1")
    await calls.admit("key 2")
    with pytest.raises(TooManyCalls):
        await calls.admit("key 1")


async def test_unknown_storage_is_refused() -> None:
    with pytest.raises(PaymentsMisconfigured, match="ALIVE402_LIMITS_URL"):
        CallRate("1/hour", "nothing://here")


async def test_wrong_credentials_are_counted_by_address() -> None:
    guesses = Guesses("2/hour")

    async def tried(error: Exception | None, address: str = "192.0.2.1", *wrong: type[Exception]) -> str:
        try:
            async with guesses.guarded(address, *wrong):
                if error is not None:
                    raise error
        except TooManyGuesses as limited:
            return "limited" if 1 <= (limited.retry_after or 0) <= 3600 else f"limited for {limited.retry_after} s"
        except Exception as known:
            return type(known).__name__
        return "found"

    for harmless in (TokenExpired(), TokenMismatch(reason="service"), LookupError()):
        for _ in range(3):
            assert await tried(harmless) == type(harmless).__name__
    assert await tried(TokenUnknown()) == "TokenUnknown"
    assert await tried(None) == "found"
    assert await tried(TokenMismatch(reason="client")) == "TokenMismatch"
    assert await tried(None) == "limited"
    assert await tried(ApiKeyRefused(), "192.0.2.2") == "ApiKeyRefused"
    assert await tried(LookupError(), "192.0.2.2", LookupError) == "LookupError"
    assert await tried(ApiKeyRefused(), "192.0.2.2") == "limited"
    assert await tried(None, "192.0.2.3") == "found"

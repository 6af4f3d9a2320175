"""Challenges over a ledger as tests use them: a clock that the test moves, and several services at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TypeVar

from alive402.challenges import ChallengeRefused, ChallengeRow, Challenges, ChallengeState, ClaimedChallenge
from alive402.liveness import ChallengeOptions
from alive402.payments.ledger import Ledger

START = datetime(2026, 1, 1, tzinfo=UTC)
ANY = ChallengeOptions()
T = TypeVar("T")


class Shop:
    """Challenges with a clock that the test moves, and the transactions of calls."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.now = START
        self.challenges = Challenges(ledger, now=lambda: self.now)

    def later(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    async def begun(self, payer: str = "payer", bind: str | None = None) -> ChallengeRow:
        return await self.challenges.create(payer, ANY, bind, begin=True)

    async def claim(
        self,
        challenge_id: str,
        request_id: str,
        payer: str = "payer",
        bind: str | None = None,
        instead_of: str | None = None,
    ) -> ClaimedChallenge:
        async with self.ledger.session() as session:
            return await self.challenges.claim(session, challenge_id, payer, bind, request_id, instead_of=instead_of)

    async def release(self, challenge_id: str, request_id: str) -> None:
        async with self.ledger.session() as session:
            await self.challenges.release(session, challenge_id, request_id)

    async def finish(self, challenge_id: str, request_id: str, *, answered: bool) -> None:
        async with self.ledger.session() as session:
            await self.challenges.finish(session, challenge_id, request_id, answered=answered)

    async def state(self, challenge_id: str) -> ChallengeState:
        return (await self.challenges.find(challenge_id)).state(self.now)


def in_a_shop(url: str, story: Callable[[Shop], Awaitable[T]]) -> T:
    async def one() -> T:
        ledger = await Ledger.open(url, lease_seconds=30)
        try:
            return await story(Shop(ledger))
        finally:
            await ledger.close()

    return asyncio.run(one())


def at_once(url: str, many: int, story: Callable[[Shop, int], Awaitable[object]]) -> list[object]:
    """Run a story in `many` services that start together, each with connections of its own; returns what came out."""
    together = Barrier(many, timeout=30)

    def one(number: int) -> object:
        async def alone(shop: Shop) -> object:
            await shop.ledger.check()
            together.wait()
            try:
                return await story(shop, number)
            except ChallengeRefused as error:
                return error

        return in_a_shop(url, alone)

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(one, range(many)))

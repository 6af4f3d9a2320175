"""Tests of a token on PostgreSQL: bought at one service, used at two concurrently, never beyond its calls."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from alive402.demo import Buyer
from tests import postgresql
from tests.http.conftest import Service, Start

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def pair(start: Start) -> Iterator[tuple[Service, Service]]:
    """Two services on one ledger, each with its own dev chain."""
    programs = postgresql.binaries()
    if programs is None:
        pytest.skip(postgresql.NOT_INSTALLED)
    with postgresql.running(programs) as server:
        url = server.database()
        yield start(database_url=url), start(database_url=url)


async def test_one_call_at_two_services_is_one_answer(pair: tuple[Service, Service], videos: str) -> None:
    first, second = pair
    async with Buyer(first.url) as buyer:
        await buyer.fund()
        told = (await buyer.prepay(1)).json()
        assert (told["status"], told["remainingCalls"]) == ("paid", 1)
        uses = []
        for service in (first, second):
            buyer.url = service.url
            uses += [asyncio.create_task(buyer.spend(f"{videos}/face.mp4", buyer.token)) for _ in range(15)]
        answers = await asyncio.gather(*uses)
        assert {each.status_code for each in answers} <= {200, 409}
        good = [each for each in answers if each.status_code == 200]
        assert len({each.text for each in good}) == 1
        buyer.url = second.url
        again = await buyer.spend(f"{videos}/face.mp4", buyer.token)
        assert (again.status_code, again.text) == (200, good[0].text)
        other = await buyer.spend(f"{videos}/attack.mp4", buyer.token)
        assert (other.status_code, other.json()["code"]) == (402, "token_exhausted")
        missing = await buyer._plain.get(f"{second.url}/api/payments/%00")
        assert missing.status_code == 404

"""Tests of the paid call on PostgreSQL: one charge from two concurrent services, and a lost database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import httpx
import pytest
from eth_account import Account

from alive402.demo import Buyer
from tests import postgresql
from tests.http.challenging import begun, buy, clip, found, host, naming
from tests.http.conftest import Service, Start
from tests.http.facilitators import Facilitator

__all__ = ["clip", "host"]
pytestmark = pytest.mark.anyio
BOUGHT = ["created", "verified", "reserved", "executed", "settling", "settled", "consumed"]
PRICE = 200_000


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    programs = postgresql.binaries()
    if programs is None:
        pytest.skip(postgresql.NOT_INSTALLED)
    with postgresql.running(programs) as made:
        yield made


@pytest.fixture(scope="module")
def pair(start: Start, facilitator: Facilitator, server: postgresql.Server) -> tuple[Service, Service]:
    """Two services with one name and one ledger."""
    settings = {
        "database_url": server.database(),
        "network": "base-sepolia",
        "pay_to": Account.create().address,
        "facilitator_url": facilitator.url,
        "rpc_url": f"{facilitator.url}/devchain/rpc",
        "public_url": "http://alive402.test",
    }
    return start(**settings), start(**settings)


async def history(service: Service) -> list[str]:
    """The states of the newest payment."""
    async with service.parts.registry.ledger_services.ledger.begin() as payments:
        ((_, states),) = await payments.history(limit=1)
    return states


async def test_one_signature_at_two_services_is_charged_once(
    pair: tuple[Service, Service], facilitator: Facilitator, videos: str
) -> None:
    first, second = pair
    async with Buyer(first.url) as buyer:
        facilitator.chain.mint(buyer.account.address, 10 * PRICE)
        facilitator.fault = "down"
        assert (await buyer.pay(f"{videos}/face.mp4")).status_code == 503
        facilitator.fault = ""
        answers = []
        for service in (first, second):
            buyer.url = service.url
            answers += [asyncio.create_task(buyer.send(f"{videos}/face.mp4", buyer.signature)) for _ in range(15)]
        got = await asyncio.gather(*answers)
        assert {each.status_code for each in got} <= {200, 409}
        bought = [each.json() for each in got if each.status_code == 200]
        assert bought
        assert all(each == bought[0] for each in bought)
        for service in (second, first):
            buyer.url = service.url
            again = await buyer.send(f"{videos}/face.mp4", buyer.signature)
            assert (again.status_code, again.json()) == (200, bought[0])
        assert facilitator.chain.balance(buyer.account.address) == 9 * PRICE
        assert await history(first) == BOUGHT


async def test_challenge_is_used_at_one_of_two_services(
    pair: tuple[Service, Service], facilitator: Facilitator, host: str
) -> None:
    """Each service gets payments of its own for one challenge: one buys the answer, the others cost nothing."""
    database = str(pair[0].parts.settings.database_url)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(Buyer(pair[0].url))
        facilitator.chain.mint(first.account.address, 10 * PRICE)
        others = [await stack.enter_async_context(Buyer(each.url, first.account)) for each in (*pair, pair[1])]
        row = await begun(database, first.account.address)
        got = await asyncio.gather(*(buy(each, naming(host, row.id)) for each in (first, *others)))
        (bought,) = [body for status, body in got if status == 200]
        assert bought["data"]["Liveness"]["freshness"]["challenge_id"] == row.id
        refused = [(status, body["code"], body["details"]) for status, body in got if status != 200]
        assert refused == [(409, "challenge_used", {"requestId": bought["requestId"]})] * 3
        assert facilitator.chain.balance(first.account.address) == 9 * PRICE
    assert (await found(database, row.id)).request_id == bought["requestId"]


async def test_lost_database_charges_nobody(
    pair: tuple[Service, Service], facilitator: Facilitator, server: postgresql.Server, videos: str
) -> None:
    service, _ = pair
    async with Buyer(service.url) as buyer:
        facilitator.chain.mint(buyer.account.address, 10 * PRICE)
        with server.away():
            refused = await buyer.pay(f"{videos}/face.mp4")
            assert (refused.status_code, refused.json()["code"]) == (503, "ledger_unavailable")
        assert facilitator.chain.balance(buyer.account.address) == 10 * PRICE
        bought = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert bought.status_code == 200, bought.text
        assert facilitator.chain.balance(buyer.account.address) == 9 * PRICE


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/jobs/a%00b"),
        ("DELETE", "/api/jobs/a%00b"),
        ("GET", "/api/jobs/%00/events"),
        ("DELETE", "/api/calls/%00"),
    ],
)
async def test_id_that_the_database_cannot_store_is_unknown(
    pair: tuple[Service, Service], method: str, path: str
) -> None:
    service, _ = pair
    async with httpx.AsyncClient(base_url=service.url, headers={"X-Payment-Token": "no-such-token"}) as http:
        refused = await http.request(method, path)
    assert refused.status_code == 404, refused.text

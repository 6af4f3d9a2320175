"""Tests of a ledger that has lost payments: in every scheme the chain gives their buyers what they paid for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from alive402.demo import Buyer, receipt
from alive402.payments.devchain.genesis import WALLET_FACTORY
from alive402.payments.x402 import Sweep
from tests.http.conftest import Service, Start
from tests.http.facilitators import Facilitator, running_facilitator
from tests.http.permit2 import Choosing, accepted
from tests.http.test_duplicates import SCHEMES
from tests.smart_wallets import Form, SmartWallet, WalletBuyer, longer, wrapped
from tests.waiting import until

pytestmark = pytest.mark.anyio
PRICE = 200_000


@pytest.fixture(scope="module")
def facilitator() -> Iterator[Facilitator]:
    with running_facilitator(wallet_factories=(WALLET_FACTORY,)) as made:
        yield made


def opened(start: Start, facilitator: Facilitator, keys: Path | None = None, **more: object) -> Service:
    """A service with an empty ledger; with the `keys` of an earlier one, its ledger was emptied."""
    accepts = [accepted(facilitator, scheme, wallet_factories=[WALLET_FACTORY]) for scheme in SCHEMES]
    return start(accepts=accepts, **({"signing_key_file": keys} if keys else {}), **more)


@pytest.fixture(scope="module")
def shop(start: Start, facilitator: Facilitator) -> Service:
    return opened(start, facilitator)


def keys_of(shop: Service) -> Path:
    return shop.parts.settings.keys_file


def wallet(form: Form, **chosen: bool) -> Callable[[str, Facilitator], Buyer]:
    return lambda url, facilitator: WalletBuyer(url, SmartWallet(facilitator.chain, form, **chosen))


BUYERS: dict[str, Callable[[str, Facilitator], Buyer]] = {
    **{name: lambda url, _, likes=likes: Choosing(url, likes) for name, likes in SCHEMES.items()},  # type: ignore[misc]
    "new smart wallet": wallet(wrapped),
    "smart wallet": wallet(longer, deployed=True),
}


async def started(service: Service) -> Sweep:
    """The sweep of a service, once its first run is over."""
    assert service.parts.sweep is not None
    sweep = service.parts.sweep

    async def compared() -> bool:
        return all(each.complete for each in sweep.compared)

    await until(compared)
    return sweep


def address_of(buyer: Buyer) -> str:
    return buyer.wallet.address if isinstance(buyer, WalletBuyer) else buyer.account.address


def sum_of(service: Service) -> int:
    with sqlite3.connect(service.database) as connection:
        (found,) = connection.execute("SELECT sum(amount) FROM payments WHERE state = 'consumed'").fetchone()
    return int(found or 0)


@pytest.fixture(scope="module")
async def sold(shop: Service, facilitator: Facilitator, videos: str) -> dict[str, tuple[Buyer, httpx.Response]]:
    """Each buyer with the answer that was bought at the first shop."""
    found = {}
    for name, make in BUYERS.items():
        buyer = make(shop.url, facilitator)
        facilitator.chain.mint(address_of(buyer), PRICE)
        found[name] = buyer, await buyer.pay(f"{videos}/face.mp4")
        assert found[name][1].status_code == 200, (name, found[name][1].text)
    return found


@pytest.mark.parametrize("read", [True, False], ids=["after the sweep", "before the sweep"])
async def test_emptied_ledger_gives_every_buyer_an_answer(
    start: Start, shop: Service, sold: dict[str, tuple[Buyer, httpx.Response]], facilitator: Facilitator, videos: str,
    read: bool,
) -> None:  # fmt: skip
    # A new shop is not searched for lost payments, so that the second case has nothing before its buyers come.
    later = opened(start, facilitator, keys_of(shop) if read else None)
    sweep = await started(later)
    if not read:
        await sweep.prepare()
    for name, (buyer, first) in sold.items():
        buyer.url, money = later.url, facilitator.chain.balance(address_of(buyer))
        answer = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert answer.status_code == 200, (name, answer.text)
        assert facilitator.chain.balance(address_of(buyer)) == money
        assert answer.json()["requestId"] != first.json()["requestId"]
        assert receipt(answer).transaction == receipt(first).transaction
        assert receipt(answer).amount == receipt(first).amount
    assert sum_of(later) == sum_of(shop)
    (compared,) = await sweep.once()
    assert (compared.complete, compared.known, compared.recovered, compared.other) == (True, len(BUYERS), 0, 0)


async def test_healthy_ledger_answers_nobody_who_paid_another_service(
    start: Start, shop: Service, sold: dict[str, tuple[Buyer, httpx.Response]], facilitator: Facilitator, videos: str
) -> None:
    """A new shop at the same address has lost nothing: what others sold there buys nothing here."""
    other = opened(start, facilitator)
    (compared,) = await (await started(other)).once()
    assert (compared.known, compared.recovered, compared.other) == (0, 0, len(BUYERS))
    buyer, _ = sold["exact"]
    buyer.url = other.url
    refused = await buyer.send(f"{videos}/face.mp4", buyer.signature)
    assert (refused.status_code, refused.json()["charged"]) == (402, False)
    assert other.histories() == []


async def test_sweep_that_is_turned_off_recovers_nothing(
    start: Start, shop: Service, sold: dict[str, tuple[Buyer, httpx.Response]], facilitator: Facilitator, videos: str
) -> None:
    other = opened(start, facilitator, keys_of(shop), sweep_days=0)
    assert other.parts.sweep is None
    buyer, _ = sold["exact"]
    buyer.url = other.url
    assert (await buyer.send(f"{videos}/face.mp4", buyer.signature)).status_code == 402
    async with httpx.AsyncClient() as http:
        shown = (await http.get(f"{other.url}/readyz")).json()["chain"]
    assert shown == {"standing": "off", "recovered": 0, "recoveredAmount": "0"}


async def test_silent_node_refuses_nobody_who_may_have_paid(
    start: Start, shop: Service, sold: dict[str, tuple[Buyer, httpx.Response]], facilitator: Facilitator, videos: str
) -> None:
    """While it is not known whether the money moved before, a buyer is not asked to sign again."""
    other = opened(start, facilitator)
    await (await started(other)).prepare()
    facilitator.fault = "chain silent"
    buyer, _ = sold["exact"]
    buyer.url = other.url
    answer = await buyer.send(f"{videos}/face.mp4", buyer.signature)
    facilitator.fault = ""
    assert (answer.status_code, answer.json()["code"]) == (503, "facilitator_unavailable")

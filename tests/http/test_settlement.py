"""Tests of a remote facilitator that fails: no answer is unpaid, paid for twice, or lost.

The service runs its real-network path: the package's HTTP facilitator client, and a node's JSON-RPC. Both are answered
by a chain in this process, behind real sockets.
"""

from __future__ import annotations

import pytest
from eth_account import Account

from alive402.demo import Buyer, receipt
from alive402.payments.core import PaymentsMisconfigured
from tests.http.conftest import Service, Start
from tests.http.facilitators import Facilitator

pytestmark = pytest.mark.anyio
BOUGHT = ["created", "verified", "reserved", "executed", "settling", "settled", "consumed"]


@pytest.fixture(scope="module")
def remote(start: Start, facilitator: Facilitator) -> Service:
    return start(
        network="base-sepolia",
        pay_to=Account.create().address,
        facilitator_url=facilitator.url,
        rpc_url=f"{facilitator.url}/devchain/rpc",
    )


async def test_remote_facilitator_settles(remote: Service, healthy: Facilitator, videos: str) -> None:
    async with Buyer(remote.url) as buyer:
        healthy.chain.mint(buyer.account.address, 10**6)
        bought = await buyer.pay(f"{videos}/face.mp4")
        assert bought.status_code == 200, bought.text
        assert healthy.chain.balance(buyer.account.address) == 800_000
    assert remote.histories()[-1] == BOUGHT


async def test_same_signature_works_after_a_facilitator_outage(
    remote: Service, healthy: Facilitator, videos: str
) -> None:
    async with Buyer(remote.url) as buyer:
        healthy.chain.mint(buyer.account.address, 10**6)
        healthy.fault, known = "down", len(remote.histories())
        refused = await buyer.pay(f"{videos}/face.mp4")
        assert (refused.status_code, refused.json()["code"]) == (503, "facilitator_unavailable")
        assert refused.json()["charged"] is False
        assert refused.headers["Retry-After"]
        assert "PAYMENT-REQUIRED" not in refused.headers
        assert len(remote.histories()) == known
        healthy.fault = ""
        assert (await buyer.send(f"{videos}/face.mp4", buyer.signature)).status_code == 200
        assert healthy.chain.balance(buyer.account.address) == 800_000


async def test_lost_settle_answer_is_found_on_chain(remote: Service, healthy: Facilitator, videos: str) -> None:
    async with Buyer(remote.url) as buyer:
        healthy.chain.mint(buyer.account.address, 10**6)
        healthy.fault = "loses the answer"
        bought = await buyer.pay(f"{videos}/face.mp4")
        assert bought.status_code == 200, bought.text
        mined = healthy.chain.web3.eth.get_transaction_receipt(receipt(bought).transaction)  # type: ignore[arg-type]
        assert mined["status"] == 1
        assert healthy.chain.balance(buyer.account.address) == 800_000
    assert remote.histories()[-1] == BOUGHT


async def test_same_payment_resolves_an_unknown_settlement(remote: Service, healthy: Facilitator, videos: str) -> None:
    async with Buyer(remote.url) as buyer:
        healthy.chain.mint(buyer.account.address, 10**6)
        healthy.fault, before = "chain silent", healthy.settled
        unknown = await buyer.pay(f"{videos}/face.mp4")
        assert (unknown.status_code, unknown.json()["code"]) == (503, "settlement_unknown")
        assert unknown.json()["charged"] is None
        assert "PAYMENT-REQUIRED" not in unknown.headers
        other = await buyer.send(f"{videos}/attack.mp4", buyer.signature)
        assert (other.status_code, other.json()["code"]) == (409, "payment_spent")
        healthy.fault = ""
        bought = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert bought.status_code == 200, bought.text
        assert bought.json()["requestId"] == unknown.json()["requestId"]
        assert healthy.settled == before + 1
        assert healthy.chain.balance(buyer.account.address) == 800_000
    history = remote.histories()[-1]
    assert history == [*BOUGHT[:5], "settle_unknown", "settling", "settling", "settled", "consumed"]


async def test_unsent_settlement_is_sent_again(remote: Service, healthy: Facilitator, videos: str) -> None:
    async with Buyer(remote.url) as buyer:
        healthy.chain.mint(buyer.account.address, 10**6)
        healthy.fault = "silent"
        unknown = await buyer.pay(f"{videos}/face.mp4")
        assert (unknown.status_code, unknown.json()["code"]) == (503, "settlement_unknown")
        assert healthy.chain.balance(buyer.account.address) == 10**6
        healthy.fault = ""
        assert (await buyer.send(f"{videos}/face.mp4", buyer.signature)).status_code == 200
        assert healthy.chain.balance(buyer.account.address) == 800_000
    assert remote.histories()[-1].count("executed") == 1


async def test_refused_settlement_returns_no_answer(remote: Service, healthy: Facilitator, videos: str) -> None:
    async with Buyer(remote.url) as buyer:
        healthy.chain.mint(buyer.account.address, 10**6)
        healthy.fault = "refuses"
        refused = await buyer.pay(f"{videos}/face.mp4")
        assert (refused.status_code, refused.json()["code"]) == (402, "settlement_refused")
        assert refused.json()["charged"] is False
        assert "data" not in refused.json()
        assert healthy.chain.balance(buyer.account.address) == 10**6
        healthy.fault = ""
        bought = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert bought.status_code == 200
        assert healthy.chain.balance(buyer.account.address) == 800_000
    history = remote.histories()[-1]
    assert history.count("reserved") == 1
    assert history[-6:] == ["settling", "failed", "executed", "settling", "settled", "consumed"]


async def test_facilitator_of_another_network_stops_the_start(facilitator: Facilitator) -> None:
    from alive402.http.wiring import assemble
    from alive402.settings import Settings

    elsewhere = Settings(
        network="base",
        pay_to=Account.create().address,
        facilitator_url=facilitator.url,  # type: ignore[arg-type]
        rpc_url=f"{facilitator.url}/devchain/rpc",  # type: ignore[arg-type]
        database_url="sqlite+aiosqlite:///:memory:",
    )
    with pytest.raises(PaymentsMisconfigured, match=r"does not settle `exact` payments on eip155:8453"):
        await assemble(elsewhere)

"""Tests of a remote facilitator and node of Solana that fail: no answer is unpaid, paid for twice, or lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("solders", reason="needs the extra `solana`")

from solders.keypair import Keypair

from alive402.demo import receipt
from alive402.http.wiring import assemble
from alive402.payments.core import PaymentsMisconfigured, RefundRefused
from alive402.payments.devchain.solana import MINT
from alive402.payments.x402 import mark_refunded, method
from alive402.payments.x402.options import PaymentOptions
from alive402.payments.x402.reconciler import Reconciler, Swept
from alive402.settings import Settings
from tests.http.conftest import Service, Start
from tests.http.facilitators import serving
from tests.http.permit2 import read
from tests.http.solana import SolanaBuyer, SolanaFacilitator
from tests.http.test_duplicates import COPIES, LateVerification, check, copies, signature
from tests.http.test_settlement import BOUGHT

pytestmark = pytest.mark.anyio
PRICE = 200_000
SHOP = Keypair()


@pytest.fixture(scope="module")
def facilitator() -> Iterator[SolanaFacilitator]:
    with serving(SolanaFacilitator) as made:
        made.chain.mint(str(SHOP.pubkey()), 0)
        yield made


@pytest.fixture(scope="module")
def remote(start: Start, facilitator: SolanaFacilitator) -> Service:
    return shop(start, facilitator)


def shop(start: Start, facilitator: SolanaFacilitator, **more: object) -> Service:
    return start(
        network="solana-devnet",
        pay_to=str(SHOP.pubkey()),
        facilitator_url=facilitator.url,
        rpc_url=f"{facilitator.url}/devchain/solana/rpc",
        **more,
    )


@pytest.fixture
def healthy(facilitator: SolanaFacilitator) -> Iterator[SolanaFacilitator]:
    yield facilitator
    facilitator.fault = ""


@pytest.fixture
async def buyer(remote: Service, healthy: SolanaFacilitator) -> SolanaBuyer:
    made = SolanaBuyer(remote.url, f"{healthy.url}/devchain/solana/rpc")
    healthy.chain.mint(made.address, 5 * PRICE)
    return made


async def test_remote_facilitator_settles(
    remote: Service, healthy: SolanaFacilitator, buyer: SolanaBuyer, videos: str
) -> None:
    async with buyer:
        bought = await buyer.pay(f"{videos}/face.mp4")
        assert bought.status_code == 200, bought.text
        assert healthy.chain.balance(buyer.address) == 4 * PRICE
    assert remote.histories()[-1] == BOUGHT


async def test_emptied_ledger_gives_its_buyer_an_answer(
    start: Start, remote: Service, healthy: SolanaFacilitator, buyer: SolanaBuyer, videos: str
) -> None:
    async with buyer:
        first = await buyer.pay(f"{videos}/face.mp4")
        assert first.status_code == 200, first.text
        later = shop(start, healthy, signing_key_file=remote.parts.settings.keys_file)
        assert later.parts.sweep is not None
        await later.parts.sweep.once()
        buyer.url = later.url
        again = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert again.status_code == 200, again.text
        assert receipt(again).transaction == receipt(first).transaction
        assert healthy.chain.balance(buyer.address) == 4 * PRICE


async def test_lost_settle_answer_is_found_on_chain(
    remote: Service, healthy: SolanaFacilitator, buyer: SolanaBuyer, videos: str
) -> None:
    healthy.fault = "loses the answer"
    async with buyer:
        bought = await buyer.pay(f"{videos}/face.mp4")
        assert bought.status_code == 200, bought.text
        found = receipt(bought)
        assert healthy.chain.history.find(found.transaction) is not None
        assert (found.payer, found.amount) == (buyer.address, str(PRICE))
        assert healthy.chain.balance(buyer.address) == 4 * PRICE
    assert remote.histories()[-1] == BOUGHT


async def test_unknown_settlement_is_finished_by_the_same_payment(
    remote: Service, healthy: SolanaFacilitator, buyer: SolanaBuyer, videos: str
) -> None:
    async with buyer:
        signature = await buyer.sign(f"{videos}/face.mp4")
        healthy.fault = "chain silent"
        lost = await buyer.send(f"{videos}/face.mp4", signature)
        assert (lost.status_code, lost.json()["code"], lost.json()["charged"]) == (503, "settlement_unknown", None)
        healthy.fault = ""
        # Long after the payment's life.
        healthy.chain.skip(3_600)
        again = await buyer.send(f"{videos}/face.mp4", signature)
        assert again.status_code == 200, again.text
        assert healthy.chain.balance(buyer.address) == 4 * PRICE


async def test_reconciler_expires_what_can_move_no_more(
    remote: Service, healthy: SolanaFacilitator, buyer: SolanaBuyer, videos: str
) -> None:
    gate, ledger = remote.parts.registry.first.gate, remote.parts.registry.ledger_services.ledger
    healthy.fault = "silent"
    async with buyer:
        lost = await buyer.pay(f"{videos}/face.mp4")
        assert lost.json()["code"] == "settlement_unknown"
        assert await Reconciler(ledger, gate).sweep() == Swept(unknown=1)
        healthy.chain.skip(900)
        assert await Reconciler(ledger, gate).sweep() == Swept(expired=1)
        assert remote.histories()[-1][-1] == "expired"
        healthy.fault = ""
        dead = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert (dead.status_code, dead.json()["charged"]) == (402, False)
        assert (await buyer.pay(f"{videos}/face.mp4")).status_code == 200
        assert healthy.chain.balance(buyer.address) == 4 * PRICE


async def test_late_money_pays_the_first_answer(
    remote: Service, healthy: SolanaFacilitator, buyer: SolanaBuyer, videos: str
) -> None:
    gate, ledger = remote.parts.registry.first.gate, remote.parts.registry.ledger_services.ledger
    healthy.fault = "refuses"
    async with buyer:
        refused = await buyer.pay(f"{videos}/face.mp4")
        assert refused.json()["code"] == "settlement_refused"
        healthy.fault = ""
        other = await buyer.send(f"{videos}/attack.mp4", buyer.signature)
        assert (other.status_code, other.json()["code"]) == (409, "payment_spent")
        payment = read(buyer.signature)
        assert (await healthy.inner().settle(payment, payment.accepted)).success
        await Reconciler(ledger, gate).sweep()
        assert remote.histories()[-1][-1] == "consumed"
        assert (await buyer.send(f"{videos}/face.mp4", buyer.signature)).status_code == 200
        assert healthy.chain.balance(buyer.address) == 4 * PRICE


async def test_payment_that_dies_during_the_work_costs_nothing(
    remote: Service, healthy: SolanaFacilitator, buyer: SolanaBuyer, videos: str
) -> None:
    async with buyer:
        signature = await buyer.sign(f"{videos}/face.mp4")
        healthy.fault = "slow to settle"
        refused = await buyer.send(f"{videos}/face.mp4", signature)
        assert (refused.status_code, refused.json()["code"]) == (402, "settlement_refused")
        assert healthy.chain.balance(buyer.address) == 5 * PRICE
        healthy.fault = ""
        assert (await buyer.pay(f"{videos}/face.mp4")).status_code == 200


async def test_payment_that_dies_while_it_waits_costs_no_work(
    remote: Service, healthy: SolanaFacilitator, buyer: SolanaBuyer, videos: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(method, "FRESH_SECONDS", 0.0)
    healthy.fault = "slow after verifying"
    async with buyer:
        refused = await buyer.send(f"{videos}/face.mp4", await buyer.sign(f"{videos}/face.mp4"))
        assert (refused.status_code, refused.json()["code"]) == (402, "payment_invalid")
        assert healthy.chain.balance(buyer.address) == 5 * PRICE
    assert remote.histories()[-1] == ["created", "verified", "reserved", "released"]


async def test_refund_counts_once(remote: Service, healthy: SolanaFacilitator, buyer: SolanaBuyer, videos: str) -> None:
    ledger, options = remote.parts.registry.ledger_services.ledger, remote.parts.registry.first.gate._options
    assert isinstance(options, PaymentOptions)
    async with buyer:
        paid = [receipt(await buyer.pay(f"{videos}/face.mp4")).transaction for _ in range(2)]
    healthy.chain.mint(str(SHOP.pubkey()), 0)
    refund = healthy.chain.transfer(SHOP, buyer.address, PRICE)
    assert len(refund) > 80
    marked = await mark_refunded(ledger, options, paid[0], refund)
    assert (marked.refund, marked.transaction, marked.asset) == (refund, paid[0], MINT)
    with pytest.raises(RefundRefused, match="already counts for another refund"):
        await mark_refunded(ledger, options, paid[1], refund)


async def test_service_does_not_start_on_another_chain_or_without_an_account(facilitator: SolanaFacilitator) -> None:
    given = {"pay_to": str(SHOP.pubkey()), "facilitator_url": facilitator.url}
    node = {"rpc_url": f"{facilitator.url}/devchain/solana/rpc"}
    with pytest.raises(PaymentsMisconfigured, match="does not settle `exact` payments on solana:5eykt4Us"):
        await assemble(Settings(network="solana", **given, **node))  # type: ignore[arg-type]
    given["pay_to"] = str(Keypair().pubkey())
    with pytest.raises(PaymentsMisconfigured, match="spl-token create-account"):
        await assemble(Settings(network="solana-devnet", **given, **node))  # type: ignore[arg-type]


async def test_copy_that_is_verified_after_the_settlement_is_not_refused(
    remote: Service, healthy: SolanaFacilitator, buyer: SolanaBuyer, videos: str
) -> None:
    async with buyer:
        url = f"{videos}/face.mp4"
        payment = await signature(buyer, healthy, url)
        LateVerification(healthy)
        check(await copies(buyer, url, payment, COPIES))
        assert healthy.chain.balance(buyer.address) == 4 * PRICE
    healthy.before_verifying = type(healthy).before_verifying

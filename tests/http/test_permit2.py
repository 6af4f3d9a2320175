"""Tests of payment by Permit2: the official client pays, one signed transfer is one charge, lost answers are found."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import Any

import httpx
import pytest
from x402.mechanisms.evm.constants import PERMIT2_ADDRESS

from alive402.demo import TOOL_PATH, Buyer, receipt
from alive402.http.wiring import assemble
from alive402.payments.core import PaymentsMisconfigured
from alive402.payments.devchain import TOKEN_ADDRESS
from alive402.settings import Settings
from tests.http.conftest import Service, Start
from tests.http.facilitators import Facilitator
from tests.http.permit2 import Choosing, accepted, accepting, by_permit2, edited, read, unbound
from tests.http.required import header_of

pytestmark = pytest.mark.anyio
BOUGHT = ["created", "verified", "reserved", "executed", "settling", "settled", "consumed"]
USES = 100


@pytest.fixture(scope="module")
def remote(start: Start, facilitator: Facilitator) -> Service:
    return start(accepts=[accepted(facilitator, "permit2")])


@pytest.fixture(scope="module")
def both(start: Start, facilitator: Facilitator) -> Service:
    """A service that accepts one token in both schemes named `exact`."""
    return start(accepts=[accepted(facilitator, "exact"), accepted(facilitator, "permit2", price=150_000)])


async def funded(service: Service, facilitator: Facilitator) -> Buyer:
    buyer = Buyer(service.url)
    await asyncio.to_thread(facilitator.chain.mint, buyer.account.address, 10**6)
    return buyer


async def test_official_client_pays_by_permit2_on_the_dev_chain(start: Start, videos: str) -> None:
    service = start(scheme="permit2")
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        asked = await buyer.ask(f"{videos}/face.mp4")
        (offer,) = header_of(asked)["accepts"]
        assert (offer["scheme"], offer["extra"]["assetTransferMethod"]) == ("exact", "permit2")
        # Version 1 does not have the scheme.
        assert asked.json()["x402Version"] == 2
        before = await buyer.balance(TOKEN_ADDRESS)
        bought = await buyer.pay(f"{videos}/face.mp4")
        assert bought.status_code == 200, bought.text
        assert receipt(bought).amount == "200000"
        assert before - await buyer.balance(TOKEN_ADDRESS) == 200_000
        again = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert (again.status_code, again.json()) == (200, bought.json())
        other = await buyer.send(f"{videos}/attack.mp4", buyer.signature)
        assert (other.status_code, other.json()["code"]) == (409, "payment_spent")
        assert before - await buyer.balance(TOKEN_ADDRESS) == 200_000
    assert service.histories() == [BOUGHT]


async def test_hundred_copies_of_one_payment_are_one_charge(remote: Service, healthy: Facilitator, videos: str) -> None:
    async with await funded(remote, healthy) as buyer:
        asked = await buyer.ask(f"{videos}/face.mp4")
        assert asked.status_code == 402
        known = len(remote.histories())
        # A call that fails signs a payment and gives it back.
        assert (await buyer.pay(f"{videos}/cut.mp4")).json()["charged"] is False
        answers = await asyncio.gather(*[buyer.send(f"{videos}/face.mp4", buyer.signature) for _ in range(USES)])
        assert 10**6 - healthy.chain.balance(buyer.account.address) == 200_000
        good = [answer.json() for answer in answers if answer.status_code == 200]
        late = {(answer.status_code, answer.json()["code"]) for answer in answers if answer.status_code != 200}
        assert good
        assert len({json.dumps(body, sort_keys=True) for body in good}) == 1
        assert late <= {(409, "payment_in_use")}
        assert (await buyer.send(f"{videos}/face.mp4", buyer.signature)).json() == good[0]
    assert [states[-1] for states in remote.histories()[known:]] == ["consumed"]


@pytest.mark.parametrize("nonce", ["0{}", "00000{}"])
async def test_other_spelling_of_a_nonce_is_the_same_payment(
    remote: Service, healthy: Facilitator, videos: str, nonce: str
) -> None:
    async with await funded(remote, healthy) as buyer:
        bought = await buyer.pay(f"{videos}/face.mp4")
        assert bought.status_code == 200, bought.text
        said = read(buyer.signature).payload["permit2Authorization"]["nonce"]
        again = await buyer.send(f"{videos}/face.mp4", edited(buyer.signature, nonce=nonce.format(said)[-78:]))
        assert again.status_code in (200, 400)
        if len(nonce.format(said)) <= 78:
            assert again.json() == bought.json()
        assert 10**6 - healthy.chain.balance(buyer.account.address) == 200_000


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "0x07"},
        {"nonce": str(2**256)},
        {"nonce": 7},
        {"deadline": "9999999999"},
        {"from": "0x1"},
        {"permitted": {"token": "0x" + "1" * 40, "amount": "200000"}},
        {"permitted": "all"},
        {"witness": {}},
        {"witness": None},
    ],
    ids=str,
)
async def test_malformed_transfer_is_refused(
    remote: Service, healthy: Facilitator, videos: str, changes: dict[str, Any]
) -> None:
    async with await funded(remote, healthy) as buyer:
        await buyer.pay(f"{videos}/cut.mp4")
        refused = await buyer.send(f"{videos}/face.mp4", edited(buyer.signature, **changes))
        assert (refused.status_code, refused.json()["code"]) == (400, "payment_malformed")


async def test_changed_transfer_is_refused_by_the_facilitator(
    remote: Service, healthy: Facilitator, videos: str
) -> None:
    async with await funded(remote, healthy) as buyer:
        await buyer.pay(f"{videos}/cut.mp4")
        forged = edited(buyer.signature, nonce="7")
        refused = await buyer.send(f"{videos}/face.mp4", forged)
        assert (refused.status_code, refused.json()["code"]) == (402, "payment_invalid")


async def test_payer_without_an_approval_is_refused_with_the_reason(
    remote: Service, healthy: Facilitator, videos: str
) -> None:
    chain = healthy.chain
    async with Buyer(remote.url, chain._operator) as buyer:
        chain.mint(chain.operator, 10**6)
        call = chain.token.encode_abi("approve", args=[PERMIT2_ADDRESS, 0])
        chain.send({"to": chain.token.address, "data": call})  # type: ignore[typeddict-item]
        refused = await buyer.pay(f"{videos}/face.mp4")
        assert (refused.status_code, refused.json()["code"]) == (402, "payment_invalid")
        assert refused.json()["details"]["reason"] == "permit2_allowance_required"
        healthy.fault = "chain silent"
        again = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert (again.status_code, again.json()["code"]) == (402, "payment_invalid")


async def test_spent_payment_buys_nothing_from_a_ledger_that_does_not_know_it(
    start: Start, remote: Service, healthy: Facilitator, videos: str
) -> None:
    """The facilitator's verify finds a spent transfer valid, so the chain is asked before the work."""
    async with await funded(remote, healthy) as buyer:
        assert (await buyer.pay(f"{videos}/face.mp4")).status_code == 200
        other = start(accepts=[accepted(healthy, "permit2")])
        buyer.url = other.url
        signature = unbound(buyer.signature)
        refused = await buyer.send(f"{videos}/face.mp4", signature)
        assert (refused.status_code, refused.json()["code"]) == (402, "payment_invalid"), refused.text
        assert refused.json()["details"]["reason"] == "nonce_used"
        healthy.fault = "chain silent"
        unsure = await buyer.send(f"{videos}/face.mp4", signature)
        assert (unsure.status_code, unsure.json()["code"]) == (503, "facilitator_unavailable")
    assert other.histories() == []


async def test_lost_settle_answer_is_found_on_chain(remote: Service, healthy: Facilitator, videos: str) -> None:
    async with await funded(remote, healthy) as buyer:
        healthy.fault = "loses the answer"
        bought = await buyer.pay(f"{videos}/face.mp4")
        assert bought.status_code == 200, bought.text
        mined = healthy.chain.web3.eth.get_transaction_receipt(receipt(bought).transaction)  # type: ignore[arg-type]
        assert (mined["status"], receipt(bought).amount) == (1, "200000")
        assert healthy.chain.balance(buyer.account.address) == 800_000
    assert remote.histories()[-1] == BOUGHT


async def test_same_payment_resolves_an_unknown_settlement(remote: Service, healthy: Facilitator, videos: str) -> None:
    async with await funded(remote, healthy) as buyer:
        assert (await buyer.pay(f"{videos}/cut.mp4")).json()["charged"] is False
        healthy.fault = "then all is silent"
        unknown = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert (unknown.status_code, unknown.json()["code"]) == (503, "settlement_unknown")
        assert unknown.json()["charged"] is None
        healthy.fault = ""
        bought = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert bought.status_code == 200, bought.text
        assert healthy.chain.balance(buyer.account.address) == 800_000


@pytest.mark.parametrize("fault", ["silent", "refuses"])
async def test_unsent_settlement_is_sent_again(remote: Service, healthy: Facilitator, videos: str, fault: str) -> None:
    async with await funded(remote, healthy) as buyer:
        healthy.fault = fault
        refused = await buyer.pay(f"{videos}/face.mp4")
        assert refused.json()["code"] == {"silent": "settlement_unknown", "refuses": "settlement_refused"}[fault]
        assert healthy.chain.balance(buyer.account.address) == 10**6
        healthy.fault = ""
        assert (await buyer.send(f"{videos}/face.mp4", buyer.signature)).status_code == 200
        assert healthy.chain.balance(buyer.account.address) == 800_000


async def test_one_token_is_accepted_in_both_exact_schemes(both: Service, healthy: Facilitator, videos: str) -> None:
    async with await funded(both, healthy) as buyer:
        asked = await buyer.ask(f"{videos}/face.mp4")
        offers = header_of(asked)["accepts"]
        assert [offer["extra"].get("assetTransferMethod") for offer in offers] == [None, "permit2"]
        assert len(asked.headers["PAYMENT-REQUIRED"]) <= 2_200
        # Only EIP-3009 is in the body of version 1.
        (old,) = asked.json()["accepts"]
        assert (old["network"], old["maxAmountRequired"], old["extra"]) == (
            "base-sepolia", "200000", {"name": "USDC", "version": "2"},
        )  # fmt: skip
        assert (await buyer.pay(f"{videos}/face.mp4")).status_code == 200
        assert healthy.chain.balance(buyer.account.address) == 800_000
    async with Choosing(both.url, by_permit2) as buyer:
        healthy.chain.mint(buyer.account.address, 10**6)
        bought = await buyer.pay(f"{videos}/face.mp4")
        assert bought.status_code == 200, bought.text
        assert healthy.chain.balance(buyer.account.address) == 850_000


@pytest.mark.parametrize(
    "changes",
    [{"amount": "200000"}, {"extra": {"assetTransferMethod": "barter"}}, {"scheme": "barter"}],
    ids=str,
)
async def test_terms_of_another_scheme_never_fit(
    both: Service, healthy: Facilitator, videos: str, changes: dict[str, Any]
) -> None:
    async with Choosing(both.url, by_permit2) as buyer:
        healthy.chain.mint(buyer.account.address, 10**6)
        await buyer.pay(f"{videos}/cut.mp4")
        # The amount of the EIP-3009 offer, whose other terms all fit.
        mixed = await buyer.send(f"{videos}/face.mp4", accepting(buyer.signature, **changes))
        assert (mixed.status_code, mixed.json()["code"]) == (402, "payment_mismatch")


async def test_prepaid_payment_by_permit2(remote: Service, healthy: Facilitator, videos: str) -> None:
    async with await funded(remote, healthy) as buyer:
        paid = await buyer.prepay(3)
        assert paid.status_code == 200, paid.text
        assert healthy.chain.balance(buyer.account.address) == 400_000
        assert (await buyer.spend(f"{videos}/face.mp4", buyer.token)).status_code == 200
        assert healthy.chain.balance(buyer.account.address) == 400_000


async def test_ledger_holds_the_nonce_as_a_decimal_number(remote: Service, healthy: Facilitator, videos: str) -> None:
    async with await funded(remote, healthy) as buyer:
        assert (await buyer.pay(f"{videos}/face.mp4")).status_code == 200
        signed = read(buyer.signature).payload["permit2Authorization"]
    with sqlite3.connect(remote.database) as connection:
        row = connection.execute(
            "SELECT nonce, amount, valid_before FROM payments WHERE payer = ?", [buyer.account.address.lower()]
        ).fetchall()
    assert row == [(signed["nonce"], 200_000, int(signed["deadline"]))]


async def test_settings_choose_the_scheme(facilitator: Facilitator) -> None:
    twice = [accepted(facilitator, "permit2"), accepted(facilitator, "permit2", network="eip155:84532")]
    with pytest.raises(PaymentsMisconfigured, match="names one twice"):
        await assemble(Settings(accepts=twice))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="scheme"):
        Settings(accepts=[accepted(facilitator, "barter")])  # type: ignore[arg-type]


async def test_permit2_needs_no_name_of_an_unknown_token(start: Start, facilitator: Facilitator) -> None:
    unknown = "0x" + "ab" * 20
    service = start(accepts=[accepted(facilitator, "permit2", asset=unknown)])
    async with httpx.AsyncClient() as http:
        (offer,) = header_of(await http.post(service.url + TOOL_PATH))["accepts"]
    assert offer["extra"] == {"assetTransferMethod": "permit2"}

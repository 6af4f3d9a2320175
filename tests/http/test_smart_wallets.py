"""Buyers with a smart wallet, at the real HTTP routes: deployed (ERC-1271) and not yet deployed (ERC-6492)."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from eth_account import Account
from x402 import x402Client
from x402.http.utils import decode_payment_required_header, encode_payment_signature_header
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.exact.v1.client import ExactEvmSchemeV1
from x402.schemas.v1 import PaymentRequirementsV1

from alive402.demo import TOOL_PATH, receipt
from alive402.payments.devchain import TOKEN_ADDRESS, WALLET_FACTORY
from tests.e2e.pages import ROOT
from tests.http.conftest import Service, Start
from tests.http.facilitators import Facilitator, running_facilitator
from tests.smart_wallets import Form, SmartWallet, WalletBuyer, longer, plain, strangers, wrapped

pytestmark = pytest.mark.anyio
BOUGHT = ["created", "verified", "reserved", "executed", "settling", "settled", "consumed"]
USES = 100
PRICE = 200_000


@pytest.fixture(scope="module")
def shop(start: Start) -> Service:
    """A service on the dev chain whose operator lists the chain's factory."""
    return start(wallet_factories=[WALLET_FACTORY.lower()])


@pytest.fixture(scope="module")
def facilitator() -> Iterator[Facilitator]:
    with running_facilitator(wallet_factories=(WALLET_FACTORY,)) as made:
        yield made


def wallet_at(service: Service, form: Form, **chosen: Any) -> SmartWallet:
    return SmartWallet(service.parts.devchain, form, **chosen)


def with_signature(header: str, change: Any) -> str:
    """The payment with another signature of the same authorization."""
    payment = json.loads(base64.b64decode(header))
    payment["payload"]["signature"] = change(payment["payload"]["signature"])
    return base64.b64encode(json.dumps(payment).encode()).decode()


@pytest.mark.parametrize(
    ("form", "deployed"), [(plain, True), (longer, True), (wrapped, False)], ids=["65 bytes", "66 bytes", "undeployed"]
)
async def test_smart_wallet_buys_an_answer(shop: Service, videos: str, form: Form, deployed: bool) -> None:
    wallet = wallet_at(shop, form, deployed=deployed)
    async with WalletBuyer(shop.url, wallet) as buyer:
        bought = await buyer.pay(f"{videos}/face.mp4")
        assert bought.status_code == 200, bought.text
        assert receipt(bought).payer == wallet.address
        assert wallet.deployed
        again = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert again.json() == bought.json()
        other = await buyer.send(f"{videos}/attack.mp4", buyer.signature)
        assert (other.status_code, other.json()["code"]) == (409, "payment_spent")
    assert shop.parts.devchain.balance(wallet.address) == 10**6 - PRICE
    assert shop.histories()[-1] == BOUGHT


async def test_smart_wallet_pays_ahead(shop: Service, videos: str) -> None:
    wallet = wallet_at(shop, wrapped)
    async with WalletBuyer(shop.url, wallet) as buyer:
        assert (await buyer.prepay(2)).status_code == 200
        assert (await buyer.spend(f"{videos}/face.mp4", buyer.token)).status_code == 200
    assert shop.parts.devchain.balance(wallet.address) == 10**6 - 2 * PRICE


@pytest.mark.parametrize(
    ("form", "chosen", "reason"),
    [
        (wrapped, {"factory": Account.create().address}, "eip6492_factory_not_allowed"),
        (longer, {}, "invalid_exact_evm_payload_undeployed_smart_wallet"),
        (strangers, {"deployed": True}, "invalid_exact_evm_payload_signature"),
        (longer, {"deployed": True, "money": 1}, "invalid_exact_evm_insufficient_balance"),
    ],
    ids=["unlisted factory", "undeployed without wrapper", "wrong owner", "too little money"],
)
async def test_payment_that_could_not_settle_is_refused_and_free(
    shop: Service, videos: str, form: Form, chosen: dict[str, Any], reason: str
) -> None:
    wallet, known = wallet_at(shop, form, **chosen), shop.histories()
    async with WalletBuyer(shop.url, wallet) as buyer:
        refused = await buyer.pay(f"{videos}/face.mp4")
    assert (refused.status_code, refused.json()["code"]) == (402, "payment_invalid")
    assert (refused.json()["details"], refused.json()["charged"]) == ({"reason": reason}, False)
    assert shop.parts.devchain.balance(wallet.address) == chosen.get("money", 10**6)
    assert shop.histories() == known


async def test_no_factory_is_listed_by_default(service: Service, videos: str) -> None:
    async with WalletBuyer(service.url, wallet_at(service, wrapped)) as buyer:
        refused = await buyer.pay(f"{videos}/face.mp4")
    assert refused.json()["details"] == {"reason": "eip6492_factory_not_allowed"}


async def test_hundred_signatures_of_one_authorization_are_one_charge(shop: Service, videos: str) -> None:
    """A wallet takes several signatures for one authorization: the nonce is the payment, not the signature."""
    wallet, known = wallet_at(shop, longer, deployed=True), len(shop.histories())
    url = f"{videos}/face.mp4"
    async with WalletBuyer(shop.url, wallet) as buyer:
        signature = await _signed(buyer, url)
        others = [with_signature(signature, partial(_ending, end=f"{n:02x}")) for n in range(USES // 2)]
        sent = [signature] * (USES // 2) + others
        answers = await asyncio.gather(*[buyer.send(url, each) for each in sent])
        codes = Counter(each.json()["code"] for each in answers)
        assert codes["200"] >= 1
        assert set(codes) <= {"200", "payment_in_use", "payment_spent"}, codes
        assert len({each.text for each in answers if each.status_code == 200}) == 1
        later = [(await buyer.send(url, each)).json()["code"] for each in (signature, *others[1:3])]
        assert Counter(later)["200"] <= 1
        assert set(later) <= {"200", "payment_spent"}
    assert shop.parts.devchain.balance(wallet.address) == 10**6 - PRICE
    assert shop.histories()[known:] == [BOUGHT]


def _ending(signature: str, end: str) -> str:
    return signature[:-2] + end


async def _signed(buyer: WalletBuyer, url: str) -> str:
    """A payment that was signed and not sent."""
    asked = await buyer.ask(url)
    client = register_exact_evm_client(x402Client(), buyer.wallet)
    payload = await client.create_payment_payload(decode_payment_required_header(asked.headers["PAYMENT-REQUIRED"]))
    return encode_payment_signature_header(payload)


async def test_script_of_the_docs_buys(shop: Service, videos: str) -> None:
    page = (ROOT / "docs" / "other-payments.md").read_text()
    (script,) = [each for each in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "class SmartWallet" in each]
    environment = {**os.environ, "SERVICE": shop.url, "VIDEO_URL": f"{videos}/face.mp4"}
    known = len(shop.histories())
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    said, failed = await running.communicate()
    assert running.returncode == 0, failed.decode()
    verdict, payer = said.decode().split()
    assert verdict in {"live", "spoof", "inconclusive"}
    assert shop.parts.devchain.balance(payer) == 5_000_000 - PRICE
    assert shop.histories()[known:] == [BOUGHT]


async def test_large_signature_is_read(shop: Service, videos: str) -> None:
    """Passkey wallets sign with a kilobyte and more; the limit is 2,048 bytes with the deployment."""
    wallet = wallet_at(shop, lambda _wallet, signature: signature.ljust(2048, b"\0"), deployed=True)
    async with WalletBuyer(shop.url, wallet) as buyer:
        bought = await buyer.pay(f"{videos}/face.mp4")
        assert bought.status_code == 200, bought.text
        assert len(buyer.signature) > 6_000
        longer_still = with_signature(buyer.signature, lambda signature: signature + "00")
        refused = await buyer.send(f"{videos}/face.mp4", longer_still)
        assert (refused.status_code, refused.json()["code"]) == (400, "payment_malformed")
        assert (await buyer.send(f"{videos}/face.mp4", "A" * 8_193)).json()["code"] == "header_too_large"


def accepted(facilitator: Facilitator, **more: Any) -> dict[str, Any]:
    node = f"{facilitator.url}/devchain/rpc"
    money = {"network": "base-sepolia", "pay_to": Account.create().address}
    return {**money, "facilitator_url": facilitator.url, "rpc_url": node, **more}


async def test_remote_facilitator_is_not_asked_about_an_unlisted_factory(
    start: Start, facilitator: Facilitator, videos: str
) -> None:
    service = start(accepts=[accepted(facilitator)])
    async with WalletBuyer(service.url, SmartWallet(facilitator.chain, wrapped)) as buyer:
        refused = await buyer.pay(f"{videos}/face.mp4")
        assert refused.json()["details"] == {"reason": "eip6492_factory_not_allowed"}
        assert facilitator.verified == 0
        broken = with_signature(buyer.signature, lambda signature: "0x" + "ab" * 40 + signature[-64:])
        unreadable = await buyer.send(f"{videos}/face.mp4", broken)
        assert unreadable.json()["details"] == {"reason": "invalid_exact_evm_failed_to_verify_signature"}
        buyer.wallet.deploy()
        bought = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert bought.status_code == 200, bought.text


@pytest.mark.parametrize("fault", ["loses the answer", "silent"])
async def test_lost_settlement_of_a_new_wallet_is_one_charge(
    start: Start, facilitator: Facilitator, videos: str, fault: str
) -> None:
    service = start(accepts=[accepted(facilitator, wallet_factories=[WALLET_FACTORY])])
    wallet = SmartWallet(facilitator.chain, wrapped)
    async with WalletBuyer(service.url, wallet) as buyer:
        facilitator.fault = fault
        try:
            bought = await buyer.pay(f"{videos}/face.mp4")
        finally:
            facilitator.fault = ""
        if fault == "silent":
            assert bought.json()["code"] == "settlement_unknown"
            # The deployment arrived, and the transfer did not.
            wallet.deploy()
            bought = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert bought.status_code == 200, bought.text
    assert facilitator.chain.balance(wallet.address) == 10**6 - PRICE


async def test_version_1_never_takes_a_smart_wallets_signature_for_another_token(
    start: Start, shop: Service, facilitator: Facilitator, videos: str
) -> None:
    other = {"asset": Account.create().address, "asset_name": "Dollar", "asset_version": "1"}
    several = start(accepts=[accepted(facilitator, **other), accepted(facilitator)])
    body = {"VideoUrl": f"{videos}/face.mp4"}
    async with httpx.AsyncClient(timeout=120) as http:
        for service, chain in ((shop, shop.parts.devchain), (several, facilitator.chain)):
            wallet = SmartWallet(chain, longer, deployed=True)
            asked = (await http.post(service.url + TOOL_PATH)).json()["accepts"]
            (terms,) = [each for each in asked if each["asset"] == TOKEN_ADDRESS]
            payload = ExactEvmSchemeV1(wallet).create_payment_payload(PaymentRequirementsV1.model_validate(terms))
            payment = {"x402Version": 1, "scheme": "exact", "network": "base-sepolia", "payload": payload}
            header = base64.b64encode(json.dumps(payment).encode()).decode()
            answer = await http.post(service.url + TOOL_PATH, json=body, headers={"X-PAYMENT": header})
            if service is shop:
                assert answer.status_code == 200, answer.text
                assert chain.balance(wallet.address) == 10**6 - PRICE
            else:
                assert (answer.status_code, answer.json()["code"]) == (402, "payment_mismatch")
                assert answer.json()["details"] == {"reason": "token"}
                assert chain.balance(wallet.address) == 10**6

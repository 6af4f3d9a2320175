"""Tests of payment on Solana: an unmodified buyer pays the dev chain, and each trap of a short-lived payment."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import httpx
import pytest

pytest.importorskip("solders", reason="needs the extra `solana`")

from alive402.demo import TOOL_PATH, receipt
from alive402.payments.x402.schemes.exact_svm import DEVNET
from tests.http.conftest import Service, Start
from tests.http.required import header_of
from tests.http.solana import SolanaBuyer

pytestmark = pytest.mark.anyio
BOUGHT = ["created", "verified", "reserved", "executed", "settling", "settled", "consumed"]
COPIES = 100
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def both(start: Start) -> Service:
    """A service that accepts test money of both dev chains."""
    return start(dev_solana=True)


async def test_unmodified_buyer_pays_on_solana(both: Service, videos: str) -> None:
    chain = both.parts.solana_devchain
    async with SolanaBuyer(both.url) as buyer:
        await buyer.fund()
        asked = header_of(await buyer.ask(f"{videos}/face.mp4"))["accepts"]
        assert [each["network"].partition(":")[0] for each in asked] == ["eip155", "solana"]
        assert asked[1]["maxTimeoutSeconds"] == 60
        assert asked[1]["extra"]["feePayer"] == str(chain.operator.pubkey())
        bought = await buyer.pay(f"{videos}/face.mp4")
        assert bought.status_code == 200, bought.text
        paid = receipt(bought)
        assert (paid.success, paid.network, paid.payer, paid.amount) == (True, DEVNET, buyer.address, "200000")
        assert chain.history.find(paid.transaction) is not None
        assert chain.balance(buyer.address) == 4_800_000
        assert chain.balance(asked[1]["payTo"]) == 200_000
        again = await buyer.send(f"{videos}/face.mp4", buyer.signature)
        assert again.json() == bought.json()
        other = await buyer.send(f"{videos}/attack.mp4", buyer.signature)
        assert (other.status_code, other.json()["code"]) == (409, "payment_spent")
        assert chain.balance(buyer.address) == 4_800_000
    assert both.histories()[-1] == BOUGHT


async def test_hundred_copies_at_once_are_one_charge(both: Service, videos: str) -> None:
    chain = both.parts.solana_devchain
    async with SolanaBuyer(both.url) as buyer:
        await buyer.fund()
        signature = await buyer.sign(f"{videos}/face.mp4")
        # Each copy has other bytes: the signature of the fee payer, which the facilitator overwrites, is random.
        copies = [buyer.respelled(signature) for _ in range(COPIES)]
        assert len(set(copies)) == COPIES
        answers = await asyncio.gather(*[buyer.send(f"{videos}/face.mp4", copy) for copy in copies])
        good = [answer for answer in answers if answer.status_code == 200]
        assert len({answer.text for answer in good}) == 1
        assert {answer.json()["code"] for answer in answers} <= {"200", "payment_in_use"}
        assert chain.balance(buyer.address) == 4_800_000


async def test_payments_of_one_buyer_at_once_are_different_ones(both: Service, videos: str) -> None:
    async with SolanaBuyer(both.url) as buyer:
        await buyer.fund()
        bought = await asyncio.gather(*[buyer.pay(f"{videos}/{name}.mp4") for name in ("face", "attack", "face")])
        assert [answer.status_code for answer in bought] == [200] * 3
        assert both.parts.solana_devchain.balance(buyer.address) == 4_400_000


async def test_payment_signed_for_another_402_is_refused(both: Service, videos: str) -> None:
    async with SolanaBuyer(both.url) as buyer, httpx.AsyncClient() as plain:
        await buyer.fund()
        created = await plain.post(f"{both.url}/api/payments", json={"serviceId": TOOL_PATH.rpartition("/")[2]})
        signature = await buyer.signed_for(created.json()["x402"])
        moved = buyer.restated(signature, header_of(await buyer.ask(f"{videos}/face.mp4")))
        refused = await buyer.send(f"{videos}/face.mp4", moved)
        assert (refused.status_code, refused.json()["code"]) == (402, "payment_mismatch")


@pytest.mark.parametrize("door", ["job", "upload"])
async def test_work_that_waits_is_not_paid_by_a_payment_of_a_minute(both: Service, videos: str, door: str) -> None:
    async with SolanaBuyer(both.url) as buyer, httpx.AsyncClient() as plain:
        await buyer.fund()
        paid = {"PAYMENT-SIGNATURE": await buyer.sign(f"{videos}/face.mp4")}
        if door == "job":
            body, headers = {"VideoUrl": f"{videos}/face.mp4"}, {**paid, "Prefer": "respond-async"}
            refused = await plain.post(both.url + TOOL_PATH, json=body, headers=headers)
        else:
            headers = {**paid, "Content-Type": "video/mp4"}
            refused = await plain.post(f"{both.url}/api/uploads", content=b"x" * 100, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (402, "payment_expires_soon")
        assert "about 60 seconds" in refused.json()["message"]
        # The payment itself is still good.
        assert (await buyer.send(f"{videos}/face.mp4", paid["PAYMENT-SIGNATURE"])).status_code == 200


async def test_dead_payment_is_refused_before_the_work(both: Service, videos: str) -> None:
    async with SolanaBuyer(both.url) as buyer:
        await buyer.fund()
        signature = await buyer.sign(f"{videos}/face.mp4")
        both.parts.solana_devchain.skip(90)
        refused = await buyer.send(f"{videos}/face.mp4", signature)
        assert (refused.status_code, refused.json()["code"]) == (402, "payment_invalid")
        assert refused.json()["details"]["reason"] == "transaction_simulation_failed"
        assert (await buyer.pay(f"{videos}/face.mp4")).status_code == 200


@pytest.mark.parametrize("transaction", ["", "%%%", "AAAA", "A" * 2000, None, 7, {"a": 1}], ids=str)
async def test_nonsense_in_place_of_a_transaction_is_a_refusal(both: Service, videos: str, transaction: object) -> None:
    async with SolanaBuyer(both.url) as buyer:
        await buyer.fund()
        signature = buyer.with_transaction(await buyer.sign(f"{videos}/face.mp4"), transaction)
        refused = await buyer.send(f"{videos}/face.mp4", signature)
        assert (refused.status_code, refused.json()["code"]) == (400, "payment_malformed")


async def test_prepaid_token_is_paid_on_solana(both: Service, videos: str) -> None:
    chain = both.parts.solana_devchain
    async with SolanaBuyer(both.url) as buyer:
        await buyer.fund()
        assert (await buyer.prepay(3)).json()["status"] == "paid"
        assert chain.balance(buyer.address) == 4_400_000
        assert (await buyer.spend(f"{videos}/face.mp4", buyer.token)).status_code == 200


async def test_both_chains_are_in_catalog_and_openapi(both: Service) -> None:
    async with httpx.AsyncClient(base_url=both.url) as plain:
        assert DEVNET in (await plain.get("/api/agent-guide")).text
        openapi = (await plain.get("/openapi.json")).json()
        offers = openapi["paths"][TOOL_PATH]["post"]["x-payment-info"]["offers"]
        assert [each["method"] for each in offers] == ["evm", "solana"]
        assert (await plain.get("/openapi.json")).json() == openapi


async def test_headers_with_both_chains_are_small(both: Service, videos: str) -> None:
    async with SolanaBuyer(both.url) as buyer:
        asked = await buyer.ask(f"{videos}/face.mp4")
        assert len(asked.headers["PAYMENT-REQUIRED"]) < 2_600
        assert asked.json()["x402Version"] == 1
        assert [each["network"] for each in asked.json()["accepts"]] == ["base-sepolia"]


async def test_faucet_refuses_what_is_no_address(both: Service) -> None:
    async with httpx.AsyncClient(base_url=both.url) as plain:
        for address in ("0x" + "1" * 40, "1" * 50, "z" * 44):
            refused = await plain.post("/devchain/solana/faucet", json={"address": address})
            assert (refused.status_code, refused.json()["code"]) == (400, "invalid_address")


async def test_script_of_the_page_buys(both: Service, videos: str) -> None:
    """The script of docs/pay.md for x402 with the lines of docs/other-payments.md on Solana."""
    single, solana = (
        re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)[0]
        for page in ("pay.md", "other-payments.md")
    )
    imports, steps = solana.split("\n\n", 1)
    script, replaced = re.subn(
        r"    wallet = .*?EthAccountSigner\(wallet\)\)\n",
        lambda _: "    client = x402Client()\n" + textwrap.indent(steps, "    "),
        f"{imports}\n{single}",
        flags=re.DOTALL,
    )
    assert replaced == 1
    async with SolanaBuyer(both.url) as buyer:
        await buyer.fund()
        given = {"SOLANA_KEY": str(buyer.keypair), "SOLANA_NODE": buyer.node, "VIDEO_URL": f"{videos}/face.mp4"}
        ran = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-W", "ignore", "-c", script],
            env={**os.environ, **given, "SERVICE": both.url},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        verdict, transaction = ran.stdout.split()
        assert verdict == "live"
        assert both.parts.solana_devchain.history.find(transaction) is not None


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("sendTransaction", ["AAAA"], -32601),
        ("getBlockTime", [1e300], None),
        ("getBlockTime", ["x"], -32602),
        ("getAccountInfo", [{}], -32602),
        ("getSignaturesForAddress", ["1" * 32, {"limit": []}], -32602),
        ("getTransaction", [], -32602),
    ],
)
async def test_node_answers_nonsense_in_json_rpc(
    both: Service, method: str, params: list[object], code: int | None
) -> None:
    async with httpx.AsyncClient(base_url=both.url) as plain:
        answer = await plain.post("/devchain/solana/rpc", json={"id": 1, "method": method, "params": params})
        assert answer.status_code == 200
        assert answer.json().get("error", {}).get("code") == code

"""Tests of `upto`: the buyer signs a limit, and pays for the pictures that were judged, once."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from eth_account import Account
from typer.testing import CliRunner
from web3 import Web3
from x402.mechanisms.evm.exact import permit2_utils
from x402.mechanisms.evm.upto import client as upto_client

from alive402.catalog import IMAGE_LIVENESS, LIVENESS
from alive402.cli.main import app
from alive402.demo import Buyer, receipt
from alive402.payments.devchain import TOKEN_ADDRESS
from alive402.receipts import verified
from tests.conftest import Image
from tests.http.conftest import Service, Start
from tests.http.facilitators import Facilitator
from tests.http.permit2 import SELLER, Choosing, accepted, by_permit2, edited, unbound, up_to
from tests.http.required import header_of
from tests.http.test_buyers import node, npm_packages, run, wallet_key

pytestmark = pytest.mark.anyio
PATH = IMAGE_LIVENESS.paths[0]
# A call with ten pictures costs 50,000.
LIMIT, EACH, MONEY = 50_000, 5_000, 10**6
FETCH = """
import { readFileSync } from "node:fs";
import { decodePaymentResponseHeader, wrapFetchWithPaymentFromConfig } from "@x402/fetch";
import { ExactEvmScheme } from "@x402/evm";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { privateKeyToAccount } from "viem/accounts";
const [key, url, request] = process.argv.slice(2);
const account = privateKeyToAccount(key);
const clients = [new ExactEvmScheme(account), new UptoEvmScheme(account)];
const schemes = clients.map((client) => ({ network: "eip155:*", client }));
const pay = wrapFetchWithPaymentFromConfig(fetch, { schemes });
const headers = { "Content-Type": "application/json" };
const answer = await pay(url, { method: "POST", headers, body: readFileSync(request, "utf8") });
const settled = decodePaymentResponseHeader(answer.headers.get("PAYMENT-RESPONSE"));
console.log(JSON.stringify({ status: answer.status, settled }));
"""
BOUGHT = ["created", "verified", "reserved", "executed", "settling", "settled", "consumed"]
USES = 100


@pytest.fixture(scope="module")
def remote(start: Start, facilitator: Facilitator) -> Service:
    """A service that accepts one token in three schemes."""
    return start(accepts=[accepted(facilitator, scheme) for scheme in ("exact", "permit2", "upto")])


@pytest.fixture
def buyer(remote: Service, healthy: Facilitator) -> Choosing:
    made = Choosing(remote.url, up_to)
    healthy.chain.mint(made.account.address, MONEY)
    return made


@pytest.fixture(scope="module")
def face(person: list[Image]) -> str:
    return encoded(person[60])


@pytest.fixture(scope="module")
def wall() -> str:
    return encoded(np.full((200, 200, 3), 128, np.uint8))


def encoded(picture: Image) -> str:
    return base64.b64encode(cv2.imencode(".jpg", picture)[1].tobytes()).decode()


def tasks(*pictures: str) -> dict[str, Any]:
    return {"Tasks": [{"ImageData": each} for each in pictures]}


def spent(facilitator: Facilitator, buyer: Choosing) -> int:
    return MONEY - facilitator.chain.balance(buyer.account.address)


def booked(service: Service, buyer: Choosing) -> list[tuple[str, int]]:
    """The states and amounts of the buyer's payments in the ledger."""
    with sqlite3.connect(service.database) as connection:
        query = "SELECT state, amount FROM payments WHERE payer = ?"
        return connection.execute(query, [buyer.account.address.lower()]).fetchall()


async def test_buyer_pays_for_the_pictures_that_were_judged_on_the_dev_chain(
    start: Start, face: str, wall: str
) -> None:
    service = start(scheme="upto")
    async with Choosing(service.url, up_to) as buyer:
        await buyer.fund()
        before = await buyer.balance(TOKEN_ADDRESS)
        bought = await buyer.buy(tasks(face, wall, face), PATH)
        assert bought.status_code == 200, bought.text
        assert before - await buyer.balance(TOKEN_ADDRESS) == 2 * EACH
        assert receipt(bought).amount == str(2 * EACH)
        async with httpx.AsyncClient() as http:
            jwks = (await http.get(f"{service.url}/.well-known/jwks.json")).json()
        assert verified(bought.json()["data"]["Receipt"], jwks)["payment"]["amount"] == str(2 * EACH)
        again = await buyer.again(tasks(face, wall, face), PATH)
        assert (again.status_code, again.json()) == (200, bought.json())
        assert again.headers["PAYMENT-RESPONSE"] == bought.headers["PAYMENT-RESPONSE"]
        other = await buyer.again(tasks(face), PATH)
        assert (other.status_code, other.json()["code"]) == (409, "payment_spent")
        assert before - await buyer.balance(TOKEN_ADDRESS) == 2 * EACH
        assert booked(service, buyer) == [("consumed", 2 * EACH)]
    assert service.histories() == [BOUGHT]


async def test_limit_is_the_price_of_a_call_and_other_services_cost_all_of_it(
    remote: Service, healthy: Facilitator, buyer: Choosing, videos: str, face: str
) -> None:
    async with buyer:
        async with httpx.AsyncClient() as http:
            asked = await http.post(buyer.url + PATH)
        offers = {each["scheme"]: each for each in header_of(asked)["accepts"]}
        assert offers["upto"]["amount"] == str(LIMIT)
        assert offers["upto"]["extra"]["facilitatorAddress"] == healthy.chain.operator
        assert (await buyer.pay(f"{videos}/face.mp4")).status_code == 200
        assert spent(healthy, buyer) == 200_000
        assert (await buyer.buy(tasks(*[face] * 10), PATH)).status_code == 200
        assert spent(healthy, buyer) == 200_000 + LIMIT


async def test_call_without_an_answer_costs_nothing(
    remote: Service, healthy: Facilitator, buyer: Choosing, face: str, wall: str
) -> None:
    async with buyer:
        refused = await buyer.buy(tasks(wall, wall), PATH)
        assert refused.json()["charged"] is False
        assert spent(healthy, buyer) == 0
        # The same signature pays for another request, by its own number of pictures.
        assert (await buyer.again(tasks(face, wall), PATH)).status_code == 200
        assert (spent(healthy, buyer), booked(remote, buyer)) == (EACH, [("consumed", EACH)])


async def test_hundred_copies_of_one_payment_are_one_charge(
    remote: Service, healthy: Facilitator, buyer: Choosing, face: str, wall: str
) -> None:
    async with buyer:
        await buyer.buy(tasks(wall), PATH)
        answers = await asyncio.gather(*[buyer.again(tasks(face, face), PATH) for _ in range(USES)])
        good = [answer.json() for answer in answers if answer.status_code == 200]
        late = {(answer.status_code, answer.json()["code"]) for answer in answers if answer.status_code != 200}
        assert good
        assert len({json.dumps(body, sort_keys=True) for body in good}) == 1
        assert late <= {(409, "payment_in_use"), (503, "busy")}
        assert (spent(healthy, buyer), booked(remote, buyer)) == (2 * EACH, [("consumed", 2 * EACH)])


@pytest.mark.parametrize("fault", ["loses the answer", "then all is silent", "silent", "refuses"])
async def test_amount_survives_a_failing_facilitator(
    remote: Service, healthy: Facilitator, buyer: Choosing, face: str, wall: str, fault: str
) -> None:
    async with buyer:
        healthy.fault = fault
        first = await buyer.buy(tasks(face, wall, face), PATH)
        moved = fault in ("loses the answer", "then all is silent")
        assert spent(healthy, buyer) == 2 * EACH * moved
        if fault == "loses the answer":
            assert (first.status_code, receipt(first).amount) == (200, str(2 * EACH))
        else:
            code = "settlement_refused" if fault == "refuses" else "settlement_unknown"
            assert first.json()["code"] == code
            assert booked(remote, buyer)[0][1] == 2 * EACH
        healthy.fault = ""
        bought = await buyer.again(tasks(face, wall, face), PATH)
        assert bought.status_code == 200, bought.text
        assert receipt(bought).amount == str(2 * EACH)
        assert (spent(healthy, buyer), booked(remote, buyer)) == (2 * EACH, [("consumed", 2 * EACH)])


async def test_operator_sees_and_refunds_the_settled_amount(
    remote: Service, healthy: Facilitator, buyer: Choosing, face: str
) -> None:
    async with buyer:
        bought = await buyer.buy(tasks(face), PATH)
        assert bought.status_code == 200
    payer = buyer.account.address
    environment = {
        "ALIVE402_DATABASE_URL": f"sqlite+aiosqlite:///{remote.database}",
        "ALIVE402_ACCEPTS": json.dumps([accepted(healthy, "upto")]),
    }

    def ledger(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["ledger", *arguments], env=environment)
        assert done.exit_code == 0, done.output
        return done.stdout

    rows = list(csv.DictReader(io.StringIO(await asyncio.to_thread(ledger, "export"))))
    (row,) = [each for each in rows if each["payer"] == payer.lower()]
    assert row["amount"] == str(EACH)
    income = json.loads(await asyncio.to_thread(ledger, "income", "--by-payer", "--json"))
    assert str(EACH) in json.dumps([day for day in income["days"] if day.get("payer") == payer.lower()])
    chain = healthy.chain
    chain.mint(chain.operator, LIMIT)
    call = chain.token.encode_abi("transfer", args=[Web3.to_checksum_address(payer), EACH])
    back = chain.send({"to": chain.token.address, "data": call})  # type: ignore[typeddict-item]
    await asyncio.to_thread(ledger, "refund", row["id"], "--transaction", back)
    assert booked(remote, buyer) == [("refunded", EACH)]


async def test_nonce_of_one_permit2_scheme_is_spent_in_the_other(
    remote: Service, healthy: Facilitator, buyer: Choosing, face: str, wall: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permit2 counts the nonces of both proxies together, so the ledger does."""
    nonce = str(int.from_bytes(Account.create().key, "big"))
    for module in (permit2_utils, upto_client):
        monkeypatch.setattr(module, "create_permit2_nonce", lambda: nonce)
    async with buyer, Choosing(remote.url, by_permit2, buyer.account) as exact:
        assert (await buyer.buy(tasks(face), PATH)).status_code == 200
        refused = await exact.buy(tasks(face), PATH)
        assert (refused.status_code, refused.json()["code"]) == (409, "payment_spent")
        assert spent(healthy, buyer) == EACH


async def test_spent_limit_buys_nothing_from_a_ledger_that_does_not_know_it(
    start: Start, remote: Service, healthy: Facilitator, buyer: Choosing, face: str
) -> None:
    async with buyer, httpx.AsyncClient(timeout=60) as http:
        assert (await buyer.buy(tasks(face), PATH)).status_code == 200
        other = start(accepts=[accepted(healthy, "upto")])
        headers = {"PAYMENT-SIGNATURE": unbound(buyer.signature)}
        refused = await http.post(other.url + PATH, json=tasks(face), headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (402, "payment_invalid")
        assert spent(healthy, buyer) == EACH


@pytest.mark.parametrize(
    ("facilitator_address", "status", "code"),
    [("0x1", 400, "payment_malformed"), (None, 400, "payment_malformed"), ("0x" + "1" * 40, 402, "payment_invalid")],
)
async def test_limit_for_another_facilitator_is_refused(
    buyer: Choosing, face: str, wall: str, facilitator_address: str | None, status: int, code: str
) -> None:
    async with buyer, httpx.AsyncClient() as http:
        await buyer.buy(tasks(wall), PATH)
        witness = {"to": SELLER, "validAfter": "0", "facilitator": facilitator_address}
        headers = {"PAYMENT-SIGNATURE": edited(buyer.signature, witness=witness)}
        refused = await http.post(buyer.url + PATH, json=tasks(face), headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_prepaid_payment_costs_all_that_was_signed(healthy: Facilitator, buyer: Choosing, videos: str) -> None:
    async with buyer:
        assert (await buyer.prepay(3)).status_code == 200
        assert spent(healthy, buyer) == 600_000
        assert (await buyer.spend(f"{videos}/face.mp4", buyer.token)).status_code == 200


@pytest.mark.parametrize("service", [LIVENESS, IMAGE_LIVENESS], ids=["video", "image"])
async def test_headers_of_three_schemes_fit_into_a_proxys_buffer(remote: Service, service: Any) -> None:
    async with httpx.AsyncClient(base_url=remote.url) as http:
        asked = await http.post(service.paths[0], headers={"Origin": "https://shop.example"})
    assert len(header_of(asked)["accepts"]) == 3
    # Version 1 has EIP-3009 only.
    assert [each["extra"] for each in asked.json()["accepts"]] == [{"name": "USDC", "version": "2"}]
    assert len(asked.headers["PAYMENT-REQUIRED"]) <= 2_600
    assert sum(len(name) + len(value) + 4 for name, value in asked.headers.raw) < 4_096


async def test_directories_see_the_least_and_the_largest_price(remote: Service) -> None:
    async with httpx.AsyncClient(base_url=remote.url) as http:
        paths = (await http.get("/openapi.json")).json()["paths"]
    video, image = (paths[each.paths[0]]["post"]["x-payment-info"] for each in (LIVENESS, IMAGE_LIVENESS))
    assert video["price"] == {"mode": "fixed", "currency": "USD", "amount": "0.20"}
    assert image["price"] == {"mode": "dynamic", "currency": "USD", "min": "0.005", "max": "0.05"}
    assert [each["description"].split(",")[0] for each in image["offers"]] == [
        "USD 0.05 an answer", "USD 0.05 an answer", "up to USD 0.05 an answer",
    ]  # fmt: skip


async def test_least_price_of_whole_dollars_is_a_number(start: Start) -> None:
    dear = start(scheme="upto", services=(IMAGE_LIVENESS.id,), price=10_000_000)
    async with httpx.AsyncClient(base_url=dear.url) as http:
        paths = (await http.get("/openapi.json")).json()["paths"]
    price = paths[IMAGE_LIVENESS.paths[0]]["post"]["x-payment-info"]["price"]
    assert price == {"mode": "dynamic", "currency": "USD", "min": "1", "max": "10.00"}


@pytest.mark.parametrize(("scheme", "amount"), [("permit2", LIMIT), ("upto", EACH)])
async def test_npm_x402_fetch_buyer_pays(start: Start, face: str, tmp_path: Path, scheme: str, amount: int) -> None:
    folder = await asyncio.to_thread(npm_packages)
    service = start(scheme=scheme)
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        before = await buyer.balance(TOKEN_ADDRESS)
        script, request = folder / f"{scheme}.mjs", tmp_path / "request.json"
        script.write_text(FETCH)
        request.write_text(json.dumps(tasks(face)))
        told = await run(node(), str(script), wallet_key(buyer), service.url + PATH, str(request))
        assert told["status"] == 200, told
        assert (told["settled"]["success"], told["settled"]["amount"]) == (True, str(amount))
        assert before - await buyer.balance(TOKEN_ADDRESS) == amount

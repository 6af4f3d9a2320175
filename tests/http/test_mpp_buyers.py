"""Tests of unmodified buyers by MPP: pympp and npm mppx."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alive402.demo import TOOL_PATH, Buyer
from tests.http.conftest import Service
from tests.http.test_buyers import cached, node, npm_packages, run, wallet_key

pytestmark = pytest.mark.anyio
PRICE = 200_000
PYMPP = ("pympp==0.16.0", "rfc8785==0.1.4")
PYTHON = """
import asyncio, json, sys
from eth_account import Account
from mpp import Receipt
from mpp.client import Mpp
from mpp.methods.evm import BASE_SEPOLIA_USDC
from mpp.methods.evm import client as evm

async def main(key, url, video):
    method = evm.charge(currency=BASE_SEPOLIA_USDC, account=Account.from_key(key), max_amount="1")
    async with Mpp(methods=[method]) as mpp:
        answer = await mpp.fetch(url, method="POST", json={"VideoUrl": video}, timeout=180)
        receipt = Receipt.from_payment_receipt(answer.headers["Payment-Receipt"])
        print(json.dumps({"status": answer.status_code, "body": answer.json(), "reference": receipt.reference}))

asyncio.run(main(*sys.argv[1:]))
"""
# Its peers are web frameworks, which a buyer does not need.
NPM = ("mppx@0.11.0", "viem@2.57.20")
JAVASCRIPT = """
import { Receipt } from "mppx";
import { Mppx, evm } from "mppx/client";
import { privateKeyToAccount } from "viem/accounts";
const [key, url, video, currency] = process.argv.slice(2);
const charge = evm.charge({
  account: privateKeyToAccount(key), currencies: [currency], networks: [84532],
  authorization: { name: "USDC", version: "2" },
});
const client = Mppx.create({ methods: [charge], polyfill: false });
const headers = { "Content-Type": "application/json" };
const answer = await client.fetch(url, { method: "POST", headers, body: JSON.stringify({ VideoUrl: video }) });
const native = answer.headers.has("Payment-Receipt");
const reference = native ? Receipt.deserialize(answer.headers.get("Payment-Receipt")).reference : null;
console.log(JSON.stringify({ status: answer.status, body: await answer.json(), reference }));
"""


async def test_pympp_buyer_pays(service: Service, videos: str) -> None:
    folder = await asyncio.to_thread(python_packages)
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        command = [sys.executable, "-c", PYTHON, wallet_key(buyer), service.url + TOOL_PATH, f"{videos}/face.mp4"]
        told = await run(*command, env=environment)
        await check_paid(told, buyer, service)


async def test_mppx_buyer_pays(service: Service, videos: str) -> None:
    folder = await asyncio.to_thread(npm_packages, NPM, "--legacy-peer-deps")
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        script = folder / "buyer.mjs"
        script.write_text(JAVASCRIPT)
        asset = service.parts.terms.asset
        command = [node(), str(script), wallet_key(buyer), service.url + TOOL_PATH, f"{videos}/face.mp4", asset]
        await check_paid(await run(*command), buyer, service)


async def check_paid(told: dict[str, dict[str, object]], buyer: Buyer, service: Service) -> None:
    assert told["status"] == 200, json.dumps(told)[:500]
    assert told["body"]["code"] == "200"
    assert (await buyer.rpc("eth_getTransactionReceipt", [told["reference"]]))["status"] == "0x1"
    assert await buyer.balance(service.parts.terms.asset) == 5_000_000 - PRICE


def python_packages() -> Path:
    """The folder where pympp is installed; kept between runs."""
    folder = cached(PYMPP[0].replace("==", "-"))
    if not (folder / "mpp").exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *PYMPP]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200)
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"pip cannot install {PYMPP[0]}: {done.stderr.strip()[-200:]}")
    return folder

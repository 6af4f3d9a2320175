"""Tests of the dev chain's RPC: read-only for any web3 tool, absent on a real network."""

from __future__ import annotations

import json

import httpx
import pytest
from eth_account import Account
from web3 import Web3

from alive402.demo import Buyer
from tests.http.conftest import Service

ABI = [
    {
        "type": "function",
        "name": "balanceOf",
        "stateMutability": "view",
        "inputs": [{"name": "who", "type": "address"}],
        "outputs": [{"name": "", "type": "uint256"}],
    }
]


def test_web3_reads_the_chain(service: Service) -> None:
    web3 = Web3(Web3.HTTPProvider(f"{service.url}/devchain/rpc"))
    address = Account.create().address
    given = httpx.post(f"{service.url}/devchain/faucet", json={"address": address}).json()
    assert "no value" in given["note"]
    assert web3.eth.chain_id == 84532
    token = web3.eth.contract(address=given["asset"], abi=ABI)
    assert token.functions.balanceOf(address).call() == 5_000_000
    mined = web3.eth.get_transaction_receipt(given["transaction"])
    assert mined["status"] == 1
    assert web3.eth.get_block("latest")["number"] >= mined["blockNumber"]


@pytest.mark.parametrize(
    "method", ["eth_sendRawTransaction", "eth_sendTransaction", "evm_mine", "evm_revert", "testing_timeTravel", "x"]
)
def test_write_methods_are_refused(service: Service, method: str) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": []}
    answer = httpx.post(f"{service.url}/devchain/rpc", json=body).json()
    assert answer["error"]["code"] == -32601


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_call", []),
        ("eth_call", [{"to": "x"}, "latest"]),
        ("eth_getBlockByNumber", ["0xffff", False]),
        ("eth_getLogs", [7]),
        ("eth_getBalance", ["\ud800", "latest"]),
        ("eth_call", [{"to": "\ud800"}, "latest"]),
        ("eth_call", [{"to": "0x" + "11" * 20, "gas": None}, "latest"]),
    ],
)
def test_invalid_parameters_get_an_error(service: Service, method: str, params: list[object]) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    # Half a letter is JSON all the same.
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{service.url}/devchain/rpc", content=json.dumps(body), headers=headers)
    assert answer.status_code == 200
    assert ("error" in answer.json()) != ("result" in answer.json())


@pytest.mark.parametrize("method", ["eth_call", "eth_estimateGas"])
@pytest.mark.parametrize("to", [None, "", "0x" + "00" * 19 + "08"])
def test_callers_code_is_not_run(service: Service, method: str, to: str | None) -> None:
    endless = {"data": "0x5b600056", "gas": hex(2**60), **({} if to is None else {"to": to})}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": [endless, "latest"]}
    answer = httpx.post(f"{service.url}/devchain/rpc", json=body, timeout=5)
    assert answer.json()["error"]["code"] == -32602


@pytest.mark.anyio
async def test_revert_is_reported_as_by_a_node(service: Service) -> None:
    async with Buyer(service.url) as buyer:
        call = {"to": service.parts.terms.asset, "data": "0x12345678"}
        with pytest.raises(RuntimeError, match=r"execution reverted"):
            await buyer.rpc("eth_call", [call, "latest"])


def test_faucet_refuses_a_bad_address(service: Service) -> None:
    refused = httpx.post(f"{service.url}/devchain/faucet", json={"address": "0x1"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_address")
    assert httpx.post(f"{service.url}/devchain/faucet", json={}).json()["code"] == "invalid_input"


def test_service_is_healthy_and_ready(service: Service) -> None:
    assert httpx.get(f"{service.url}/healthz").json()["status"] == "ok"
    ready = httpx.get(f"{service.url}/readyz")
    assert (ready.status_code, set(ready.json()["checks"].values())) == (200, {True})

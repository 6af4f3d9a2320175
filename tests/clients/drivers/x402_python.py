"""Pays by the Python package x402 of version 2: with httpx, with requests, or over MCP."""

import asyncio
import json
import os
import sys
from types import SimpleNamespace

import requests
from eth_account import Account
from mcp import Client
from x402 import x402Client, x402ClientSync
from x402.http.clients.httpx import wrapHttpxWithPayment
from x402.http.clients.requests import wrapRequestsWithPayment
from x402.mcp import x402MCPClient
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner

URL = os.environ["SERVICE"] + "/api/tools/video-face-liveness-detection"
BODY = {"VideoUrl": os.environ["VIDEO_URL"]}
SIGNER = EthAccountSigner(Account.from_key(os.environ["WALLET_KEY"]))


async def by_httpx() -> dict:
    client = register_exact_evm_client(x402Client(), SIGNER)
    async with wrapHttpxWithPayment(client, timeout=180) as http:
        answer = await http.post(URL, json=BODY)
    assert answer.headers["PAYMENT-RESPONSE"], answer.text
    return answer.json()


async def by_requests() -> dict:
    client = register_exact_evm_client(x402ClientSync(), SIGNER)
    with wrapRequestsWithPayment(requests.Session(), client) as session:
        answer = session.post(URL, json=BODY, timeout=180)
    assert answer.headers["PAYMENT-RESPONSE"], answer.text
    return answer.json()


class _OfMcp1:
    """Adapts the client of mcp 2 to the types of mcp 1, which the x402 package expects."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def call_tool(self, params: dict, **_timeouts: object) -> SimpleNamespace:
        result = await self._client.call_tool(params["name"], params["arguments"], meta=params.get("_meta"))
        content = [{"type": "text", "text": block.text} for block in result.content]
        return SimpleNamespace(
            content=content, isError=result.is_error, structuredContent=result.structured_content, _meta=result.meta
        )


async def over_mcp() -> dict:
    wallet = register_exact_evm_client(x402Client(), SIGNER)
    async with Client(os.environ["SERVICE"] + "/mcp", read_timeout_seconds=180) as client:
        answer = await x402MCPClient(_OfMcp1(client), wallet).call_tool("video_face_liveness_detection", BODY)
    assert answer.payment_made
    assert answer.payment_response.success
    return json.loads(answer.content[0]["text"])


answer = asyncio.run({"httpx": by_httpx, "requests": by_requests, "mcp": over_mcp}[sys.argv[1]]())
print(json.dumps({"verdict": answer["data"]["Liveness"]["verdict"]}))

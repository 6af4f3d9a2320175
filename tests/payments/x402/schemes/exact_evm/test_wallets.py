"""Tests of smart wallets at a remote facilitator; tests/http/test_smart_wallets.py pays with them."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from eth_abi import encode
from x402.http import FacilitatorConfig, HTTPFacilitatorClient
from x402.mechanisms.evm.constants import ERC6492_MAGIC_VALUE, ERR_FACTORY_NOT_ALLOWED

from alive402.payments.x402.schemes.exact_evm import ListedFactories
from tests.payments.x402.schemes.exact_evm.test_scheme import SIGNED, payload

pytestmark = pytest.mark.anyio


async def test_slow_node_holds_up_nothing_else() -> None:
    asked, goes_on = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().splitlines() if b"content-length" in line)
        call = json.loads(await reader.readexactly(length))
        asked.set()
        await goes_on.wait()
        body = json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": "0x"}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    signature = encode(["address", "bytes", "bytes"], ["0x" + "11" * 20, b"deploy", b"signed"]) + ERC6492_MAGIC_VALUE
    undeployed = payload({**SIGNED, "signature": "0x" + signature.hex()})
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as node:
        url = "http://{}:{}".format(*node.sockets[0].getsockname())
        facilitator = ListedFactories(HTTPFacilitatorClient(FacilitatorConfig(url=url)), url, [])
        verifying = asyncio.create_task(facilitator.verify(undeployed, undeployed.accepted))
        await asyncio.wait_for(asked.wait(), 30)
        try:
            assert await asyncio.wait_for(asyncio.to_thread(int), 5) == 0
        finally:
            goes_on.set()
            answered = await verifying
    assert answered.invalid_reason == ERR_FACTORY_NOT_ALLOWED

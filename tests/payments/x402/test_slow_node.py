"""Tests of many unknown settlements and a slow node: none stays unknown for longer than two minutes.

`NODE_SECONDS=4 python -m pytest -s tests/payments/x402/test_slow_node.py` takes a node of four seconds.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from fastapi import FastAPI, Request
from sqlalchemy import select

from alive402.payments.devchain import TOKEN_ADDRESS
from alive402.payments.ledger import Ledger
from alive402.payments.ledger.models import PaymentEvent
from alive402.payments.x402.schemes.exact_evm.chain import transfer_topics
from tests.http.facilitators import Facilitator, serving
from tests.payments.devchain.test_chain import SELLER
from tests.payments.x402.test_reconciler import PRICE, Setup

pytestmark = pytest.mark.anyio
NODE_SECONDS = float(os.environ.get("NODE_SECONDS", "0.02"))
FULL = NODE_SECONDS >= 1
BACKLOG = int(os.environ.get("ALIVE402_BACKLOG", "64" if FULL else "20"))
EVERY_SECONDS = 30.0 if FULL else 0.1
LONGEST_SECONDS = 120.0


REQUESTS = 4
"""Requests of one look-up: is the nonce used, the newest block, the events, the receipt."""
_WORD = "0x" + "00" * 32
PAYER = Account.create()


class LateNode(Facilitator):
    """A node that waits before each answer, and knows a transfer of every nonce; `asked` counts the requests.

    The dev chain takes seconds of processor time to search its blocks, which a real node does not.
    """

    asked = 0

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/rpc")
        async def rpc(request: Request) -> dict[str, Any]:
            body = await request.json()
            self.asked += 1
            await asyncio.sleep(NODE_SECONDS)
            return {"jsonrpc": "2.0", "id": body["id"], "result": _answer(body["method"], body["params"])}

        return app


def _answer(method: str, params: list[Any]) -> Any:
    match method:
        case "eth_call":
            return f"0x{1:064x}"
        case "eth_blockNumber":
            return "0x40"
        case "eth_getLogs":
            (query,) = params
            return [_log(TOKEN_ADDRESS, query["topics"][-1], [_WORD])]
        case "eth_getTransactionReceipt":
            return {"logs": [_log(TOKEN_ADDRESS, params[0], transfer_topics(PAYER.address, SELLER))], "status": "0x1"}
    raise AssertionError(method)


def _log(address: str, transaction: str, topics: list[str]) -> dict[str, Any]:
    placed = {"blockHash": _WORD, "blockNumber": "0x1", "logIndex": "0x0", "transactionIndex": "0x0", "removed": False}
    return {"address": address, "transactionHash": transaction, "topics": topics, "data": f"0x{PRICE:064x}", **placed}


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    made = Setup(await Ledger.open(f"sqlite+aiosqlite:///{tmp_path}/ledger.db", lease_seconds=30))
    yield made
    await made.ledger.close()


@pytest.mark.timeout(900)
async def test_backlog_is_resolved_within_two_minutes(setup: Setup) -> None:
    setup.payer = PAYER
    for number in range(1, BACKLOG + 1):
        await setup.lose(setup.sign(number, lives=3600)[0])
    with serving(lambda url: LateNode(url, chain=None)) as late:
        reconciler = setup.reconciler(node=f"{late.url}/rpc")
        async with reconciler.running(EVERY_SECONDS):
            while len(resolved := await unknown_seconds(setup)) < BACKLOG:  # noqa: ASYNC110  the ledger has no event
                await asyncio.sleep(NODE_SECONDS)
    longest = max(resolved)
    print(f"{BACKLOG} payments, {NODE_SECONDS} s an answer: the longest was unknown for {longest:.0f} s")
    assert longest < LONGEST_SECONDS
    assert late.asked == REQUESTS * BACKLOG


async def unknown_seconds(setup: Setup) -> list[float]:
    """For how long each payment was unknown that is resolved now."""
    began: dict[str, datetime] = {}
    ended: dict[str, datetime] = {}
    async with setup.ledger.reading() as session:
        for event in await session.scalars(select(PaymentEvent)):
            if event.state == "settle_unknown":
                began[event.payment_id] = event.at
            elif event.state == "consumed":
                ended[event.payment_id] = event.at
    return [(ended[each] - began[each]).total_seconds() for each in ended]

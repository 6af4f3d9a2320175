"""Pays by the last Python package of x402 version 1."""

import asyncio
import json
import os
import sys

from eth_account import Account
from x402.clients.base import decode_x_payment_response
from x402.clients.httpx import x402HttpxClient


async def main() -> None:
    account = Account.from_key(os.environ["WALLET_KEY"])
    async with x402HttpxClient(account=account, base_url=os.environ["SERVICE"], timeout=180) as http:
        path = "/api/tools/video-face-liveness-detection" + "".join(sys.argv[1:])
        answer = await http.post(path, json={"VideoUrl": os.environ["VIDEO_URL"]})
        body = json.loads(await answer.aread())
    settled = decode_x_payment_response(answer.headers["X-Payment-Response"])
    assert (settled["network"], settled["payer"]) == ("base-sepolia", account.address)
    print(json.dumps({"verdict": body["data"]["Liveness"]["verdict"], "settled": settled}))


asyncio.run(main())

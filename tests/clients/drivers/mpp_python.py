"""Pays by MPP's `Payment` scheme, by pympp."""

import asyncio
import json
import os

from eth_account import Account
from mpp import Receipt
from mpp.client import Mpp
from mpp.methods.evm import BASE_SEPOLIA_USDC
from mpp.methods.evm import client as evm


async def main() -> None:
    account = Account.from_key(os.environ["WALLET_KEY"])
    method = evm.charge(currency=BASE_SEPOLIA_USDC, account=account, max_amount="1")
    url = os.environ["SERVICE"] + "/api/tools/video-face-liveness-detection"
    body = {"VideoUrl": os.environ["VIDEO_URL"]}
    async with Mpp(methods=[method]) as mpp:
        answer = await mpp.fetch(url, method="POST", json=body, timeout=180)
    assert Receipt.from_payment_receipt(answer.headers["Payment-Receipt"]).reference, answer.headers
    print(json.dumps({"verdict": answer.json()["data"]["Liveness"]["verdict"]}))


asyncio.run(main())

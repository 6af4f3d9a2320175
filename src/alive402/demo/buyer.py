"""Example buyer: a new wallet with test money, and the official x402 client, unmodified."""

from __future__ import annotations

from typing import Any

import httpx
from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import Web3
from x402 import x402Client
from x402.http.clients.httpx import x402AsyncTransport
from x402.http.utils import decode_payment_response_header
from x402.schemas import SettleResponse

from alive402.client import TOOLS, VIDEO_SERVICE, evm_payer

TOOL_PATH = TOOLS + VIDEO_SERVICE
SECONDS = 180.0


class _Recording(httpx.AsyncHTTPTransport):
    """HTTP transport that records the last payment, so that it can be sent again."""

    signature: str | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.signature = request.headers.get("PAYMENT-SIGNATURE", self.signature)
        return await super().handle_async_request(request)


class Buyer:
    """A buyer at the service at `url`; an asynchronous context manager."""

    def __init__(self, url: str, account: LocalAccount | None = None) -> None:
        self.url = url.rstrip("/")
        self.account: LocalAccount = account or Account.create()
        client = evm_payer(x402Client(), self.account)
        self._wire = _Recording()
        self._token: str | None = None
        self._paying = httpx.AsyncClient(transport=x402AsyncTransport(client, self._wire), timeout=SECONDS)
        self._plain = httpx.AsyncClient(timeout=SECONDS, trust_env=False)

    async def __aenter__(self) -> Buyer:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._paying.aclose()
        await self._plain.aclose()

    @property
    def signature(self) -> str:
        """The PAYMENT-SIGNATURE header of the last paid call."""
        assert self._wire.signature is not None
        return self._wire.signature

    @property
    def token(self) -> str:
        """The token of the last payment that `prepay` made."""
        assert self._token is not None
        return self._token

    async def fund(self) -> None:
        """Ask the dev chain's faucet for test money.

        Raises:
            httpx.HTTPError: the faucet refused.
        """
        answer = await self._plain.post(f"{self.url}/devchain/faucet", json={"address": self.account.address})
        answer.raise_for_status()

    async def ask(self, video_url: str, path: str = TOOL_PATH) -> httpx.Response:
        """Call without paying."""
        return await self._plain.post(self.url + path, json={"VideoUrl": video_url})

    async def pay(self, video_url: str, path: str = TOOL_PATH) -> httpx.Response:
        """Call, sign the payment that the 402 requires, and call again, with the official client."""
        return await self.buy({"VideoUrl": video_url}, path)

    async def buy(self, request: dict[str, Any], path: str) -> httpx.Response:
        """Pay for a request of any service, as `pay` does."""
        return await self._paying.post(self.url + path, json=request)

    async def send(self, video_url: str, signature: str, path: str = TOOL_PATH) -> httpx.Response:
        """Call with a signed payment."""
        return await self._plain.post(
            self.url + path, json={"VideoUrl": video_url}, headers={"PAYMENT-SIGNATURE": signature}
        )

    async def prepay(self, calls: int, **more: object) -> httpx.Response:
        """Create a payment for `calls` calls, keep its `token`, and pay it with the official client."""
        body = {"serviceId": TOOL_PATH.rpartition("/")[2], "maxCalls": calls, **more}
        created = await self._plain.post(f"{self.url}/api/payments", json=body)
        self._token = created.raise_for_status().json()["token"]
        secret = {"X-Client-Secret": str(more["clientSecret"])} if "clientSecret" in more else {}
        return await self._paying.post(created.json()["payUrl"], headers=secret)

    async def spend(self, video_url: str, token: str, path: str = TOOL_PATH, **headers: str) -> httpx.Response:
        """Call with a prepaid token; keyword arguments are further headers, with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._plain.post(
            self.url + path, json={"VideoUrl": video_url}, headers={"X-Payment-Token": token, **named}
        )

    async def balance(self, asset: str, address: str | None = None) -> int:
        """The balance of `address` (default: the buyer's) in atomic units of `asset`, read from the chain."""
        selector = Web3.keccak(text="balanceOf(address)")[:4].hex()
        holder = (address or self.account.address).lower().removeprefix("0x").rjust(64, "0")
        call = {"to": asset, "data": f"0x{selector}{holder}"}
        return int(await self.rpc("eth_call", [call, "latest"]), 16)

    async def rpc(self, method: str, params: list[Any]) -> Any:
        """Send one read request to the dev chain.

        Raises:
            RuntimeError: the chain refused it.
        """
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = (await self._plain.post(f"{self.url}/devchain/rpc", json=body)).json()
        if "error" in answer:
            raise RuntimeError(answer["error"]["message"])
        return answer["result"]


def receipt(response: httpx.Response) -> SettleResponse:
    """Decode the PAYMENT-RESPONSE header of a paid call."""
    return decode_payment_response_header(response.headers["PAYMENT-RESPONSE"])

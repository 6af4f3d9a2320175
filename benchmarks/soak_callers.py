"""The callers of the soak test: good and bad buyers, each with its own wallet and a record of its debt."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from mcp import Client
from x402 import x402Client
from x402.http.utils import decode_payment_required_header, encode_payment_signature_header
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner

from alive402.demo import TOOL_PATH, Buyer

PRICE = 200_000
FAUCET = 5_000_000
TOOL = "video_face_liveness_detection"
SERVICE = TOOL_PATH.rpartition("/")[2]
SECONDS = 180.0
TRIES = 200
TOKEN_CALLS = 3


class Wrong(Exception):
    """The service broke a rule that must always hold."""


@dataclass
class Tally:
    """Counts of the answers. `codes`: answers by status and code; `answers`: request ids of answers given."""

    codes: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    answers: set[str] = field(default_factory=set)
    done: int = 0


@dataclass(frozen=True)
class Videos:
    """URLs of the test videos, by kind."""

    good: str
    bad: tuple[str, ...]
    hostile: tuple[str, ...]
    slow: str


class Caller:
    """One of the concurrent callers, call after call; `owed` is the sum that its wallet should have paid."""

    def __init__(self, url: str, videos: Videos, tally: Tally, chance: random.Random) -> None:
        self._buyer = Buyer(url)
        self._url, self._videos, self._tally, self._chance = url, videos, tally, chance
        self._wallet = register_exact_evm_client(x402Client(), EthAccountSigner(self._buyer.account))
        self._plain = httpx.AsyncClient(timeout=SECONDS, trust_env=False)
        self._required: Any = None
        self._minted = 0
        self._tokens: list[str] = []
        self.owed = 0
        self._kinds: dict[str, tuple[int, Callable[[], Awaitable[None]]]] = {
            "good": (30, self._good),
            "bad video": (12, self._bad),
            "slow host": (4, self._slow),
            "hostile": (12, self._hostile),
            "cancelled": (8, self._cancelled),
            "duplicate": (8, self._duplicate),
            "wrong signature": (8, self._forged),
            "token": (10, self._token),
            "MCP": (8, self._mcp),
        }

    async def __aenter__(self) -> Caller:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._buyer.__aexit__(None)
        await self._plain.aclose()

    async def call(self) -> None:
        """Make one call of a random kind."""
        kinds = list(self._kinds)
        (kind,) = self._chance.choices(kinds, [self._kinds[each][0] for each in kinds])
        self._tally.kinds[kind] += 1
        await self._kinds[kind][1]()
        self._tally.done += 1

    async def spent(self, asset: str) -> int:
        """The amount that the wallet has paid, by the chain."""
        return self._minted - await self._buyer.balance(asset)

    async def _fund(self) -> None:
        if self._minted - self.owed < 10 * PRICE:
            await self._buyer.fund()
            self._minted += FAUCET

    async def _sign(self) -> str:
        """A valid signature that has not paid yet."""
        await self._fund()
        if self._required is None:
            response = await self._buyer.ask(self._videos.good)
            self._required = decode_payment_required_header(response.headers["PAYMENT-REQUIRED"])
        payload = await self._wallet.create_payment_payload(self._required)
        return encode_payment_signature_header(payload)

    async def _again(self, ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        """Repeat the request while the service is full or the payment is in use; returns the answer."""
        for _ in range(TRIES):
            answer = await ask()
            self._note(answer.status_code, answer.json())
            if answer.status_code != 503 and answer.json().get("code") != "payment_in_use":
                return answer
            await asyncio.sleep(min(5.0, float(answer.headers.get("Retry-After", "1"))) * self._chance.uniform(0.3, 1))
        raise Wrong(f"not served after {TRIES} tries")

    def _note(self, status: int, body: dict[str, Any]) -> None:
        code = str(body.get("code", ""))
        self._tally.codes[f"{status} {code}"] += 1
        if status >= 500 and status != 503:
            raise Wrong(f"{status} {code}")
        # A caller that learns that the ledger is unavailable repeats the request and is not charged twice.
        if status >= 400 and body.get("charged") is not False and code not in ("ledger_unavailable", "payment_in_use"):
            raise Wrong(f"{status} {code} is said to be charged")

    async def _bought(self, ask: Callable[[], Awaitable[httpx.Response]]) -> None:
        answer = await self._again(ask)
        if answer.status_code != 200:
            raise Wrong(f"a good call got {answer.status_code} {answer.text[:200]}")
        self._answered(answer.json())

    def _answered(self, body: dict[str, Any]) -> None:
        self._tally.answers.add(body["requestId"])

    async def _pays(self, video: str) -> httpx.Response:
        signature = await self._sign()
        return await self._again(lambda: self._buyer.send(video, signature))

    async def _good(self) -> None:
        signature = await self._sign()
        self.owed += PRICE
        await self._bought(lambda: self._buyer.send(self._videos.good, signature))

    async def _refused(self, video: str) -> None:
        answer = await self._pays(video)
        if answer.status_code == 200:
            raise Wrong(f"{video} was answered")

    async def _bad(self) -> None:
        await self._refused(self._chance.choice(self._videos.bad))

    async def _slow(self) -> None:
        await self._refused(self._videos.slow)

    async def _hostile(self) -> None:
        await self._refused(self._chance.choice(self._videos.hostile))

    async def _cancelled(self) -> None:
        """Disconnect during the call, and fetch the answer later."""
        signature = await self._sign()
        self.owed += PRICE
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._chance.uniform(0.02, 1.5)):
                await self._buyer.send(self._videos.good, signature)
        await self._bought(lambda: self._buyer.send(self._videos.good, signature))

    async def _duplicate(self) -> None:
        signature = await self._sign()
        self.owed += PRICE
        calls = [self._again(lambda: self._buyer.send(self._videos.good, signature)) for _ in range(3)]
        answers = await asyncio.gather(*calls)
        if len({answer.text for answer in answers}) != 1:
            raise Wrong("the same payment got different answers")
        self._answered(answers[0].json())

    async def _forged(self) -> None:
        payload = json.loads(base64.b64decode(await self._sign()))
        payload["payload"]["signature"] = "0x" + "11" * 64 + "1b"
        forged = base64.b64encode(json.dumps(payload).encode()).decode()
        answer = await self._again(lambda: self._buyer.send(self._videos.good, forged))
        if answer.status_code != 402:
            raise Wrong(f"a forged payment got {answer.status_code}")

    async def _take_token(self) -> str:
        if not self._tokens:
            await self._fund()
            token, paid = await self._prepaid()
            if paid.status_code != 200:
                raise Wrong(f"a payment ahead got {paid.status_code} {paid.text[:200]}")
            self.owed += TOKEN_CALLS * PRICE
            self._tokens += [token] * TOKEN_CALLS
        return self._tokens.pop()

    async def _prepaid(self) -> tuple[str, httpx.Response]:
        """The token of a new payment for several calls, and the answer to paying it, by one signature."""
        body = {"serviceId": SERVICE, "maxCalls": TOKEN_CALLS}
        made = await self._again(lambda: self._plain.post(f"{self._url}/api/payments", json=body))
        response = await self._again(lambda: self._plain.post(made.json()["payUrl"]))
        required = decode_payment_required_header(response.headers["PAYMENT-REQUIRED"])
        payload = await self._wallet.create_payment_payload(required)
        header = {"PAYMENT-SIGNATURE": encode_payment_signature_header(payload)}
        return made.json()["token"], await self._again(lambda: self._plain.post(made.json()["payUrl"], headers=header))

    async def _token(self) -> None:
        token = await self._take_token()
        name = f"{self._chance.getrandbits(64):x}"
        await self._bought(lambda: self._buyer.spend(self._videos.good, token, Idempotency_Key=name))

    async def _mcp(self) -> None:
        token = await self._take_token()
        arguments = {
            "VideoUrl": self._videos.good,
            "paymentToken": token,
            "idempotencyKey": f"{self._chance.getrandbits(64):x}",
        }
        for _ in range(TRIES):
            async with Client(f"{self._url}/mcp", read_timeout_seconds=180) as client:
                result = await client.call_tool(TOOL, arguments)
            body: Any = result.structured_content
            self._note(body.get("status", 200), body)
            if not result.is_error:
                self._answered(body)
                return
            if body["status"] != 503 and body["code"] != "payment_in_use":
                raise Wrong(f"over MCP a good call got {body['status']} {body['code']}")
            await asyncio.sleep(min(5.0, body.get("retryAfter", 1)) * self._chance.uniform(0.3, 1))
        raise Wrong(f"not served over MCP after {TRIES} tries")

"""The clients: `Client` for threads, `AsyncClient` for asyncio, over the same steps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

from alive402.client.answer import Answer, IssuedChallenge, Pending
from alive402.client.errors import NoWayToPay
from alive402.client.purchase import ONE_WAY, Call, Pause, Purchases, Reply
from alive402.client.responses import Lost
from alive402.client.wallet import Wallet, check_extra, usd
from alive402.version import VERSION

MAX_USD = "1.00"
PATIENCE = 300.0
# An answer may take as long as the queue and the analysis of the service; `PATIENCE` bounds the repetitions.
_TIMEOUT = httpx.Timeout(connect=10, read=180, write=60, pool=10)
_AGENT = {"User-Agent": f"alive402-client/{VERSION}"}
Money = str | int | float | Decimal
Result = TypeVar("Result")
Purchase = Generator[Call | Pause, Reply, Result]


def _purchases(
    url: str,
    wallet: Any,
    token: str | None,
    api_key: str | None,
    max_usd: Money,
    budget_usd: Money | None,
    jwks: dict[str, Any] | None,
    patience: float,
    tell: Callable[[str], None],
) -> Purchases:
    check_extra()
    if len([each for each in (wallet, token, api_key) if each is not None]) > 1:
        raise NoWayToPay(ONE_WAY)
    means = {"X-Payment-Token": token} if token else {"X-Api-Key": api_key} if api_key else {}
    if wallet is not None and not isinstance(wallet, Wallet):
        wallet = Wallet(wallet, usd(max_usd), None if budget_usd is None else usd(budget_usd))
    if not url.startswith(("http://", "https://")):
        raise NoWayToPay(f"{url} is not the URL of a service: it begins with https:// or http://.")
    return Purchases(url.rstrip("/"), {k: v for k, v in means.items() if v}, wallet, jwks, patience, tell)


class Client:
    """Buys answers of a service and verifies them; close it, or use it in a `with` block.

    Example:
        >>> from alive402 import Client
        >>> with Client("https://live.example", wallet=WALLET_KEY, max_usd="0.25") as client:  # doctest: +SKIP
        ...     print(client.buy("selfie.mp4").verdict)
        live

    Args:
        url: of the service, with its prefix if it has one.
        wallet: private key or `eth_account` account of a wallet that signs x402 payments (extra `client`).
        token: a prepaid token, instead.
        api_key: an API key, instead.
        max_usd: the most that one answer may cost, paid from the wallet.
        budget_usd: the most that all answers of this client may cost together.
        jwks: the service's public keys, to trust these only; by default they are fetched from it.
        patience: for how many seconds a request is repeated when its answer is lost or the service is busy.
        tell: is called with a few words before each step.

    Raises:
        NoWayToPay: more than one of wallet, token and key was given, or the extra is missing.
        ValueError: an amount of dollars is not one.
    """

    def __init__(
        self,
        url: str,
        *,
        wallet: Any = None,
        token: str | None = None,
        api_key: str | None = None,
        max_usd: Money = MAX_USD,
        budget_usd: Money | None = None,
        jwks: dict[str, Any] | None = None,
        patience: float = PATIENCE,
        tell: Callable[[str], None] = lambda step: None,
    ) -> None:
        self._steps = _purchases(url, wallet, token, api_key, max_usd, budget_usd, jwks, patience, tell)
        self._http = httpx.Client(timeout=_TIMEOUT, headers=_AGENT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def buy(
        self,
        source: str | Path,
        *,
        picture: bool | None = None,
        idempotency_key: str | None = None,
        challenge: str | None = None,
        bind: str | None = None,
    ) -> Answer:
        """Pay for the judgement of a video or picture, and return the verified answer.

        Args:
            source: a file, which is uploaded, or an http(s) URL, which the service fetches.
            picture: whether it is a picture; by default seen from the file's bytes or the URL's ending.
            idempotency_key: a name of this purchase. The same name and URL are charged once, also by another process.
            challenge: the id of a challenge of the service, made by the same payer, that the video has to answer.
            bind: the `bind` that the challenge was made with.

        Raises:
            ClientError: no verified answer; `charged` and `pending` say what to do.
        """
        return self._run(self._steps.buy(source, picture, idempotency_key, challenge, bind))

    def call(self, service: str, request: dict[str, Any], *, idempotency_key: str | None = None) -> Answer:
        """Pay for the answer of a service, by its id, to a request in its own form.

        Raises:
            ClientError: as `buy`.
        """
        return self._run(self._steps.call(service, request, idempotency_key))

    def new_challenge(
        self,
        *,
        bind: str | None = None,
        steps: int | None = None,
        avoid: Sequence[str] = (),
        pace: str | None = None,
        begin: bool = False,
    ) -> IssuedChallenge:
        """Make a challenge, which the person answers at its `capture_url`; `buy` then names it. Nothing is charged.

        A wallet signs a payment for it, which counts as spent, and pays for the call that names the challenge.

        Args:
            bind: your name of the session or the user; `buy` has to repeat it.
            steps: how many movements; 5 by default.
            avoid: movements that the person cannot make.
            pace: `normal` or `slow`.
            begin: begin it at once; `body` has its steps then.

        Raises:
            ClientError: the service makes none; it was not charged.
        """
        return self._run(self._steps.new_challenge(_wishes(bind, steps, avoid, pace, begin)))

    def challenge(self, challenge_id: str) -> IssuedChallenge:
        """The state of a challenge; its `upload_url` is the clip, once the person has filmed it.

        Raises:
            Refused: there is no such challenge.
        """
        return self._run(self._steps.challenge(challenge_id))

    def resume(self, pending: Pending) -> Answer:
        """Get the answer of a purchase that ended without one, with the same payment.

        Raises:
            ClientError: as `buy`.
        """
        return self._run(self._steps.resume(pending))

    def fund(self) -> None:
        """Get test money for the wallet from the faucet of a test chain.

        Raises:
            ClientError: the service has no test chain.
        """
        self._run(self._steps.fund())

    def _run(self, steps: Purchase[Result]) -> Result:
        reply: Reply = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            reply = self._perform(step)

    def _perform(self, step: Call | Pause) -> Reply:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        try:
            return self._http.request(
                step.method, self._steps.url + step.path, headers=step.headers, content=step.content
            )
        except httpx.TransportError as error:
            return Lost(type(error).__name__)


class AsyncClient:
    """The client for asyncio: the arguments and methods of `Client`, as coroutines; use it in an `async with` block."""

    def __init__(
        self,
        url: str,
        *,
        wallet: Any = None,
        token: str | None = None,
        api_key: str | None = None,
        max_usd: Money = MAX_USD,
        budget_usd: Money | None = None,
        jwks: dict[str, Any] | None = None,
        patience: float = PATIENCE,
        tell: Callable[[str], None] = lambda step: None,
    ) -> None:
        self._steps = _purchases(url, wallet, token, api_key, max_usd, budget_usd, jwks, patience, tell)
        self._http = httpx.AsyncClient(timeout=_TIMEOUT, headers=_AGENT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def buy(
        self,
        source: str | Path,
        *,
        picture: bool | None = None,
        idempotency_key: str | None = None,
        challenge: str | None = None,
        bind: str | None = None,
    ) -> Answer:
        """Pay for the judgement of a video or picture, as `Client.buy`.

        Raises:
            ClientError: no verified answer.
        """
        return await self._run(self._steps.buy(source, picture, idempotency_key, challenge, bind))

    async def call(self, service: str, request: dict[str, Any], *, idempotency_key: str | None = None) -> Answer:
        """Pay for the answer of a service, as `Client.call`.

        Raises:
            ClientError: no verified answer.
        """
        return await self._run(self._steps.call(service, request, idempotency_key))

    async def new_challenge(
        self,
        *,
        bind: str | None = None,
        steps: int | None = None,
        avoid: Sequence[str] = (),
        pace: str | None = None,
        begin: bool = False,
    ) -> IssuedChallenge:
        """Make a challenge, as `Client.new_challenge`.

        Raises:
            ClientError: the service makes none.
        """
        return await self._run(self._steps.new_challenge(_wishes(bind, steps, avoid, pace, begin)))

    async def challenge(self, challenge_id: str) -> IssuedChallenge:
        """The state of a challenge, as `Client.challenge`.

        Raises:
            Refused: there is no such challenge.
        """
        return await self._run(self._steps.challenge(challenge_id))

    async def resume(self, pending: Pending) -> Answer:
        """Get the answer of a purchase that ended without one, as `Client.resume`.

        Raises:
            ClientError: no verified answer.
        """
        return await self._run(self._steps.resume(pending))

    async def fund(self) -> None:
        """Get test money for the wallet, as `Client.fund`.

        Raises:
            ClientError: the service has no test chain.
        """
        await self._run(self._steps.fund())

    async def _run(self, steps: Purchase[Result]) -> Result:
        reply: Reply = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            reply = await self._perform(step)

    async def _perform(self, step: Call | Pause) -> Reply:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        try:
            return await self._http.request(
                step.method, self._steps.url + step.path, headers=step.headers, content=step.content
            )
        except httpx.TransportError as error:
            return Lost(type(error).__name__)


def _wishes(bind: str | None, steps: int | None, avoid: Sequence[str], pace: str | None, begin: bool) -> dict[str, Any]:
    """The body of a request for a challenge."""
    given = {"bind": bind, "steps": steps, "avoid": [*avoid] or None, "pace": pace, "begin": begin or None}
    return {name: value for name, value in given.items() if value is not None}

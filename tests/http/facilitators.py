"""A remote facilitator and node over real sockets, backed by a chain in this process; they fail on demand."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from x402.schemas import PaymentPayload, PaymentRequirements

from alive402.calls import NewPayments
from alive402.http.devchain import faucet as devchain
from alive402.http.server import listen
from alive402.payments.devchain import DevChain, DevFacilitator


async def _at_once() -> None:
    pass


@dataclass
class Facilitator:
    """A facilitator and a node at `url`; `fault` names its present failure."""

    url: str
    chain: Any = field(default_factory=DevChain)
    fault: str = ""
    verified: int = 0
    settled: int = 0
    token: str | None = None
    wallet_factories: tuple[str, ...] = ()
    after_settling: Callable[[], object] = lambda: None
    before_verifying: Callable[[], Awaitable[object]] = _at_once

    def inner(self) -> Any:
        """The facilitator in this process."""
        return DevFacilitator(self.chain, self.wallet_factories)

    def node(self) -> APIRouter:
        """The routes of the chain's node."""
        return devchain.router(self.chain, NewPayments("1000/hour"))

    def app(self) -> FastAPI:
        inner, app = self.inner(), FastAPI()
        app.include_router(self.node())

        @app.middleware("http")
        async def node(request: Request, call_next: Any) -> Any:
            if self.fault == "chain silent" and request.url.path.endswith("/rpc"):
                return JSONResponse({}, status_code=502)
            asked = request.headers.get("Authorization")
            if self.token and not request.url.path.endswith("/rpc") and asked != f"Bearer {self.token}":
                return JSONResponse({"error": "unauthorized"}, status_code=401)
            return await call_next(request)

        @app.get("/supported")
        async def supported() -> Any:
            return inner.get_supported().model_dump(by_alias=True)

        @app.post("/verify")
        async def verify(body: dict[str, Any]) -> Any:
            if self.fault == "down":
                return JSONResponse({"error": "down"}, status_code=500)
            self.verified += 1
            await self.before_verifying()
            answer = await inner.verify(*_parsed(body))
            if self.fault == "slow after verifying":
                self.chain.skip(90)
            return answer.model_dump(by_alias=True)

        @app.post("/settle")
        async def settle(body: dict[str, Any]) -> Any:
            if self.fault == "refuses":
                network = body["paymentRequirements"]["network"]
                return {"success": False, "errorReason": "out_of_gas", "transaction": "", "network": network}
            if self.fault == "silent":
                return JSONResponse({"error": "silent"}, status_code=500)
            if self.fault == "slow to settle":
                self.chain.skip(90)
            answer = await inner.settle(*_parsed(body))
            self.settled += answer.success
            self.after_settling()
            if self.fault == "then all is silent":
                self.fault = "chain silent"
            if self.fault in {"loses the answer", "chain silent"}:
                return JSONResponse({"error": "lost"}, status_code=500)
            return answer.model_dump(by_alias=True)

        return app


Made = TypeVar("Made", bound=Facilitator)


def _parsed(body: dict[str, Any]) -> tuple[PaymentPayload, PaymentRequirements]:
    return (
        PaymentPayload.model_validate(body["paymentPayload"]),
        PaymentRequirements.model_validate(body["paymentRequirements"]),
    )


Kind = TypeVar("Kind", bound=Facilitator)


@contextmanager
def running_facilitator(
    chain: DevChain | None = None, token: str | None = None, kind: type[Kind] = Facilitator, **more: Any
) -> Iterator[Kind]:
    """A facilitator over `chain`, by default a new one; `token`, if any, is required of its clients."""
    with serving(lambda url: kind(url, chain or DevChain(), token=token, **more)) as made:
        yield made


@contextmanager
def serving(make: Callable[[str], Made]) -> Iterator[Made]:
    """Run the facilitator that `make` makes for its URL."""
    listening = listen("127.0.0.1", 0)
    made = make(f"http://127.0.0.1:{listening.getsockname()[1]}")
    server = uvicorn.Server(uvicorn.Config(made.app(), log_config=None, access_log=False))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    try:
        yield made
    finally:
        server.should_exit = True
        thread.join(30)

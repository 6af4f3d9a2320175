"""Compares a paid call without the engine with the bare x402 middleware: same chain, same facilitator, one run.

    python -m benchmarks.overhead [--calls N] [--json]

Both serve the same ready answer over real sockets to the official client, in turn. The difference is the work of our
payment code: the ledger's transactions on disk, the check of the input, the signed verdict. The time runs from sending
the paid request to the end of its answer; the 402 before it and the buyer's signing are excluded.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import json
import os
import statistics
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from x402 import x402Client, x402ResourceServer
from x402.http.clients.httpx import x402AsyncTransport
from x402.http.middleware.fastapi import PaymentMiddlewareASGI
from x402.http.types import PaymentOption, RouteConfig
from x402.mechanisms.evm.exact import ExactEvmServerScheme, register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner

from alive402.demo import TOOL_PATH, Buyer, prepare_clips
from alive402.http import Parts, assemble
from alive402.http.server import listen, server
from alive402.intake.sandbox import Progress
from alive402.liveness import Analyzer, model_files
from alive402.log import configure_log
from alive402.payments.devchain import NETWORK, DevFacilitator
from alive402.providers import Answer
from alive402.settings import Settings

VIDEO = "http://videos.example/face.mp4"
WARM_UP = 5
MINTED = 1_000_000_000


@dataclasses.dataclass(frozen=True)
class Ready:
    """A provider with a ready answer."""

    ready: Answer
    seconds: float = 1.0

    def check(self, given: Mapping[str, Any]) -> None:
        """Accept every URL."""

    async def answer(self, given: Mapping[str, Any], progress: Progress | None = None) -> Answer:
        """Return the ready answer."""
        return self.ready


class Timed(httpx.AsyncHTTPTransport):
    """Measures requests that carry a payment, up to the end of their answer."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request and read the whole answer."""
        began = perf_counter()
        response = await super().handle_async_request(request)
        await response.aread()
        if "PAYMENT-SIGNATURE" in request.headers:
            self.seconds.append(perf_counter() - began)
        return response


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=60, help="paid calls to each; the median counts")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    # The service writes a log that nobody reads.
    with (
        tempfile.TemporaryDirectory() as folder,
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stderr(nowhere),
    ):
        configure_log()
        figures = asyncio.run(measure(Path(folder), options.calls))
    if options.json:
        print(json.dumps(figures))
        return
    print(f"one paid call, the engine left out, median of {options.calls}")
    for name, value in figures.items():
        print(f"  {name:<44} {value:9.4f}")


async def measure(folder: Path, calls: int) -> dict[str, float]:
    """Measure seconds and their ratio, by name."""
    model_files.ensure()
    report = Analyzer().analyze(prepare_clips(model_files.cache_folder().parent / "demo").bona_fide).report
    answer = Answer(elements=report.to_alibaba()["Elements"], report=report.to_dict())
    parts = await assemble(Settings(network="dev", database_url=f"sqlite+aiosqlite:///{folder / 'ledger.db'}"))
    registry = dataclasses.replace(parts.registry.first, provider=Ready(answer))
    parts = dataclasses.replace(parts, registry=dataclasses.replace(parts.registry, services=(registry,)))
    data = {
        "Action": registry.service.action,
        "Elements": answer.elements,
        registry.service.report_field: answer.report,
    }
    with serving(server(parts)) as ours, serving(uvicorn.Server(_as_ours(bare(parts, data)))) as theirs:
        async with Buyer(ours) as buyer:
            await asyncio.to_thread(parts.devchain.mint, buyer.account.address, MINTED)
            seconds: dict[str, list[float]] = {ours: [], theirs: []}
            for _ in range(WARM_UP + calls):
                # In turns, so that other load on the machine affects both alike.
                for url, found in seconds.items():
                    found.append(await paid_call(url, buyer))
    medians = [statistics.median(found[WARM_UP:]) for found in seconds.values()]
    return {
        "alive402, paid call (s)": medians[0],
        "bare x402 middleware, paid call (s)": medians[1],
        "alive402 over the bare middleware (ratio)": medians[0] / medians[1],
    }


async def paid_call(url: str, buyer: Buyer) -> float:
    """Seconds of one paid request by the official client."""
    client, wire = register_exact_evm_client(x402Client(), EthAccountSigner(buyer.account)), Timed()
    async with httpx.AsyncClient(transport=x402AsyncTransport(client, wire), timeout=60) as http:
        answer = await http.post(url + TOOL_PATH, json={"VideoUrl": VIDEO})
    answer.raise_for_status()
    (seconds,) = wire.seconds
    return seconds


def bare(parts: Parts, data: dict[str, Any]) -> FastAPI:
    """A minimal seller: the package's middleware with its defaults."""
    app = FastAPI()
    resources = x402ResourceServer(DevFacilitator(parts.devchain))
    resources.register(NETWORK, ExactEvmServerScheme())  # type: ignore[arg-type, no-untyped-call]
    option = PaymentOption(scheme="exact", pay_to=parts.terms.pay_to, price="$0.20", network=NETWORK)
    app.add_middleware(
        PaymentMiddlewareASGI, routes={f"POST {TOOL_PATH}": RouteConfig(accepts=option)}, server=resources
    )

    @app.post(TOOL_PATH)
    async def answer(body: dict[str, Any]) -> dict[str, Any]:
        return {"requestId": "0", "code": "200", "message": "success", "content": "", "data": data}

    return app


def _as_ours(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(app, log_config=None, access_log=False, server_header=False, http="h11", ws="none")


@contextmanager
def serving(running: uvicorn.Server) -> Iterator[str]:
    """Run the app in its own thread; yields its URL."""
    listening = listen("127.0.0.1", 0)
    thread = threading.Thread(target=lambda: asyncio.run(running.serve(sockets=[listening])))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join()


if __name__ == "__main__":
    main()

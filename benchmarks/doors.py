"""Measures the HTTP layer without judging: answers a second at each endpoint, and the processor time of each.

    python -m benchmarks.doors [--seconds N] [--at-once N] [--json]

`alive402 serve` runs as a child on the dev chain; its callers keep their connections. On a machine with few cores the
callers use the rest of it, so plan with the service's processor time per request: the time of all its threads, without
the worker processes and without the time of the idle service. A call paid on the dev chain also costs the service the
chain's work, which runs in other threads; for such a call, use the time of the event loop's thread.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from itertools import count
from math import ceil
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from alive402.demo import TOOL_PATH, Buyer
from benchmarks import processor_time
from benchmarks.soak import AT_WORK, service_with, video_hosts
from benchmarks.soak_callers import FAUCET, PRICE, Wrong

TOKEN, PAID = "judged, paid by a token", "judged, paid by x402: 402 and 200"
JUDGED_AT_ONCE = 2 * AT_WORK
"""Limit of parallel judging, so high that no worker process has to wait; more would only queue."""
ROOM = 8 * AT_WORK
"""Limit of concurrent calls of the service."""
CALLS_A_SECOND = (116, 350)
"""Target: three times the average rate of 10 million calls a day."""
TOKEN_CALLS = 5
"""Calls that a payment of at most one dollar buys, the largest payment of the official client."""
JUDGED_A_SECOND = 20
"""A rate that no machine reaches with so few worker processes."""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

Ask = Callable[[], Awaitable[int]]
"""Sends one request, reads the whole answer and returns its status."""


@dataclass(frozen=True, slots=True)
class Door:
    """One measured endpoint: the expected status, the number of callers, and a factory of callers."""

    status: int
    at_once: int
    caller: Callable[[], AbstractAsyncContextManager[Ask]]


@dataclass(frozen=True, slots=True)
class Found:
    """Result of one endpoint: `answers` in `seconds`, and processor seconds: `whole` process, event `loop` alone."""

    answers: int
    seconds: float
    whole: float
    loop: float

    def to_dict(self) -> dict[str, float]:
        """The figures by name."""
        return {
            "a second": self.answers / self.seconds,
            "processor ms each": 1000 * self.whole / self.answers,
            "of them the loop's": 1000 * self.loop / self.answers,
            "a second of one core": self.answers / self.whole,
        }


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="at each door")
    parser.add_argument("--at-once", type=int, default=16, help="callers side by side, where nothing is judged")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alive402-doors-") as folder:
        found = asyncio.run(measure(Path(folder), options.seconds, options.at_once))
    if options.json:
        print(json.dumps({"doors": found, "cores": cores(found)}))
        return
    columns = list(next(iter(found.values())))
    print(" " * 40 + "".join(f"{column:>22}" for column in columns))
    for name, figures in found.items():
        print(f"  {name:<38}" + "".join(f"{figures[column]:22.2f}" for column in columns))
    print("cores that the service's own processes keep busy, the judging left out:")
    for name, value in cores(found).items():
        print(f"  {name:<38}{value:22.2f}")


def cores(found: dict[str, dict[str, float]]) -> dict[str, float]:
    """Calculate the cores that a rate of paid calls needs.

    A call paid by x402 costs its measured time on the event loop, for both requests, and the time that a call paid by a
    token costs in the other threads (fetching, writing).
    """
    token, paid = found[TOKEN], found[PAID]
    beside = token["processor ms each"] - token["of them the loop's"]
    each = {"by a token": token["processor ms each"], "by x402": paid["of them the loop's"] + beside}
    return {f"{calls} calls a second, {by}": calls * ms / 1000 for calls in CALLS_A_SECOND for by, ms in each.items()}


async def measure(
    folder: Path, seconds: float, at_once: int, only: Collection[str] | None = None
) -> dict[str, dict[str, float]]:
    """Measure every endpoint, or only some of them; returns the figures by endpoint.

    Raises:
        Wrong: an answer was not the one that is measured.
    """
    async with video_hosts(folder) as videos, service_with(folder) as service, Buyer(service.url) as buyer:
        await buyer.fund()
        _demand(await buyer.pay(videos.good), 200)
        signature = buyer.signature
        calls = ceil(JUDGED_A_SECOND * seconds) + JUDGED_AT_ONCE + 1
        uses = [token for token in await _tokens(buyer, ceil(calls / TOKEN_CALLS)) for _ in range(TOKEN_CALLS)]
        returned = await _tokens(buyer, min(at_once, ROOM))
        job = _demand(await buyer.spend(videos.good, uses.pop(), Prefer="respond-async"), 202).json()["jobId"]
        async with httpx.AsyncClient(base_url=service.url, timeout=60, trust_env=False) as http:
            # The stream ends with the job.
            _demand(await http.get(f"/api/jobs/{job}/events"), 200)
        again, bought = {"VideoUrl": videos.good}, count()

        async def by_token() -> int:
            return (await buyer.spend(videos.good, uses.pop(), Idempotency_Key=uuid4().hex)).status_code

        async def by_x402() -> int:
            if next(bought) % (FAUCET // PRICE // 2) == 0:
                await buyer.fund()
            return (await buyer.pay(videos.good)).status_code

        def kept(status: int, path: str, body: object = None, **headers: str) -> Door:
            return Door(status, at_once, lambda: _kept(service.url, path, body, headers))

        def given_back() -> AbstractAsyncContextManager[Ask]:
            return _kept(service.url, TOOL_PATH, {"VideoUrl": videos.bad[0]}, {"X-Payment-Token": returned.pop()})

        doors = {
            "unpaid: 402": kept(402, TOOL_PATH, again),
            "a URL that is refused: 400": kept(400, TOOL_PATH, {"VideoUrl": "ftp://videos.example/face.mp4"}),
            "bought before: the stored answer": kept(200, TOOL_PATH, again, **{"PAYMENT-SIGNATURE": signature}),
            "a job that is done": kept(200, f"/api/jobs/{job}"),
            "/healthz": kept(200, "/healthz"),
            "/readyz": kept(200, "/readyz"),
            "/metrics": kept(200, "/metrics"),
            "/openapi.json": kept(200, "/openapi.json"),
            "by a token, and no video there: 424": Door(424, len(returned), given_back),
            TOKEN: Door(200, min(at_once, JUDGED_AT_ONCE), lambda: nullcontext(by_token)),
            PAID: Door(200, min(at_once, JUDGED_AT_ONCE), lambda: nullcontext(by_x402)),
        }
        idle = await _idle(service.pid, max(seconds, 1.0))
        return {
            name: (await _measured(service.pid, door, name, seconds, idle)).to_dict()
            for name, door in doors.items()
            if only is None or name in only
        }


async def _tokens(buyer: Buyer, many: int) -> list[str]:
    """Buy tokens, each good for `TOKEN_CALLS` calls."""
    tokens = []
    for each in range(many):
        if each % (FAUCET // PRICE // TOKEN_CALLS) == 0:
            await buyer.fund()
        _demand(await buyer.prepay(TOKEN_CALLS), 200)
        tokens.append(buyer.token)
    return tokens


async def _idle(pid: int, seconds: float) -> tuple[float, float]:
    """Processor seconds per second of the idle service: of the whole process, and of its event loop."""
    before = _used(pid)
    await asyncio.sleep(seconds)
    whole, loop = _used(pid)
    return (whole - before[0]) / seconds, (loop - before[1]) / seconds


async def _measured(pid: int, door: Door, name: str, seconds: float, idle: tuple[float, float]) -> Found:
    async with AsyncExitStack() as callers:
        asks = [await callers.enter_async_context(door.caller()) for _ in range(door.at_once)]

        async def work(ask: Ask, until: float) -> int:
            answers = 0
            while not answers or monotonic() < until:
                if (status := await ask()) != door.status:
                    raise Wrong(f"{name}: got {status}")
                answers += 1
            return answers

        began, before = monotonic(), _used(pid)
        answers = sum(await asyncio.gather(*[work(ask, began + seconds) for ask in asks]))
        lasted, after = monotonic() - began, _used(pid)
    used = zip(after, before, idle, strict=True)
    # The resolution of the kernel's counter.
    whole, loop = (max(now - then - lasted * each, 1 / processor_time.TICKS) for now, then, each in used)
    return Found(answers, lasted, whole, loop)


@asynccontextmanager
async def _kept(url: str, path: str, body: object, headers: dict[str, str]) -> AsyncIterator[Ask]:
    """A kept connection that sends the same bytes repeatedly: the cheapest possible caller."""
    place = urlsplit(url)
    said = json.dumps(body).encode() if body is not None else b""
    lines = {"Host": place.netloc, **headers}
    if body is not None:
        lines |= {"Content-Type": "application/json", "Content-Length": str(len(said))}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    wire = f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\n{head}\r\n".encode() + said
    reader, writer = await asyncio.open_connection(place.hostname, place.port)

    async def ask() -> int:
        writer.write(wire)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(answer)
        if length is None:
            raise Wrong(f"{path}: the answer has no Content-Length")
        await reader.readexactly(int(length[1]))
        return int(answer[9:12])

    try:
        # Lazily created objects of a first request must not count.
        await ask()
        yield ask
    finally:
        writer.close()
        await writer.wait_closed()


def _used(pid: int) -> tuple[float, float]:
    """Processor seconds of a process so far: of all its threads, and of its first, which runs the event loop."""
    return processor_time.of_process(pid), processor_time.of_first_thread(pid)


def _demand(answer: httpx.Response, status: int) -> httpx.Response:
    if answer.status_code != status:
        raise Wrong(f"{answer.request.url.path}: got {answer.status_code} {answer.text[:200]}")
    return answer


if __name__ == "__main__":
    main()

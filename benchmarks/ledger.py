"""Measures how many paid calls a second a ledger takes: a look-up and three transactions each, by concurrent callers.

    python -m benchmarks.ledger [--calls N] [--at-once N] [--processes N] [--database-url URL] [--json]

By default the ledger is SQLite in a temporary folder. Several processes share the calls and the callers. Only the
ledger is written: nothing is verified, judged or settled on a chain.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from concurrent.futures import ProcessPoolExecutor, wait
from multiprocessing import get_context
from time import perf_counter, sleep
from uuid import uuid4

from alive402.payments.core import Claim, Money, Use
from alive402.payments.ledger import Ledger

ANSWER = {"Action": "DetectVideoLivingFace", "Elements": [], "Liveness": {"verdict": "live", "padding": "x" * 4000}}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--database-url")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.database_url or f"sqlite+aiosqlite:///{folder}/ledger.db"
        found = measure_together(url, options.calls, options.at_once, options.processes)
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"  {name:<24} {value:9.1f}")


def measure_together(url: str, calls: int, at_once: int, processes: int) -> dict[str, float]:
    """The same as `measure`, over several processes; `slowest call, s` is that of all of them."""
    if processes == 1:
        return asyncio.run(measure(url, calls, at_once))
    # The tables are made first, and each process is up before the clock starts.
    asyncio.run(measure(url, 1, 1))
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        wait([pool.submit(sleep, 1.0) for _ in range(processes)])
        began = perf_counter()
        runs = [pool.submit(_measured, url, calls // processes, at_once // processes) for _ in range(processes)]
        found = [run.result() for run in runs]
        seconds = perf_counter() - began
    made = calls // processes * processes
    slowest = max(each["slowest call, s"] for each in found)
    return {
        "paid calls a second": made / seconds,
        "transactions a second": 3 * made / seconds,
        "slowest call, s": slowest,
        "slowest process, calls/s": min(each["paid calls a second"] for each in found),
        "fastest process, calls/s": max(each["paid calls a second"] for each in found),
    }


def _measured(url: str, calls: int, at_once: int) -> dict[str, float]:
    return asyncio.run(measure(url, calls, at_once))


async def measure(url: str, calls: int, at_once: int) -> dict[str, float]:
    """Paid calls and transactions a second, and the seconds of the slowest call."""
    ledger = await Ledger.open(url, lease_seconds=60)
    left, slowest = iter(range(calls)), 0.0

    async def work() -> None:
        nonlocal slowest
        for _ in left:
            began = perf_counter()
            await _call(ledger)
            slowest = max(slowest, perf_counter() - began)

    began = perf_counter()
    try:
        await asyncio.gather(*[work() for _ in range(at_once)])
    finally:
        await ledger.close()
    seconds = perf_counter() - began
    return {
        "paid calls a second": calls / seconds,
        "transactions a second": 3 * calls / seconds,
        "slowest call, s": slowest,
    }


async def _call(ledger: Ledger) -> None:
    """The ledger's work for one call paid by x402: look up, reserve, store the answer, settle."""
    nonce = uuid4().hex
    money = Money("eip155:84532", "0xaa", "0xbb", f"0x{nonce}", "0xdd", 200_000, 4_000_000_000, f"proof {nonce}")
    use = Use("video-face-liveness-detection", f"hash {nonce}", nonce)
    assert not await ledger.knows(money)
    async with ledger.begin() as payments:
        claim = await payments.reserve(money, use, verified=True)
    assert isinstance(claim, Claim)
    async with ledger.begin() as payments:
        await payments.settling(claim, ANSWER)
    async with ledger.begin() as payments:
        await payments.settled(claim, f"0x{nonce}", {"success": True, "transaction": f"0x{nonce}"})


if __name__ == "__main__":
    main()

"""Measures how many paid calls a second a ledger takes: four transactions each, by concurrent callers.

    python -m benchmarks.ledger [--calls N] [--at-once N] [--database-url URL] [--json]

By default the ledger is SQLite in a temporary folder. Only the ledger is written: nothing is verified, judged or
settled on a chain.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from time import perf_counter
from uuid import uuid4

from alive402.payments.core import Claim, Money, Use
from alive402.payments.ledger import Ledger

ANSWER = {"Action": "DetectVideoLivingFace", "Elements": [], "Liveness": {"verdict": "live", "padding": "x" * 4000}}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--database-url")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.database_url or f"sqlite+aiosqlite:///{folder}/ledger.db"
        found = asyncio.run(measure(url, options.calls, options.at_once))
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"  {name:<24} {value:9.1f}")


async def measure(url: str, calls: int, at_once: int) -> dict[str, float]:
    """Paid calls and transactions a second."""
    ledger = await Ledger.open(url, lease_seconds=60)
    left = iter(range(calls))

    async def work() -> None:
        for _ in left:
            await _call(ledger)

    began = perf_counter()
    try:
        await asyncio.gather(*[work() for _ in range(at_once)])
    finally:
        await ledger.close()
    seconds = perf_counter() - began
    return {"paid calls a second": calls / seconds, "transactions a second": 4 * calls / seconds}


async def _call(ledger: Ledger) -> None:
    """The ledger's work for one call paid by x402: look up, reserve, store the answer, settle."""
    nonce = uuid4().hex
    money = Money("eip155:84532", "0xaa", "0xbb", f"0x{nonce}", "0xdd", 200_000, 4_000_000_000, f"proof {nonce}")
    use = Use("video-face-liveness-detection", f"hash {nonce}", nonce)
    async with ledger.begin() as payments:
        await payments.reserve(money, use, verified=False)
    async with ledger.begin() as payments:
        claim = await payments.reserve(money, use, verified=True)
    assert isinstance(claim, Claim)
    async with ledger.begin() as payments:
        await payments.settling(claim, ANSWER)
    async with ledger.begin() as payments:
        await payments.settled(claim, f"0x{nonce}", {"success": True, "transaction": f"0x{nonce}"})


if __name__ == "__main__":
    main()

"""Soak test: thousands of calls of all kinds while worker processes are killed at random; then checks the accounts.

    python -m benchmarks.soak [--calls N] [--at-once N] [--seed N] [--json]

`alive402 serve` runs as a child on the dev chain. The test fails unless there is no 5xx but 503; wallets, chain, ledger
and answers agree; each answer is charged once and nothing else is charged; the memory of the service stays flat; and no
process and no video is left.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BufferedWriter
from pathlib import Path
from typing import Any

import av

from alive402.demo import Buyer, prepare_clips, serve_files
from alive402.liveness import model_files
from benchmarks.soak_callers import Caller, Tally, Videos, Wrong

CLIP_SECONDS = 3.2
AT_WORK = 2
KILL_EVERY = 25
"""Calls between two killed worker processes."""
GREETING = "alive402 is at "
GROWTH = 1.10
_ENDLESS = "1000000/hour"


@dataclass
class Watched:
    """The service as its machine sees it: resident bytes after each call, and the number of killed processes."""

    pid: int
    url: str
    resident: list[int] = field(default_factory=list)
    killed: int = 0

    def judging(self) -> list[int]:
        """The ids of its worker processes."""
        found = []
        for children in Path(f"/proc/{self.pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += [int(pid) for pid in children.read_text().split()]
        return found

    def look(self) -> None:
        """Record its current memory."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        self.resident.append(pages * os.sysconf("SC_PAGE_SIZE"))


def main() -> None:
    """Run the command line; exit code 1 if a check failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=32, help="callers side by side")
    parser.add_argument("--seed", type=int, default=402)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alive402-soak-") as folder:
        try:
            found = asyncio.run(soak(Path(folder), options.calls, options.at_once, options.seed, loud=True))
        except Wrong as error:
            lines = Path(folder, "server.log").read_text().splitlines()
            shown = [line for line in lines if '"level": "error"' in line or '"level": "warning"' in line]
            print(f"soak: {error}", *shown[-8:], sep="\n  ", file=sys.stderr)
            raise SystemExit(1) from None
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"  {name:<28} {value}")


async def soak(folder: Path, calls: int, at_once: int, seed: int, *, loud: bool = False) -> dict[str, Any]:
    """Run the calls and the checks; returns the figures by name.

    Raises:
        Wrong: the service did what it never may.
    """
    began, tally = time.monotonic(), Tally()
    async with video_hosts(folder) as videos, service_with(folder) as service:
        callers = [Caller(service.url, videos, tally, random.Random(seed + each)) for each in range(at_once)]
        left = iter(range(calls))

        async def work(caller: Caller) -> None:
            for _ in left:
                await caller.call()
                service.look()

        killing = asyncio.create_task(_kill(service, tally, random.Random(seed)))
        telling = asyncio.create_task(_tell(tally, calls, service) if loud else asyncio.sleep(0))
        try:
            async with asyncio.TaskGroup() as group:
                for caller in callers:
                    group.create_task(work(caller))
        except* Wrong as errors:
            raise Wrong(str(errors.exceptions[0])) from None
        finally:
            killing.cancel()
            telling.cancel()
        seconds = time.monotonic() - began
        accounts = await _accounts(folder, service, callers, tally)
        children = service.judging()
    left_over = [pid for pid in children if _runs(pid)]
    if left_over:
        raise Wrong(f"{len(left_over)} processes are left")
    if videos_left := [each.name for each in (folder / "media").glob("alive402-*")]:
        raise Wrong(f"left in the folder of videos: {videos_left}")
    return {
        "calls": tally.done,
        "seconds": round(seconds),
        "kinds": dict(tally.kinds.most_common()),
        "answers by code": dict(tally.codes.most_common()),
        "processes killed": service.killed,
        **accounts,
        **_memory(service.resident),
    }


def _memory(resident: list[int]) -> dict[str, Any]:
    """Median memory of a hundred calls after the first hundred, and of the last hundred, in MB."""
    if len(resident) < 400:
        return {"resident MB, at the end": round(statistics.median(resident[-20:]) / 1e6, 1)}
    early, late = statistics.median(resident[100:200]), statistics.median(resident[-100:])
    if late > GROWTH * early:
        raise Wrong(f"the service grew from {early / 1e6:.1f} MB to {late / 1e6:.1f} MB")
    return {
        "resident MB, first hundred": round(statistics.median(resident[:100]) / 1e6, 1),
        "resident MB, second hundred": round(early / 1e6, 1),
        "resident MB, last hundred": round(late / 1e6, 1),
    }


async def _accounts(folder: Path, service: Watched, callers: list[Caller], tally: Tally) -> dict[str, Any]:
    """Compare wallets with their owners' records, and the ledger with both."""
    with sqlite3.connect(folder / "ledger.db") as ledger:
        states = Counter(dict(ledger.execute("SELECT state, count(*) FROM payments GROUP BY state").fetchall()))
        moved = ledger.execute("SELECT coalesce(sum(amount), 0) FROM payments WHERE state = 'consumed'").fetchone()[0]
        asset = ledger.execute("SELECT asset FROM payments LIMIT 1").fetchone()[0]
        single = ledger.execute(
            "SELECT count(*) FROM payments WHERE state = 'consumed' AND id NOT IN"
            " (SELECT ledger_id FROM prepayments WHERE ledger_id IS NOT NULL)"
        ).fetchone()[0]
        spent_uses = ledger.execute("SELECT count(*) FROM prepaid_uses WHERE state = 'spent'").fetchone()[0]
        held_uses = ledger.execute("SELECT count(*) FROM prepaid_uses WHERE state = 'held'").fetchone()[0]
    open_states = set(states) - {"consumed", "released", "verified", "created"}
    paid = 0
    for caller in callers:
        spent = await caller.spent(asset)
        if spent != caller.owed:
            raise Wrong(f"a wallet paid {spent} and owed {caller.owed}")
        paid += spent
        await caller.__aexit__(None)
    if open_states or held_uses:
        raise Wrong(f"payments are left as {sorted(open_states)}, {held_uses} uses are held")
    if moved != paid:
        raise Wrong(f"the ledger says {moved}, the chain {paid}")
    if single + spent_uses != len(tally.answers):
        raise Wrong(f"{single} payments and {spent_uses} uses for {len(tally.answers)} answers")
    return {"answers": len(tally.answers), "charged, atomic units": paid, "payments by state": dict(states)}


async def _kill(service: Watched, tally: Tally, chance: random.Random) -> None:
    last = 0
    while True:
        await asyncio.sleep(chance.uniform(0.1, 0.5))
        if tally.done - last >= KILL_EVERY and (judging := service.judging()):
            last = tally.done
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(judging), signal.SIGKILL)
                service.killed += 1


async def _tell(tally: Tally, calls: int, service: Watched) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(15)
        now = service.resident[-1] / 1e6 if service.resident else 0.0
        line = f"{tally.done} of {calls} calls, {time.monotonic() - began:.0f} s, {now:.0f} MB, {service.killed} killed"
        print(line, file=sys.stderr, flush=True)


@asynccontextmanager
async def video_hosts(folder: Path) -> AsyncIterator[Videos]:
    """Serve test videos on loopback: good and bad ones, and a host that is too slow."""
    files = folder / "videos"
    files.mkdir()
    _cut(prepare_clips(model_files.cache_folder().parent / "demo").bona_fide, files / "face.mp4")
    (files / "text.mp4").write_text("ffconcat version 1.0\nfile /etc/hostname\n")
    (files / "cut.mp4").write_bytes((files / "face.mp4").read_bytes()[:2000])
    (files / "noise.mp4").write_bytes(random.Random(1).randbytes(100_000))
    with (files / "big.mp4").open("wb") as file:
        file.truncate(31_000_000)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 1000000\r\n\r\n")
            await writer.drain()
            await reader.read()
            await reader.read()
        writer.close()

    slow = await asyncio.start_server(drip, "127.0.0.1", 0)
    with serve_files(files) as base:
        async with slow:
            port = slow.sockets[0].getsockname()[1]
            yield Videos(
                good=f"{base}/face.mp4",
                bad=(f"{base}/none.mp4", f"{base}/cut.mp4"),
                hostile=(
                    "http://169.254.169.254/latest/meta-data/",
                    "http://metadata.google.internal/",
                    f"{base}/text.mp4",
                    f"{base}/noise.mp4",
                    f"{base}/big.mp4",
                ),
                slow=f"http://127.0.0.1:{port}/video.mp4",
            )


def _cut(source: Path, target: Path) -> None:
    """Copy the first seconds without encoding them again."""
    with av.open(str(source)) as whole, av.open(str(target), "w") as short:
        stream = whole.streams.video[0]
        copy = short.add_stream_from_template(stream)
        for packet in whole.demux(stream):
            if packet.dts is None or float(packet.pts * stream.time_base) > CLIP_SECONDS:
                break
            packet.stream = copy
            short.mux(packet)


@asynccontextmanager
async def service_with(folder: Path) -> AsyncIterator[Watched]:
    """Run `alive402 serve` with free calls unlimited; stop it at the end and wait for its exit."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ALIVE402_")}
    if "ALIVE402_CACHE" in os.environ:
        kept["ALIVE402_CACHE"] = os.environ["ALIVE402_CACHE"]
    settings = {
        "FREE_FAILURES_PER_PAYER": _ENDLESS,
        "FREE_FAILURES_PER_ADDRESS": _ENDLESS,
        "NEW_PAYMENTS_PER_ADDRESS": _ENDLESS,
        "ANALYSES_AT_ONCE": str(AT_WORK),
        "FETCH_SECONDS": "2",
        "MEDIA_DIRECTORY": str(folder / "media"),
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'ledger.db'}",
        "ALLOW_PRIVATE_HOSTS": "true",
        "PORT": "0",
    }
    with contextlib.closing(_log(folder)) as log:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from alive402.cli.main import main; main()",
            "serve",
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env={**kept, **{f"ALIVE402_{name}": value for name, value in settings.items()}},
        )
    assert child.stdout is not None
    try:
        line = ""
        while not line.startswith(GREETING):
            line = (await child.stdout.readline()).decode()
            if not line:
                raise Wrong("the service did not start")
        reading = asyncio.create_task(child.stdout.read())
        service = Watched(child.pid, line.removeprefix(GREETING).strip())
        async with Buyer(service.url) as buyer:
            await buyer.ask("http://example.com/")
        yield service
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        try:
            async with asyncio.timeout(60):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()
            raise Wrong("the service did not stop") from None
    await reading


def _log(folder: Path) -> BufferedWriter:
    """The file for the service's log."""
    return (folder / "server.log").open("wb")


def _runs(pid: int) -> bool:
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


if __name__ == "__main__":
    main()

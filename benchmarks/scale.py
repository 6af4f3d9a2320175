"""Measures the stages of a paid call on this machine, and computes calls a second for more processes and nodes.

    python -m benchmarks.scale [--files N] [--seconds N] [--calls N] [--cores N ...] [--database-url URL] [--cluster]
        [--json]

Measured, all as processor time, which other work on the machine hardly changes: an analysis in a worker process; the
service for one call paid by x402, both requests, with SQLite; a look-up and three transactions of the ledger by
`benchmarks.ledger`: in its process for SQLite, and with the URL of a PostgreSQL on this machine in the processes of
that server; with `--cluster` what it adds to send a file to a node of a Ray cluster.

Computed from these: the calls a second of so many nodes with `--cores` processors each, shared by so many service
processes and their workers. The smallest of three limits counts: the processors of the nodes, one event loop a
process, the ledger. Where there are more nodes than service processes, files go to the nodes of a cluster, unless as
many nodes as processes do more alone. SQLite has one writer and one service process; PostgreSQL has a machine like one
node to itself. Facilitator, chain, network and disks are left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time

import psycopg
from sqlalchemy import make_url

from alive402.demo import prepare_clips
from alive402.intake.sandbox import Sandbox, SandboxLimits
from alive402.liveness import model_files
from benchmarks import cluster, doors, ledger, processor_time
from benchmarks.__main__ import make_clip

PROCESSES, NODES = (1, 2, 4, 8), (1, 2, 4, 16)
CLIPS = "6 s of 1280 x 720", "4 s of 176 x 144"
CALLERS, TRANSACTIONS = 16, 3
_FEW = 20


@dataclass(frozen=True, slots=True)
class Stages:
    """Processor seconds of one call: the analysis, the service, of that its event loop, and the ledger.

    `way` and `send` are what a node of a cluster adds: in all processes, and of that in the service. Both are None when
    that was not measured. `server`: the ledger is a server on its own machine; otherwise a file, whose work is part of
    `service`.
    """

    analysis: float
    service: float
    loop: float
    ledger: float
    server: bool
    way: float | None = None
    send: float | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """Calls a second, and the part that allows no more: `processors`, `event loop` or `ledger`."""

    calls: float
    limit: str


def capacity(stages: Stages, processes: int, nodes: int, cores: int) -> Capacity | None:
    """Compute the calls a second of `processes` service processes on `nodes` nodes of `cores` processors each.

    With more nodes than processes: by a cluster, or by as many nodes as processes where that is more. None where the
    cost of the cluster was not measured.
    """
    if nodes <= processes:
        return _smallest(stages, processes, nodes, cores, 0.0, 0.0)
    if stages.way is None or stages.send is None:
        return None
    clustered = _smallest(stages, processes, nodes, cores, stages.way, stages.send)
    return max(clustered, _smallest(stages, processes, processes, cores, 0.0, 0.0), key=lambda found: found.calls)


def _smallest(stages: Stages, processes: int, nodes: int, cores: int, way: float, send: float) -> Capacity:
    limits = {
        "processors": nodes * cores / (stages.analysis + stages.service + way),
        # All of `send`, because which thread of the service it takes is not known.
        "event loop": processes / (stages.loop + send),
        "ledger": (cores if stages.server else 1) / stages.ledger,
    }
    limit = min(limits, key=lambda part: limits[part])
    return Capacity(limits[limit], limit)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10, help="judged of each clip; the mean counts")
    parser.add_argument("--seconds", type=float, default=5.0, help="of calls by token, and of calls by x402")
    parser.add_argument("--calls", type=int, default=500, help="of the ledger")
    parser.add_argument("--cores", type=int, nargs="+", default=[os.cpu_count() or 1], help="of one node")
    parser.add_argument("--database-url", help="a PostgreSQL on this machine; rows are added to it")
    parser.add_argument("--cluster", action="store_true", help="start a Ray cluster and measure the way to its node")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    found = measure(options.files, options.seconds, options.calls, options.database_url, options.cluster)
    tables = {cores: {clip: table(stages, cores) for clip, stages in found.items()} for cores in options.cores}
    if options.json:
        print(json.dumps({"measured": {clip: asdict(each) for clip, each in found.items()}, "computed": tables}))
        return
    for clip, stages in found.items():
        print(f"measured, {clip}: processor milliseconds of one call")
        for name in ("analysis", "service", "loop", "ledger", "way", "send"):
            if (spent := getattr(stages, name)) is not None:
                print(f"  {name:<10}{1000 * spent:10.2f}")
        kind = "PostgreSQL" if stages.server else "SQLite"
        print(f"  {TRANSACTIONS / stages.ledger:.0f} transactions a second of one core, {kind}")
    for cores, clips in tables.items():
        for clip, rows in clips.items():
            print(f"computed, {clip}: calls a second of nodes with {cores} cores, and what allows no more")
            print(" " * 14 + "".join(f"{f'{nodes} nodes':>18}" for nodes in NODES))
            for processes, row in rows.items():
                print(f"  {processes} processes " + "".join(f"{each:>18}" for each in row.values()))


def table(stages: Stages, cores: int) -> dict[int, dict[int, str]]:
    """Calls a second and the limiting part, by processes and nodes; a ledger in a file has one process."""

    def cell(processes: int, nodes: int) -> str:
        found = capacity(stages, processes, nodes, cores)
        if found is None:
            return "-"
        return f"{found.calls:.{0 if found.calls >= 10 else 1}f} {found.limit}"

    return {each: {nodes: cell(each, nodes) for nodes in NODES} for each in (PROCESSES if stages.server else (1,))}


def measure(
    files: int, seconds: float, calls: int, database_url: str | None = None, with_cluster: bool = False
) -> dict[str, Stages]:
    """Measure the stages of one call, for each clip."""
    model_files.ensure()
    server = server_of(database_url) if database_url else None
    with tempfile.TemporaryDirectory(prefix="alive402-scale-") as folder:
        paths = make_clip(Path(folder)), prepare_clips(model_files.cache_folder().parent / "demo").bona_fide
        judged = [asyncio.run(analysis_seconds(path, files)) for path in paths]
        ways = [asyncio.run(way(path, files)) if with_cluster else (None, None) for path in paths]
        only = (doors.TOKEN, doors.PAID)
        # As many callers as workers: waiting calls would only lengthen the run.
        found = asyncio.run(doors.measure(Path(folder), seconds, doors.JUDGED_AT_ONCE, only))
        token, paid = ({name: ms / 1000 for name, ms in found[door].items()} for door in only)
        loop = paid["of them the loop's"]
        # A difference of two measured times.
        beside = max(0.0, token["processor ms each"] - token["of them the loop's"])
        stored = ledger_seconds(database_url or f"sqlite+aiosqlite:///{folder}/scale.db", calls, server)
    return {
        clip: Stages(analysis, loop + beside, loop, stored, server is not None, *added)
        for clip, analysis, added in zip(CLIPS, judged, ways, strict=True)
    }


async def analysis_seconds(clip: Path, files: int) -> float:
    """Processor seconds of a warm worker process for one analysis."""
    async with Sandbox(SandboxLimits(), kept=1) as sandbox:
        await sandbox.warm_up()
        await sandbox.judge(clip)
        before = sum(map(processor_time.of_tree, processor_time.children(os.getpid())))
        for _ in range(files):
            await sandbox.judge(clip)
        after = sum(map(processor_time.of_tree, processor_time.children(os.getpid())))
    return (after - before) / files


async def way(clip: Path, files: int) -> tuple[float, float]:
    """Processor seconds that a node of a cluster adds to a file: in all processes, and in the sending one."""
    here = await cluster.pace_here(clip, files, 1)
    with cluster.ray_cluster() as nodes:
        there = await cluster.pace_there(nodes, clip, files, 1)
    return max(0.0, there.everywhere - here.everywhere), max(0.0, there.sender - here.sender)


def ledger_seconds(database_url: str, calls: int, server: int | None) -> float:
    """Processor seconds of the ledger for one call: of the database server, or without one of this process."""
    spent = []
    # The difference of two runs leaves out what opening a ledger costs.
    for many in (_FEW, _FEW, _FEW + calls):
        before = processor_time.of_tree(server) if server else process_time()
        asyncio.run(ledger.measure(database_url, many, CALLERS))
        spent.append((processor_time.of_tree(server) if server else process_time()) - before)
    return (spent[-1] - spent[-2]) / calls


def server_of(database_url: str) -> int:
    """The process id of a PostgreSQL server on this machine.

    Raises:
        SystemExit: the server is elsewhere, so that its processor time cannot be read.
    """
    address = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        try:
            if Path(f"/proc/{row[0]}/comm").read_text().startswith("postgres"):
                return processor_time.parent(row[0])
        except OSError:
            pass
    raise SystemExit("The PostgreSQL server does not run on this machine. Its processor time cannot be read.")


if __name__ == "__main__":
    main()

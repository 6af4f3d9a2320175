"""Measures the throughput of a cluster: files a second here, on one node of a Ray cluster on this machine, and on two.

    python -m benchmarks.cluster [--files N] [--json]

Every node has one processor's worth of actors. A machine with enough cores for all nodes and threads shows the gain of
a second node; a smaller one shows the cost of the transport to a node. Other work on the machine changes files a
second, but hardly the processor time of a file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from alive402.demo import prepare_clips
from alive402.intake.sandbox import Sandbox, SandboxLimits
from alive402.liveness import model_files
from alive402.providers import Judges
from benchmarks import processor_time

STORE = 100_000_000


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=24, help="judged by each")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    model_files.ensure()
    clip = prepare_clips(model_files.cache_folder().parent / "demo").bona_fide
    figures = asyncio.run(measure(clip, options.files))
    if options.json:
        print(json.dumps(figures))
        return
    print(f"{options.files} files of 4 s, {os.cpu_count()} cores")
    for name, value in figures.items():
        print(f"  {name:<52} {value:9.3f}")


async def measure(clip: Path, files: int) -> dict[str, float]:
    """Figures by name: files a second, ratios, processor seconds."""
    here = {at_once: await pace_here(clip, files, at_once) for at_once in (1, 2)}
    there = {}
    with ray_cluster() as nodes:
        for count in (1, 2):
            there[count] = await pace_there(nodes, clip, files, count)
    return {
        "this machine, one process, files a second": here[1].rate,
        "this machine, two processes, files a second": here[2].rate,
        "one node, files a second": there[1].rate,
        "two nodes, files a second": there[2].rate,
        "two nodes over one (ratio)": there[2].rate / there[1].rate,
        "two processes here over one (ratio)": here[2].rate / here[1].rate,
        "processor time of a file, here (s)": here[1].everywhere,
        "processor time of a file, one node (s)": there[1].everywhere,
        "of it in the sending process, here (s)": here[1].sender,
        "of it in the sending process, one node (s)": there[1].sender,
    }


@contextmanager
def ray_cluster() -> Iterator[Any]:
    """A Ray cluster of this machine whose head judges nothing; nodes are added to it."""
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    import ray
    from ray.cluster_utils import Cluster as Nodes

    nodes = Nodes(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, "object_store_memory": STORE}
    )
    try:
        yield nodes
    finally:
        ray.shutdown()
        nodes.shutdown()


@dataclass(frozen=True, slots=True)
class Pace:
    """Files a second, and processor seconds of a file: in this process, and in it and all its descendants."""

    rate: float
    sender: float
    everywhere: float


async def pace_here(clip: Path, files: int, at_once: int) -> Pace:
    """Judge files in worker processes of this one."""
    async with Sandbox(SandboxLimits(), kept=at_once) as sandbox:
        return await pace(sandbox, clip, files, at_once)


async def pace_there(nodes: Any, clip: Path, files: int, count: int) -> Pace:
    """Add one node, and judge files on all `count` of them."""
    from alive402.providers import Cluster, ClusterLimits

    nodes.add_node(num_cpus=1, object_store_memory=STORE)
    cluster = Cluster(ClusterLimits(nodes.address, least=count, most=count), SandboxLimits())
    try:
        return await pace(cluster, clip, files, count)
    finally:
        await cluster.close()


async def pace(judges: Judges, clip: Path, files: int, at_once: int) -> Pace:
    """Judge files, `at_once` in parallel, after warm-up."""
    await judges.warm_up()
    await asyncio.gather(*[judges.judge(clip) for _ in range(at_once)])
    waiting = iter(range(files))

    async def work() -> None:
        for _ in waiting:
            await judges.judge(clip)

    began, sender, everywhere = perf_counter(), process_time(), processor_time.of_tree(os.getpid())
    await asyncio.gather(*[work() for _ in range(at_once)])
    seconds = perf_counter() - began
    return Pace(
        files / seconds,
        (process_time() - sender) / files,
        (processor_time.of_tree(os.getpid()) - everywhere) / files,
    )


if __name__ == "__main__":
    main()

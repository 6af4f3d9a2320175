"""Measures the throughput of a cluster: files a second here, on one node of a Ray cluster on this machine, and on two.

    python -m benchmarks.cluster [--files N] [--json]

Every node has one processor's worth of actors. A machine with enough cores for all nodes and threads shows the gain of
a second node; a smaller one shows the cost of the transport to a node.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from pathlib import Path
from time import perf_counter

from alive402.demo import prepare_clips
from alive402.intake.sandbox import Sandbox, SandboxLimits
from alive402.liveness import model_files
from alive402.providers import Judges

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
    """Files a second and ratios by name."""
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    import ray
    from ray.cluster_utils import Cluster as Nodes

    from alive402.providers import Cluster, ClusterLimits

    here = {}
    for at_once in (1, 2):
        async with Sandbox(SandboxLimits(), kept=at_once) as sandbox:
            here[at_once] = await rate(sandbox, clip, files, at_once)
    nodes = Nodes(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, "object_store_memory": STORE}
    )
    there = {}
    try:
        for count in (1, 2):
            nodes.add_node(num_cpus=1, object_store_memory=STORE)
            cluster = Cluster(ClusterLimits(nodes.address, least=count, most=count), SandboxLimits())
            there[count] = await rate(cluster, clip, files, count)
            await cluster.close()
    finally:
        ray.shutdown()
        nodes.shutdown()
    return {
        "this machine, one process, files a second": here[1],
        "this machine, two processes, files a second": here[2],
        "one node, files a second": there[1],
        "two nodes, files a second": there[2],
        "two nodes over one (ratio)": there[2] / there[1],
        "two processes here over one (ratio)": here[2] / here[1],
        "what the way to a node adds to a file (s)": 1 / there[1] - 1 / here[1],
    }


async def rate(judges: Judges, clip: Path, files: int, at_once: int) -> float:
    """Files a second, `at_once` in parallel, after warm-up."""
    await judges.warm_up()
    await asyncio.gather(*[judges.judge(clip) for _ in range(at_once)])
    waiting = iter(range(files))

    async def work() -> None:
        for _ in waiting:
            await judges.judge(clip)

    began = perf_counter()
    await asyncio.gather(*[work() for _ in range(at_once)])
    return files / (perf_counter() - began)


if __name__ == "__main__":
    main()

"""Tests of calls and batches on two nodes of a real Ray cluster on this machine, also after a node is lost."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from alive402.batch import cluster as batches
from alive402.batch.rows import Row
from alive402.demo import Clips
from alive402.intake import FetchLimits
from alive402.intake.sandbox import SandboxLimits
from alive402.liveness import UnsupportedVideo

ray = pytest.importorskip("ray", reason="Ray is not installed (extra `cluster`)")

from ray.cluster_utils import Cluster as Nodes  # noqa: E402

from alive402.providers import Cluster, ClusterLimits  # noqa: E402

pytestmark = pytest.mark.anyio
STORE = 80_000_000


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    os.environ["RAY_AUTH_MODE"] = "disabled"
    made = Nodes(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "include_dashboard": False, "object_store_memory": STORE},
    )
    made.add_node(num_cpus=1, object_store_memory=STORE)
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture
async def cluster(nodes: Nodes) -> AsyncIterator[Cluster]:
    made = Cluster(ClusterLimits(nodes.address, least=2, most=2), SandboxLimits())
    yield made
    await made.close()


async def test_lost_node_costs_no_call(nodes: Nodes, cluster: Cluster, clips: Clips, tmp_path: Path) -> None:
    second = nodes.add_node(num_cpus=1, object_store_memory=STORE)
    heard: list[tuple[str, float]] = []
    (first, other) = await asyncio.gather(
        cluster.judge(clips.bona_fide, lambda stage, share: heard.append((stage, share))), cluster.judge(clips.attack)
    )
    assert (first.liveness["verdict"], other.liveness["verdict"]) == ("live", "spoof")
    assert heard[-1] == ("done", 1.0)
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    with pytest.raises(UnsupportedVideo):
        await cluster.judge(text)
    begun = asyncio.Event()
    calls = [asyncio.create_task(cluster.judge(clips.bona_fide, lambda *_: begun.set())) for _ in range(4)]
    await begun.wait()
    nodes.remove_node(second, allow_graceful=False)
    assert [judged.liveness["verdict"] for judged in await asyncio.gather(*calls)] == ["live"] * 4


def test_batch_continues_after_a_lost_node(nodes: Nodes, clips: Clips, tmp_path: Path) -> None:
    second = nodes.add_node(num_cpus=1, object_store_memory=STORE)
    rows = [Row(f"{number}.mp4", str(clips.bona_fide), {"who": str(number)}) for number in range(9)]
    rows.append(Row("gone.mp4", str(tmp_path / "gone.mp4")))
    found: list[dict[str, Any]] = []
    for result in batches.judged(rows, "engine", FetchLimits(), reports=False, address=nodes.address):
        found.append(result)
        if len(found) == 3:
            nodes.remove_node(second, allow_graceful=False)
    assert sorted(result["location"] for result in found) == sorted(row.location for row in rows)
    assert {result["location"]: result["code"] for result in found}["gone.mp4"] == "file_unreadable"
    assert {result["verdict"] for result in found} == {"live", None}
    assert all(result["notes"] == {"who": result["location"][:-4]} for result in found if result["code"] is None)

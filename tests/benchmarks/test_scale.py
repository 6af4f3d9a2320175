"""Tests of `benchmarks.scale`: a short run measures every stage, and the computed limits are right."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest
from benchmarks.scale import CLIPS, NODES, Stages, capacity, measure, server_of, table

from benchmarks import processor_time
from tests import postgresql

PAGE = (Path(__file__).parents[2] / "docs" / "performance.md").read_text()

JUDGED = Stages(analysis=0.9, service=0.1, loop=0.05, ledger=0.01, server=True, way=0.0, send=0.0)


def test_every_stage_is_measured() -> None:
    found = measure(files=1, seconds=0.5, calls=20)
    assert tuple(found) == CLIPS
    large, small = found.values()
    assert large.analysis > small.analysis > 0.02
    for stages in found.values():
        assert not stages.server
        assert 0 < stages.loop <= stages.service < stages.analysis
        assert stages.ledger > 0


def test_ledger_is_the_server_of_the_url() -> None:
    programs = postgresql.binaries()
    if programs is None:
        pytest.skip(postgresql.NOT_INSTALLED)
    with postgresql.running(programs) as server:
        postmaster = server_of(server.database())
        before = processor_time.of_tree(postmaster)
        server.execute("SELECT count(*) FROM generate_series(1, 3000000)")
        # The server counts the time of a session a moment after it has ended.
        until = monotonic() + 10
        while processor_time.of_tree(postmaster) - before <= 0.1:
            assert monotonic() < until


def test_tree_holds_running_and_ended_children() -> None:
    burn = "n = 0\nwhile n < 2_000_000: n += 1"
    before = processor_time.of_tree(os.getpid())
    subprocess.run([sys.executable, "-c", burn], check=True)
    between = processor_time.of_tree(os.getpid())
    assert between - before > 0.02
    script = f"{burn}\nprint('burnt', flush=True)\ninput()"
    child = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    with child:
        assert child.stdout.readline() == b"burnt\n"
        assert child.pid in processor_time.children(os.getpid())
        assert processor_time.parent(child.pid) == os.getpid()
        assert processor_time.of_tree(os.getpid()) - between > 0.02
        child.stdin.close()


@pytest.mark.parametrize(
    ("processes", "nodes", "cores", "calls", "limit"),
    [
        (1, 1, 2, 2.0, "processors"),
        (8, 1, 2, 2.0, "processors"),
        (1, 16, 2, 20.0, "event loop"),
        (2, 16, 2, 32.0, "processors"),
        (8, 16, 16, 160.0, "event loop"),
    ],
)
def test_smallest_limit_counts(processes: int, nodes: int, cores: int, calls: float, limit: str) -> None:
    found = capacity(JUDGED, processes, nodes, cores)
    assert found is not None
    assert found.calls == pytest.approx(calls)
    assert found.limit == limit


@pytest.mark.parametrize(("server", "calls"), [(True, 2 / 0.05), (False, 1 / 0.05)])
def test_ledger_limits_calls(server: bool, calls: float) -> None:
    """A server has the cores of its machine; a file has one writer."""
    slow = Stages(analysis=0.9, service=0.1, loop=0.001, ledger=0.05, server=server)
    found = capacity(slow, 100, 100, 2)
    assert found is not None
    assert found.calls == pytest.approx(calls)
    assert found.limit == "ledger"


def test_cluster_costs_where_nodes_outnumber_processes() -> None:
    sent = dataclasses.replace(JUDGED, way=0.25, send=0.05)
    both = [capacity(sent, processes, 4, 2) for processes in (4, 2)]
    assert [each and (each.calls, each.limit) for each in both] == [(8.0, "processors"), (6.4, "processors")]
    crowded = capacity(sent, 1, 100, 2)
    assert crowded is not None
    assert crowded.calls == pytest.approx(1 / (0.05 + 0.05))
    # One large node of a process's own judges more than its event loop can send away.
    alone = capacity(sent, 1, 100, 16)
    assert alone is not None
    assert alone.calls == pytest.approx(16.0)
    assert alone.limit == "processors"
    unknown = dataclasses.replace(JUDGED, way=None, send=None)
    assert capacity(unknown, 1, 2, 2) is None
    assert table(unknown, 2)[2] == {1: "2.0 processors", 2: "4.0 processors", 4: "-", 16: "-"}


def test_file_ledger_has_one_process() -> None:
    assert list(table(dataclasses.replace(JUDGED, server=False), 2)) == [1]
    assert table(JUDGED, 2)[1] == {1: "2.0 processors", 2: "4.0 processors", 4: "8.0 processors", 16: "20 event loop"}


def test_published_tables_follow_from_the_published_stages() -> None:
    stages = published_stages()
    for clip in CLIPS:
        for cores in (2, 16):
            found = table(stages[clip], cores)
            # The page leaves out the usual limit.
            cells = {
                each: [cell.replace(" processors", "").replace("event ", "") for cell in row.values()]
                for each, row in found.items()
            }
            assert published_table(f"{clip}, {cores} cores a node") == cells


def published_stages() -> dict[str, Stages]:
    rows = published_rows("stage")
    columns = list(zip(*(row[1:] for row in rows), strict=True))
    assert rows[0][1:] == list(CLIPS)
    found = {}
    for clip, *milliseconds in columns:
        analysis, service, loop, ledger, way, send = (float(each) / 1000 for each in milliseconds)
        found[clip] = Stages(analysis, service, loop, ledger, True, way, send)
    return found


def published_table(title: str) -> dict[int, list[str]]:
    head, *rows = published_rows(title)
    assert [int(each.split()[0]) for each in head[1:]] == list(NODES)
    return {int(row[0].split()[0]): row[1:] for row in rows}


def published_rows(title: str) -> list[list[str]]:
    """The cells of the table whose first cell is `title`, head first."""
    (text,) = re.findall(rf"^\| {re.escape(title)} \|.*\n(?:\|.*\n)+", PAGE, re.MULTILINE)
    lines = [line for line in text.splitlines() if not line.startswith("|--")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]

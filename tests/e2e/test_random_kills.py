"""Tests of SIGKILL at random moments under eight buyers: no answer is lost, and each is charged once.

`RANDOM_KILLS=40 WRITE_DOCS=1` makes the table in `docs/payments.md`; without them two are tried.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from alive402.demo import serve_files
from alive402.providers import trial
from tests import postgresql
from tests.e2e.crash_setup import CrashSetup
from tests.e2e.crash_tables import PAGE, Rows, is_in_the_docs
from tests.e2e.random_kills import BUYERS, UNFINISHED, Killing, kill_at_random

pytestmark = pytest.mark.anyio
FULL = 40
KILLS = int(os.environ.get("RANDOM_KILLS", "2"))
HEADINGS = (
    "ledger",
    "kills",
    "buyers",
    "answers",
    "requests sent again",
    "payments unfinished at a kill",
    "answers lost",
    "charged twice, or for nothing",
    "ledger and chain",
)
rows: Rows = {}


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def database_url(kind: str) -> Iterator[str | None]:
    programs = postgresql.binaries()
    if kind == "SQLite":
        yield None
        return
    if programs is None:
        pytest.skip(postgresql.NOT_INSTALLED)
    with postgresql.running(programs) as server:
        yield server.database()


@pytest.fixture(scope="module")
def answers() -> None:
    """None: each service judges the videos itself, so that workers are killed with it too."""


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the shortest video that is judged."""
    folder: Path = tmp_path_factory.mktemp("videos")
    shutil.copy(trial.CLIP, folder / "face.mp4")
    with serve_files(folder) as base:
        yield f"{base}/face.mp4"


@pytest.mark.timeout(3600)
async def test_random_kills_lose_no_answer_and_charge_nothing_twice(setup: CrashSetup, kind: str) -> None:
    seen = await kill_at_random(setup, KILLS, 9.0 if KILLS >= FULL else 1.0)
    assert seen.answers
    counted = (seen.kills, BUYERS, len(seen.answers), seen.asked_again)
    rows[kind] = (*map(str, counted), told(seen), "0", "0", "equal")


async def test_docs_have_the_table_of_forty_kills() -> None:
    if KILLS >= FULL and len(rows) == 2 and os.environ.get("WRITE_DOCS"):
        is_in_the_docs("random kills", HEADINGS, rows)
    table = PAGE.read_text().split("<!-- random kills -->\n")[1].split("<!-- end of random kills -->")[0]
    for kind in ("SQLite", "PostgreSQL"):
        assert f"| {kind} | {FULL} | {BUYERS} |" in table
    assert table.count("| 0 | 0 | equal |\n") == 2


def told(seen: Killing) -> str:
    """The states of the unfinished payments in words."""
    return ", ".join(f"{seen.unfinished[state]} `{state}`" for state in UNFINISHED if seen.unfinished[state])

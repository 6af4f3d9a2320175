"""Tests of group commit: exactly the transactions that succeed are stored, and none ends before it is on disk."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from alive402.storage import Database
from alive402.storage.group_commit import LARGEST

pytestmark = pytest.mark.anyio
FAILURES = ("none", "raises", "breaks a rule", "breaks a rule and goes on", "cancelled", "reads", "rolls back inside")
ROOT = Path(__file__).parents[2]


class Refused(Exception):
    """The failure of a transaction by its own decision."""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await opened_in(tmp_path)
    yield opened
    await opened.close()


async def opened_in(folder: Path) -> Database:
    """A database with a table of unique numbers, and one whose rule is checked by COMMIT."""
    database = await Database.open(f"sqlite+aiosqlite:///{folder / 'numbers.db'}", lease_seconds=60)
    async with database.session() as session:
        await session.execute(text("CREATE TABLE numbers (n INTEGER PRIMARY KEY)"))
        late = "CREATE TABLE late (n INTEGER REFERENCES numbers (n) DEFERRABLE INITIALLY DEFERRED)"
        await session.execute(text(late))
    return database


async def add(session: AsyncSession, *numbers: int) -> None:
    for number in numbers:
        await session.execute(text("INSERT INTO numbers VALUES (:n)"), {"n": number})


async def write(database: Database, *numbers: int) -> None:
    async with database.session() as session:
        await add(session, *numbers)


def on_disk(folder: Path, table: str = "numbers") -> list[int]:
    """The committed numbers, as another connection sees them."""
    other = sqlite3.connect(folder / "numbers.db", isolation_level=None)
    found = [n for (n,) in other.execute(f"SELECT n FROM {table} ORDER BY n")]
    other.close()
    return found


@contextmanager
def commits(database: Database) -> Iterator[list[None]]:
    """Counts the commits until the block ends."""
    found: list[None] = []

    def note(_connection: Any) -> None:
        found.append(None)

    event.listen(database._engine.sync_engine, "commit", note)
    yield found
    event.remove(database._engine.sync_engine, "commit", note)


@settings(deadline=None, max_examples=60)
@given(plans=st.lists(st.tuples(st.sampled_from(FAILURES), st.integers(0, 3), st.integers(0, 2)), max_size=20))
def test_exactly_the_successful_transactions_are_stored(plans: list[tuple[str, int, int]]) -> None:
    """`plans`: of each transaction how it ends, how many numbers it adds, and how many turns it yields to others."""

    async def run(folder: Path) -> None:
        database = await opened_in(folder)
        stored: set[int] = set()

        async def one(first: int, end: str, count: int, yields: int) -> None:
            numbers = range(first, first + count)
            async with database.session() as session:
                await add(session, *numbers)
                for _ in range(yields):
                    await asyncio.sleep(0)
                if end == "reads":
                    seen = set(await session.scalars(text("SELECT n FROM numbers")))
                    assert stored | set(numbers) <= seen
                elif end == "raises":
                    raise Refused
                elif end == "breaks a rule":
                    await add(session, first + 9, first + 9)
                elif end == "breaks a rule and goes on":
                    with pytest.raises(IntegrityError):
                        async with session.begin_nested():
                            await add(session, first + 9, first + 9)
                elif end == "cancelled":
                    task = asyncio.current_task()
                    assert task is not None
                    task.cancel()
                    await asyncio.sleep(0)
                elif end == "rolls back inside":
                    await session.rollback()
                    await add(session, first + 8)
            assert set(numbers if end != "rolls back inside" else [first + 8]) <= set(on_disk(folder))
            stored.update(numbers if end != "rolls back inside" else [first + 8])

        ends = [one(10 * n, *plan) for n, plan in enumerate(plans)]
        found = await asyncio.gather(*ends, return_exceptions=True)
        expected = {"raises": Refused, "breaks a rule": IntegrityError, "cancelled": asyncio.CancelledError}
        assert [type(each) for each in found] == [expected.get(end, type(None)) for end, *_ in plans]
        assert on_disk(folder) == sorted(stored)
        await database.close()

    with TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


async def test_transactions_that_wait_share_a_commit(database: Database, tmp_path: Path) -> None:
    with commits(database) as found:
        await asyncio.gather(*[write(database, n) for n in range(LARGEST + 3)])
    # All waited when the first group began, which takes no more than `LARGEST`.
    assert len(found) == 2
    assert on_disk(tmp_path) == list(range(LARGEST + 3))


async def test_failed_commit_fails_the_whole_group(database: Database, tmp_path: Path) -> None:
    async def break_late() -> None:
        async with database.session() as session:
            await session.execute(text("INSERT INTO late VALUES (99)"))

    async def read() -> None:
        async with database.session() as session:
            assert list(await session.scalars(text("SELECT n FROM numbers"))) == [1]

    async def refuse() -> None:
        async with database.session() as session:
            assert list(await session.scalars(text("SELECT n FROM numbers"))) == [1]
            raise Refused

    outcomes = await asyncio.gather(write(database, 1), break_late(), read(), refuse(), return_exceptions=True)
    assert [type(each) for each in outcomes] == [IntegrityError] * 4
    assert (on_disk(tmp_path), on_disk(tmp_path, "late")) == ([], [])
    await write(database, 2)
    assert on_disk(tmp_path) == [2]


async def test_rollback_by_sqlite_fails_those_before_it_only(database: Database, tmp_path: Path) -> None:
    await write(database, 7)

    async def lose_all() -> None:
        async with database.session() as session:
            await session.execute(text("INSERT OR ROLLBACK INTO numbers VALUES (7)"))

    outcomes = await asyncio.gather(write(database, 1), lose_all(), write(database, 2), return_exceptions=True)
    assert [type(each) for each in outcomes] == [OperationalError, OperationalError, type(None)]
    assert on_disk(tmp_path) == [2, 7]


async def test_failure_without_a_write_before_it_waits_for_no_commit(database: Database) -> None:
    async def refuse() -> None:
        async with database.session() as session:
            await session.scalar(text("SELECT 1"))
            raise Refused

    release = asyncio.Event()

    async def hold() -> None:
        async with database.session() as session:
            await release.wait()
            await add(session, 1)

    refusing, holding = asyncio.create_task(refuse()), asyncio.create_task(hold())
    with pytest.raises(Refused):
        await refusing
    assert not holding.done()
    release.set()
    await holding


async def test_cancelled_wait_for_the_commit_leaves_the_transaction_stored(database: Database, tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def first() -> None:
        async with database.session() as session:
            await add(session, 1)
        ended.set()

    async def second() -> None:
        async with database.session() as session:
            await add(session, 2)
            writing.cancel()

    writing, other = asyncio.create_task(first()), asyncio.create_task(second())
    await other
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert not ended.is_set()
    assert on_disk(tmp_path) == [1, 2]


async def test_group_that_cannot_begin_fails_one_transaction(database: Database, tmp_path: Path) -> None:
    engine = database._engine.sync_engine

    @event.listens_for(engine, "begin", insert=True)
    def fail_once(_connection: Any) -> None:
        event.remove(engine, "begin", fail_once)
        raise OperationalError("BEGIN", None, sqlite3.OperationalError("database is locked"))

    outcomes = await asyncio.gather(write(database, 1), write(database, 2), return_exceptions=True)
    assert [type(each) for each in outcomes] == [OperationalError, type(None)]
    assert on_disk(tmp_path) == [2]


WRITER = """
import asyncio, sys
from pathlib import Path
from tests.storage.test_group_commit import opened_in, write

async def main():
    database = await opened_in(Path(sys.argv[1]))

    async def work(first):
        for n in range(first, 1_000_000, 16):
            await write(database, n)
            print(n, flush=True)

    await asyncio.gather(*[work(first) for first in range(16)])

asyncio.run(main())
"""


@pytest.mark.parametrize("answers", [1, 40, 200])
def test_killed_process_has_stored_all_that_it_answered(tmp_path: Path, answers: int) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    answered = [int(writer.stdout.readline()) for _ in range(answers)]
    writer.send_signal(signal.SIGKILL)
    answered += [int(line) for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    writer.wait()
    assert len(answered) >= answers
    assert set(answered) <= set(on_disk(tmp_path))

"""Tests of the SQLite driver: waiting for a lock blocks no task, and cancelled steps leave a usable ledger."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from alive402.payments.ledger import Ledger

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}", lease_seconds=60)
    yield opened
    await opened.close()


async def test_waiting_for_the_lock_does_not_block_the_event_loop(ledger: Ledger, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def write() -> str:
        async with ledger.session() as session:
            return str(await session.scalar(text("SELECT 'written'")))

    writing = asyncio.create_task(write())
    # If waiting stopped the loop, what frees the lock would never run.
    asyncio.get_running_loop().call_soon(other.rollback)
    assert await writing == "written"
    other.close()


async def test_cancelled_wait_leaves_a_usable_ledger(ledger: Ledger, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begun = asyncio.Event()

    async def write() -> None:
        begun.set()
        async with ledger.session() as session:
            await session.execute(text("CREATE TABLE never (a)"))

    writing = asyncio.create_task(write())
    await begun.wait()
    writing.cancel()
    other.rollback()
    other.close()
    with pytest.raises(asyncio.CancelledError):
        await writing
    async with ledger.session() as session:
        assert await session.scalar(text("SELECT count(*) FROM sqlite_master WHERE name = 'never'")) == 0


async def test_every_writer_gets_the_lock(ledger: Ledger) -> None:
    async with ledger.session() as session:
        await session.execute(text("CREATE TABLE counted (a INTEGER)"))
        await session.execute(text("INSERT INTO counted VALUES (0)"))

    async def count() -> None:
        async with ledger.session() as session:
            found = await session.scalar(text("SELECT a FROM counted"))
            await asyncio.sleep(0)
            await session.execute(text("UPDATE counted SET a = :a"), {"a": int(found or 0) + 1})

    await asyncio.gather(*[count() for _ in range(50)])
    async with ledger.session() as session:
        assert await session.scalar(text("SELECT a FROM counted")) == 50


@pytest.mark.parametrize("statement", ["SELECT 1", "CREATE TABLE made (a)", "DELETE FROM payments"])
async def test_transaction_without_changes_ends(ledger: Ledger, tmp_path: Path, statement: str) -> None:
    async with ledger.session() as session:
        await session.execute(text(statement))
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None, timeout=0)
    other.execute("BEGIN IMMEDIATE")
    made = other.execute("SELECT count(*) FROM sqlite_master WHERE name = 'made'").fetchone()
    other.rollback()
    other.close()
    assert made == (int("CREATE" in statement),)


async def test_plain_connection_writes_too(ledger: Ledger) -> None:
    async with ledger._engine.begin() as connection:
        await connection.execute(text("CREATE TABLE plain (a INTEGER)"))
        assert (await connection.execute(text("INSERT INTO plain VALUES (1), (2) RETURNING a"))).all() == [(1,), (2,)]
        found = await connection.execute(text("SELECT a FROM plain ORDER BY a"))
        assert (found.fetchone(), found.fetchmany(5), found.fetchone()) == ((1,), [(2,)], None)

"""Tests of the claim on a database: one process has it, and it ends with the process."""

from __future__ import annotations

import subprocess
import sys

import anyio
import pytest

from alive402.storage import Database

pytestmark = pytest.mark.anyio
OTHER = """
import asyncio, sys
from alive402.storage import Database
async def main():
    database = await Database.open(sys.argv[1], lease_seconds=5)
    print(await database.claim(), flush=True)
    sys.stdin.read()
asyncio.run(main())
"""


async def test_one_database_object_has_the_claim(database_url: str) -> None:
    first, second = [await Database.open(database_url, lease_seconds=5) for _ in range(2)]
    try:
        assert [await first.claim(), await first.claim(), await second.claim()] == [True, True, False]
        await first.close()
        # PostgreSQL ends a closed session a moment later.
        with anyio.fail_after(10):
            while not await second.claim():
                pass
    finally:
        await first.close()
        await second.close()


async def test_claim_ends_with_a_killed_process(database_url: str) -> None:
    # The blocking calls block nothing else here.
    command = [sys.executable, "-c", OTHER, database_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:  # noqa: ASYNC220
        assert other.stdout is not None
        assert other.stdout.readline() == b"True\n"
        database = await Database.open(database_url, lease_seconds=5)
        try:
            assert not await database.claim()
            other.kill()
            other.wait()
            # PostgreSQL ends the session of a killed process a moment later.
            with anyio.fail_after(10):
                while not await database.claim():
                    pass
        finally:
            await database.close()


async def test_database_in_memory_is_claimed() -> None:
    database = await Database.open("sqlite+aiosqlite:///:memory:", lease_seconds=5)
    assert await database.claim()
    await database.close()

"""Group commit for SQLite: write transactions that wait for each other share one commit, and one wait for the disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from alive402.storage.sqlite_driver import Connection

LARGEST = 64
"""The most transactions of one group: other processes, and the first of the group, wait for all of them."""


class _Member:
    """One transaction: a savepoint in the group's transaction."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.turn: asyncio.Future[AsyncConnection] = loop.create_future()
        self.left: asyncio.Future[None] = loop.create_future()
        self.committed: asyncio.Future[None] = loop.create_future()


class GroupCommit:
    """The write transactions of one process on one SQLite database, in the order of their arrival.

    They run one after another, never interleaved. Those that arrive while a commit waits for the disk form the next
    group: each is a savepoint in one transaction of SQLite, and ends when that is committed. A transaction that fails
    is rolled back to its savepoint; the others are not affected. When the commit fails, all of the group fail.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._waiting: deque[_Member] = deque()
        self._running: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A transaction: on disk when the block has ended, rolled back when it raises.

        The block must not wait for anything but its session: all other writers wait for it.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the group could not begin, or could not be committed.
        """
        member = _Member()
        self._waiting.append(member)
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        try:
            connection = await member.turn
            driver = await _driver_of(connection)
            try:
                async with _session(connection) as session:
                    yield session
            except Exception:
                await self._end(member, driver)
                raise
            await self._end(member, driver)
        finally:
            # Also when it was cancelled.
            member.committed.cancel()
            if not member.left.done():
                member.left.set_result(None)

    async def idle(self) -> None:
        """Wait until every transaction has ended."""
        while self._running is not None:
            await asyncio.wait([self._running])

    async def _end(self, member: _Member, driver: Connection) -> None:
        """Pass the turn on, and wait until what this transaction wrote or may have read is on disk.

        One that failed waits too: it may have failed because of what another of the group wrote.
        """
        member.left.set_result(None)
        # With nothing written and nobody waiting the group ends at once.
        if driver.wrote or not self._waiting:
            await member.committed

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._run_group()
        finally:
            self._running = None

    async def _run_group(self) -> None:
        """Run the waiting transactions in one transaction of SQLite, and commit it."""
        members: list[_Member] = []
        try:
            async with self._engine.begin() as connection:
                driver = await _driver_of(connection)
                while len(members) < LARGEST and (member := self._next()):
                    members.append(member)
                    member.turn.set_result(connection)
                    await member.left
                    if not driver.in_transaction:
                        lost = sqlite3.OperationalError("the transaction was rolled back")
                        raise OperationalError("SAVEPOINT", None, lost) from lost
        except Exception as error:
            if not members and (first := self._next()):
                first.turn.set_exception(error)
            for member in members:
                if not member.committed.done():
                    member.committed.set_exception(error)
        except BaseException:
            # The event loop ends.
            for member in (*members, *self._waiting):
                member.turn.cancel()
                member.committed.cancel()
            raise
        else:
            for member in members:
                if not member.committed.done():
                    member.committed.set_result(None)

    def _next(self) -> _Member | None:
        """The next transaction that is still waiting, or None."""
        while self._waiting:
            member = self._waiting.popleft()
            if not member.turn.done():
                return member
        return None


@asynccontextmanager
async def _session(connection: AsyncConnection) -> AsyncIterator[AsyncSession]:
    """A session in a savepoint: released when the block ends, rolled back when it raises."""
    session = AsyncSession(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
    try:
        yield session
        await session.commit()
    except BaseException:
        await session.rollback()
        raise
    finally:
        await session.close()


async def _driver_of(connection: AsyncConnection) -> Connection:
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, Connection)
    return driver

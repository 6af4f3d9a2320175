"""The database: connection, migrations and transactions."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from weakref import WeakKeyDictionary

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from alive402.storage import copies, sqlite_driver
from alive402.storage.claims import Claim, claim
from alive402.storage.group_commit import GroupCommit
from alive402.storage.leases import LiveLeases

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MILLISECONDS = 15_000
CONNECTIONS = 16
"""The connections to SQLite that stay open: a lookup opens one more when all are in use, and closes it again."""
LEAST_FREE_BYTES = 8_000_000
"""Below this, a commit of SQLite may fail: its write-ahead log grows to 4 MB, and is copied into the database."""
_READS = "alive402_reads"
_MIGRATING = 0x402

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


class Database:
    """One database. Open with `await Database.open(url, ...)`, close with `await database.close()`."""

    def __init__(self, engine: AsyncEngine, lease_seconds: float, now: Clock = utc_now) -> None:
        self._engine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._reads = engine.execution_options(**{_READS: True})
        self._readers = async_sessionmaker(self._reads, expire_on_commit=False)
        self.lease_seconds = lease_seconds
        self._now = now
        self._groups: WeakKeyDictionary[asyncio.AbstractEventLoop, GroupCommit] = WeakKeyDictionary()
        self.leases = LiveLeases()
        self._claim: Claim | None = None

    @classmethod
    async def open(cls, url: str, lease_seconds: float, now: Clock = utc_now) -> Self:
        """Connect to `url` (SQLAlchemy's form), migrate the tables, and return the database.

        A call holds its rows for `lease_seconds`, and for as long again after each `renew`; then it counts as dead and
        another call may take them over.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database cannot be reached or migrated.
            DatabaseDamaged: it is a SQLite file that is damaged.
        """
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            await asyncio.to_thread(copies.check_sqlite, Path(parsed.database))
        if parsed.get_backend_name() == "sqlite":
            # One in memory has a single connection.
            in_file = parsed.database not in (None, "", ":memory:")
            pool = {"pool_size": CONNECTIONS} if in_file else {}
            engine = create_async_engine(parsed.set(drivername=sqlite_driver.DRIVER), **pool)
            _make_sqlite_durable(engine)
        else:
            engine = create_async_engine(parsed, pool_pre_ping=True)
        async with engine.begin() as connection:
            await connection.run_sync(_migrate)
        return cls(engine, lease_seconds, now)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        async with self._writing() as session:
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A read-only transaction, which does not block writers."""
        async with self._readers.begin() as session:
            yield session

    @asynccontextmanager
    async def looking_up(self) -> AsyncIterator[AsyncConnection]:
        """A connection for one query that reads: two thirds of the work of `reading`, which has a session."""
        async with self._reads.connect() as connection:
            yield connection

    async def renew(self) -> None:
        """Extend the leases of every running call of this process.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database cannot be written; the leases last until they expire.
        """
        for lease in self.leases.alive():
            if not await lease.renew():
                self.leases.forget(lease)

    async def check(self) -> None:
        """Write a row and roll it back; for SQLite, also look for room on its disk, which only a commit would need.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database does not answer, or cannot be written.
            OSError: its disk is full.
        """
        self._check_room()
        async with self._writing() as session:
            await session.execute(text("UPDATE alembic_version SET version_num = version_num"))
            await session.rollback()

    def _check_room(self) -> None:
        url = self._engine.url
        if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
            return
        if shutil.disk_usage(Path(url.database).absolute().parent).free < LEAST_FREE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async def copy_to(self, path: Path) -> str:
        """Write a consistent copy to a new file while the database is in use; returns its sha256 in hex.

        Raises:
            CopyFailed: it could not be made; the message says why.
            OSError: the file cannot be written.
        """
        return await copies.copy(self._engine.url, path)

    async def claim(self) -> bool:
        """Claim the database for this process until `close`; False when another process has it.

        Raises:
            OSError, sqlalchemy.exc.SQLAlchemyError: the claim cannot be asked for.
        """
        self._claim = self._claim or await claim(self._engine)
        return self._claim is not None

    async def close(self) -> None:
        """Close every connection, and give up the claim."""
        if self._claim is not None:
            await self._claim.release()
            self._claim = None
        if group := self._group():
            await group.idle()
        await self._engine.dispose()

    def _writing(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A transaction that writes; on SQLite, which allows one writer at a time, in a group that commits together."""
        group = self._group()
        return self._sessions.begin() if group is None else group.transaction()

    def _group(self) -> GroupCommit | None:
        if self._engine.dialect.name != "sqlite":
            return None
        loop = asyncio.get_running_loop()
        if loop not in self._groups:
            self._groups[loop] = GroupCommit(self._engine)
        return self._groups[loop]


def _migrate(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # Several services may start on one database at the same time.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _make_sqlite_durable(engine: AsyncEngine) -> None:
    """Use a write-ahead log, flush every commit to disk, and take write locks at the start of a transaction.

    A transaction that starts by reading and then writes fails at once when another has written meanwhile, whatever the
    busy timeout; one that starts as a writer waits its turn.
    """

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # The driver's own BEGIN is issued too late and takes no write lock.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Connection) -> None:
        sqlite_driver.begin(connection, writing=not connection.get_execution_options().get(_READS))

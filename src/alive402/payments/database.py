"""The ledger's database: opened, migrated, and handed out one transaction at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from alive402.payments import sqlite_driver
from alive402.payments.closing import Closing
from alive402.payments.leases import Lease, LiveLeases
from alive402.payments.repository import PaymentRepository
from alive402.payments.service import Claim, Clock, PaymentService, utc_now
from alive402.payments.statements import Statements

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MILLISECONDS = 15_000
_READS = "alive402_reads"
_MIGRATING = 0x402


class Ledger:
    """The payments of one database. Open with `await Ledger.open(url)`, close with `await ledger.close()`."""

    def __init__(self, engine: AsyncEngine, lease_seconds: float, now: Clock = utc_now) -> None:
        self._engine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._readers = async_sessionmaker(engine.execution_options(**{_READS: True}), expire_on_commit=False)
        self.lease_seconds = lease_seconds
        self._now = now
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
        self.leases = LiveLeases()
        # Whoever is told of every step that matters: the operator's webhooks.
        self.told: tuple[str, ...] = ()

    @classmethod
    async def open(cls, url: str, lease_seconds: float, now: Clock = utc_now) -> Ledger:
        """Connect to `url` (SQLAlchemy's form), bring the tables up to date, and return the ledger.

        A call holds its payment for `lease_seconds`, and for as long again with each `renew`; then it counts as dead,
        and another may take the payment over.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database cannot be reached or migrated.
        """
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        if parsed.get_backend_name() == "sqlite":
            engine = create_async_engine(parsed, connect_args={"async_creator_fn": sqlite_driver.connect})
            _make_sqlite_durable(engine)
        else:
            engine = create_async_engine(parsed, pool_pre_ping=True)
        async with engine.begin() as connection:
            await connection.run_sync(_migrate)
        return cls(engine, lease_seconds, now)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[PaymentService]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with self._turn(), self._sessions.begin() as session:
            yield PaymentService(PaymentRepository(session, self.told), self.lease_seconds, self._now)

    @asynccontextmanager
    async def closing(self) -> AsyncIterator[Closing]:
        """One transaction on the payments that nobody works on; commits and rolls back like `begin`."""
        async with self._turn(), self._sessions.begin() as session:
            yield Closing(PaymentRepository(session, self.told), self.lease_seconds, self._now)

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[Statements]:
        """One reading of the books that hinders no writer."""
        async with self._readers.begin() as session:
            yield Statements(session)

    async def renew(self) -> None:
        """Lengthen the leases of every call that is alive in this process.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database cannot be written now; the leases go on until they end.
        """
        for lease in self.leases.alive():
            if not await lease.renew():
                self.leases.forget(lease)

    def keep(self, claim: Claim) -> None:
        """Renew the lease of `claim` for as long as the current task runs."""

        async def renew() -> bool:
            async with self.begin() as payments:
                return await payments.renew(claim.payment_id, claim.owner)

        self.leases.keep(Lease(claim.owner, renew))

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """One transaction over the tables beside the payments; commits and rolls back like `begin`."""
        async with self._turn(), self._sessions.begin() as session:
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """One reading over those tables that hinders no writer."""
        async with self._readers.begin() as session:
            yield session

    def _turn(self) -> AbstractAsyncContextManager[None]:
        """SQLite has one writer at a time and no queue for it: whoever polls may never have luck. Here is the queue."""
        if self._engine.dialect.name != "sqlite":
            return nullcontext()
        return self._turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())

    async def check(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: there is none.
        """
        async with self._readers() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def _migrate(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # Several services may start at once on one database.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _make_sqlite_durable(engine: AsyncEngine) -> None:
    """Write-ahead log, every commit on disk, and write locks taken at the start of a transaction.

    A transaction that begins as a reader and then writes is refused at once when another wrote meanwhile, whatever the
    busy timeout; one that begins as a writer waits its turn.
    """

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # The driver's own BEGIN comes too late and is no writer's.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get(_READS)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

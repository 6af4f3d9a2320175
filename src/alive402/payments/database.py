"""The ledger's database: opened, migrated, and handed out one transaction at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from alive402.payments.repository import PaymentRepository
from alive402.payments.service import PaymentService

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MILLISECONDS = 15_000


class Ledger:
    """The payments of one database. Open with `await Ledger.open(url)`, close with `await ledger.close()`."""

    def __init__(self, engine: AsyncEngine, lease_seconds: float) -> None:
        self._engine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._lease_seconds = lease_seconds

    @classmethod
    async def open(cls, url: str, lease_seconds: float) -> Ledger:
        """Connect to `url` (SQLAlchemy's form), bring the tables up to date, and return the ledger.

        `lease_seconds` is the longest that one call may hold a payment before another may take it over.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database cannot be reached or migrated.
        """
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite")
        if parsed.get_backend_name() == "sqlite":
            _make_sqlite_durable(engine)
        async with engine.begin() as connection:
            await connection.run_sync(_migrate)
        return cls(engine, lease_seconds)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[PaymentService]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with self._sessions.begin() as session:
            yield PaymentService(PaymentRepository(session), self._lease_seconds)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """One transaction over the tables beside the payments; commits and rolls back like `begin`."""
        async with self._sessions.begin() as session:
            yield session

    async def check(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: there is none.
        """
        async with self._engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def _migrate(connection: Connection) -> None:
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
        connection.exec_driver_sql("BEGIN IMMEDIATE")

"""A claim on a database that one process at a time may have; it ends with the process, however that ends."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import BinaryIO, Protocol

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_KEY = 0x402C


class Claim(Protocol):
    """A claim that this process has."""

    async def release(self) -> None:
        """Give the claim up."""
        ...


class _FileClaim:
    """An exclusive lock (flock) on a file beside an SQLite database; without a file, of a database in memory."""

    def __init__(self, file: BinaryIO | None = None) -> None:
        self._file = file

    async def release(self) -> None:
        if self._file is not None:
            self._file.close()


class _AdvisoryClaim:
    """An advisory lock of PostgreSQL, which belongs to a connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def release(self) -> None:
        await self._connection.invalidate()
        await self._connection.close()


async def claim(engine: AsyncEngine) -> Claim | None:
    """Claim the database for this process; None when another process has the claim.

    Raises:
        OSError, sqlalchemy.exc.SQLAlchemyError: the claim cannot be asked for.
    """
    if engine.dialect.name == "postgresql":
        return await _advisory(engine)
    name = engine.url.database
    return _on_file(Path(f"{name}.claim")) if name and name != ":memory:" else _FileClaim()


def _on_file(path: Path) -> Claim | None:
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return _FileClaim(file)


async def _advisory(engine: AsyncEngine) -> Claim | None:
    connection = await engine.connect()
    await connection.execution_options(isolation_level="AUTOCOMMIT")
    if await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _KEY}):
        return _AdvisoryClaim(connection)
    await connection.close()
    return None

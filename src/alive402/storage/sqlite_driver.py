"""SQLite driver that runs statements on the event loop when they cannot block, to save thread switches.

aiosqlite sends every step to a thread and waits for it. A paid call runs some thirty statements of microseconds each,
so the waiting was most of the ledger's cost.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Self, cast

import aiosqlite
from sqlalchemy import Connection as SqlConnection
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.util.concurrency import await_

DRIVER = "sqlite+alive402"
"""The name of SQLAlchemy's dialect with this driver."""
_BEGIN_WRITING, _BEGIN_READING = "BEGIN IMMEDIATE", "BEGIN"
"""What begins a transaction: the first takes the write lock, the second touches no file until the first query."""
registry.register(DRIVER.replace("+", "."), __name__, "Dialect")


class Connection(aiosqlite.Connection):
    """aiosqlite's connection; inside a transaction that holds the write lock, statements run on the event loop.

    Anything that may block still goes to the thread: waiting for another writer's lock, the final write to disk, and
    the queries of reading transactions, which may be long. `wrote`: the transaction may have changed something.
    """

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._thread.daemon = True
        self._holds_lock = False
        self._in_thread = 0
        self._patience: int | None = None
        self.wrote = False

    async def begin(self, *, writing: bool) -> None:
        """Begin a transaction, which takes the write lock at once if it is to write."""
        await self._execute(self._conn.execute, _BEGIN_WRITING if writing else _BEGIN_READING)

    @property
    def at_hand(self) -> sqlite3.Connection | None:
        """SQLite's connection while its statements may run on the event loop, or else None.

        After a cancelled wait its step still runs in the thread; later steps must queue behind it.
        """
        return self._connection if self._holds_lock and self._in_thread == 0 else None

    def note(self, statement: str) -> None:
        """Note whether a statement may change something; only then does the transaction's end wait for the disk."""
        self.wrote = self.wrote or not statement.startswith("SELECT")

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        statement = args[0] if args and isinstance(args[0], str) else ""
        begins = statement == _BEGIN_WRITING
        ends = fn.__name__ in ("commit", "rollback", "close") and _owner(fn) is self._connection
        if statement.startswith("BEGIN"):
            self.wrote = False
        elif statement:
            self.note(statement)
        waits = (self.wrote or fn.__name__ == "close") if ends else not self._holds_lock
        if self._in_thread == 0 and (not waits or statement == _BEGIN_READING or self._does_nothing(fn)):
            self._holds_lock = self._holds_lock and not ends
            return fn(*args, **kwargs)
        if begins and self._in_thread == 0 and self._begins_at_once(fn, args):
            self._holds_lock = True
            return None
        self._in_thread += 1

        def run() -> Any:
            try:
                done = fn(*args, **kwargs)
                self._holds_lock = (self._holds_lock or begins) and not ends
                return done
            finally:
                self._in_thread -= 1

        return await super()._execute(run)  # type: ignore[no-untyped-call]

    def _begins_at_once(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> bool:
        """Take the write lock if it is free; returns whether it was."""
        assert self._connection is not None
        if self._patience is None:
            (self._patience,) = self._connection.execute("PRAGMA busy_timeout").fetchone()
        self._connection.execute("PRAGMA busy_timeout=0")
        try:
            fn(*args)
        except sqlite3.OperationalError:
            return False
        finally:
            self._connection.execute(f"PRAGMA busy_timeout={self._patience}")
        return True

    def _does_nothing(self, fn: Callable[..., Any]) -> bool:
        """Whether a step touches no file: creating or closing a cursor, rolling back a committed transaction."""
        if fn.__name__ == "rollback":
            return self._connection is not None and not self._connection.in_transaction
        return fn.__name__ == "cursor" or (fn.__name__ == "close" and isinstance(_owner(fn), sqlite3.Cursor))


class _Cursor(sqlite3.Cursor):
    """A cursor that runs its statements at once and fetches all their rows, so that no statement stays open."""

    server_side = False
    connected: Connection
    _rows: deque[Any]

    def execute(self, sql: str, parameters: Any = ()) -> Self:
        self.connected.note(sql)
        super().execute(sql, parameters)
        self._rows = deque(super().fetchall() if self.description else ())
        return self

    def executemany(self, sql: str, parameters: Iterable[Any]) -> Self:
        self.connected.note(sql)
        self._rows = deque()
        return super().executemany(sql, parameters)

    def fetchone(self) -> Any:
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        count = min(len(self._rows), self.arraysize if size is None else size)
        return [self._rows.popleft() for _ in range(count)]

    def fetchall(self) -> list[Any]:
        rows = list(self._rows)
        self._rows.clear()
        return rows

    async def _async_soft_close(self) -> None:
        """Do nothing: the rows are here already. SQLAlchemy calls it when a result has been read."""


class _ThreadCursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor that runs a query and fetches its rows in one step of the thread, not in two."""

    __slots__ = ()

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        connected, cursor = cast(Connection, self._connection), cast(aiosqlite.Cursor, self._cursor)._cursor

        def rows(statement: str) -> list[Any]:
            cursor.execute(statement, parameters or ())
            return cursor.fetchall() if cursor.description else []

        async with self._adapt_connection._execute_mutex:
            self._rows = deque(await connected._execute(rows, operation))


class _AdaptedConnection(AsyncAdapt_aiosqlite_connection):
    """A connection as SQLAlchemy uses it; waits for nothing while statements may run on the event loop."""

    __slots__ = ()
    _cursor_cls = _ThreadCursor

    def cursor(self, server_side: bool = False) -> Any:
        connected = cast(Connection, self._connection)
        at_hand = connected.at_hand
        if at_hand is None or server_side:
            return super().cursor(server_side)
        # SQLAlchemy takes a statement of an asynchronous connection that awaits nothing for a mistake.
        await_(_nothing())
        cursor = at_hand.cursor(_Cursor)
        cursor.connected = connected
        return cursor


async def _nothing() -> None:
    pass


class _Dbapi(AsyncAdapt_aiosqlite_dbapi):
    def connect(self, *args: Any, **kwargs: Any) -> _AdaptedConnection:
        settings = {**kwargs, "check_same_thread": False}
        connection: Any = await_(Connection(lambda: sqlite3.connect(*args, **settings)))
        return _AdaptedConnection(self, connection)


class Dialect(SQLiteDialect_aiosqlite):
    """SQLAlchemy's dialect of aiosqlite, with this driver, and with savepoints that cost microseconds."""

    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> AsyncAdapt_aiosqlite_dbapi:
        return _Dbapi(aiosqlite, sqlite3)

    def do_savepoint(self, connection: SqlConnection, name: str) -> None:
        _run(connection, f"SAVEPOINT {name}")

    def do_rollback_to_savepoint(self, connection: SqlConnection, name: str) -> None:
        # SQLite itself rolls back the whole transaction on some errors, such as a full disk.
        if _driver(connection).in_transaction:
            _run(connection, f"ROLLBACK TO {name}")
            _run(connection, f"RELEASE {name}")

    def do_release_savepoint(self, connection: SqlConnection, name: str) -> None:
        _run(connection, f"RELEASE {name}")


def begin(connection: SqlConnection, *, writing: bool) -> None:
    """Begin a transaction, for SQLAlchemy's event of that name: the statement machinery costs more than the statement.

    Raises:
        sqlalchemy.exc.OperationalError: the write lock was not to be had in time.
    """
    try:
        await_(_driver(connection).begin(writing=writing))
    except sqlite3.Error as error:
        raise OperationalError("BEGIN", None, error) from error


def _driver(connection: SqlConnection) -> Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, Connection)
    return driver


def _run(connection: SqlConnection, statement: str) -> None:
    """Run a statement that touches no file."""
    at_hand = _driver(connection).at_hand
    if at_hand is None:
        connection.exec_driver_sql(statement)
        return
    try:
        at_hand.execute(statement)
    except sqlite3.Error as error:
        raise OperationalError(statement, None, error) from error


def _owner(fn: Callable[..., Any]) -> object:
    """The connection or cursor that a method belongs to."""
    return getattr(fn, "__self__", None)

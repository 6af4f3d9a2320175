"""SQLite driver that runs statements on the event loop when they cannot block, to save thread switches.

aiosqlite sends every step to a thread and waits for it. A paid call runs some thirty statements of microseconds each,
so the waiting was most of the ledger's cost.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import aiosqlite

_WRITES = "BEGIN IMMEDIATE"


class Connection(aiosqlite.Connection):
    """aiosqlite's connection; inside a transaction that holds the write lock, statements run on the event loop.

    Anything that may block still goes to the thread: waiting for another writer's lock, the final write to disk, and
    all reading transactions, which may be long.
    """

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._thread.daemon = True
        self._holds_lock = False
        self._changes = 0
        self._in_thread = 0

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        begins = bool(args) and args[0] == _WRITES
        ends = fn.__name__ in ("commit", "rollback", "close") and _owner(fn) is self._connection
        if self._in_thread == 0 and self._holds_lock and fn.__name__ == "commit" and not self._wrote():
            self._holds_lock = False
            return fn(*args, **kwargs)
        # After a cancelled wait its step still runs in the thread; later steps must queue behind it.
        if self._in_thread == 0 and ((self._holds_lock and not ends) or self._does_nothing(fn)):
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
        (patience,) = self._connection.execute("PRAGMA busy_timeout").fetchone()
        self._connection.execute("PRAGMA busy_timeout=0")
        self._changes = self._connection.total_changes
        try:
            fn(*args)
        except sqlite3.OperationalError:
            return False
        finally:
            self._connection.execute(f"PRAGMA busy_timeout={patience}")
        return True

    def _wrote(self) -> bool:
        """Whether this transaction has changed a row; only then does its end wait for the disk."""
        return self._connection is None or self._connection.total_changes != self._changes

    def _does_nothing(self, fn: Callable[..., Any]) -> bool:
        """Whether a step touches no file: creating or closing a cursor, rolling back a committed transaction."""
        if fn.__name__ == "rollback":
            return self._connection is not None and not self._connection.in_transaction
        return fn.__name__ == "cursor" or (fn.__name__ == "close" and isinstance(_owner(fn), sqlite3.Cursor))


def connect(*args: Any, **kwargs: Any) -> Connection:
    """Connect like `aiosqlite.connect`, with our connection class; for SQLAlchemy's `async_creator_fn`."""
    return Connection(lambda: sqlite3.connect(*args, **{**kwargs, "check_same_thread": False}))


def _owner(fn: Callable[..., Any]) -> object:
    """The connection or cursor that a method belongs to."""
    return getattr(fn, "__self__", None)

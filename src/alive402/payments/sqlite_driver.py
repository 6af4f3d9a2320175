"""SQLite with fewer trips to a thread: a statement that cannot wait is run where it is awaited.

The driver sends every step to a thread of its own and waits for it. A paid call is some thirty statements of
microseconds each, so that the waiting was most of what the ledger cost.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import aiosqlite

_WRITES = "BEGIN IMMEDIATE"


class Connection(aiosqlite.Connection):
    """The driver's connection; within a transaction that holds the write lock, statements stay on the event loop.

    What may wait goes to the thread still: for the lock when it begins, for the disk when it ends; and all reading
    transactions, which may be long.
    """

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._thread.daemon = True
        self._holds_lock = False
        self._in_thread = 0

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        begins = bool(args) and args[0] == _WRITES
        ends = getattr(fn, "__name__", "") in ("commit", "rollback", "close")
        # After a cancelled wait its step still runs in the thread; what comes then has to queue behind it.
        if self._holds_lock and not ends and self._in_thread == 0:
            return fn(*args, **kwargs)
        self._in_thread += 1

        def run() -> Any:
            try:
                done = fn(*args, **kwargs)
                self._holds_lock = (self._holds_lock or begins) and not ends
                return done
            finally:
                self._in_thread -= 1

        return await super()._execute(run)  # type: ignore[no-untyped-call]


def connect(*args: Any, **kwargs: Any) -> Connection:
    """For SQLAlchemy's `async_creator_fn`: what `aiosqlite.connect` does, with our connection."""
    return Connection(lambda: sqlite3.connect(*args, **{**kwargs, "check_same_thread": False}))

"""Consistent copies of a database that is in use, and the check of a SQLite file for damage."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL

CHECKED_BYTES = 256_000_000
"""A larger file is not checked at start: the check reads all of it."""
_PART = ".part"


class CopyFailed(Exception):
    """The copy could not be made; the message says why."""


class DatabaseDamaged(OSError):
    """The SQLite file is damaged, e.g. cut off."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"The database {path} is damaged ({why}). Restore a backup: docs/operate.md, Restore a backup."
        )


async def copy(url: URL, path: Path) -> str:
    """Write a consistent copy of the database to a new file; returns its sha256 in hex.

    SQLite's is a database file, PostgreSQL's an archive for pg_restore. A copy that fails leaves nothing behind.

    Raises:
        CopyFailed: it could not be made.
        OSError: the file cannot be written.
    """
    part = path.with_name(path.name + _PART)
    path.parent.mkdir(parents=True, exist_ok=True)
    part.unlink(missing_ok=True)
    try:
        make = _copy_sqlite if url.get_backend_name() == "sqlite" else _dump_postgresql
        digest = await asyncio.to_thread(make, url, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return digest


def check_sqlite(path: Path) -> None:
    """Check the structure of a SQLite file, unless it is larger than `CHECKED_BYTES`.

    Raises:
        DatabaseDamaged: it is damaged.
    """
    if not path.is_file() or path.stat().st_size > CHECKED_BYTES:
        return
    try:
        with closing(sqlite3.connect(path, timeout=15.0)) as database:
            (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:
        # It is locked, or cannot be opened: not damaged. Opening it says so.
        return
    except sqlite3.DatabaseError as error:
        raise DatabaseDamaged(path, str(error)) from error
    if found != "ok":
        raise DatabaseDamaged(path, str(found).splitlines()[-1])


def _copy_sqlite(url: URL, path: Path) -> str:
    assert url.database is not None
    try:
        with closing(sqlite3.connect(url.database)) as source, closing(sqlite3.connect(path)) as made:
            source.backup(made)
            made.execute("PRAGMA journal_mode=DELETE")
            (found,) = made.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise CopyFailed(f"SQLite could not copy the database: {error}.") from error
    if found != "ok":
        raise CopyFailed(f"The copy is damaged, as the database is: {found}")
    return _written(path)


def _dump_postgresql(url: URL, path: Path) -> str:
    program = shutil.which("pg_dump")
    if program is None:
        raise CopyFailed("pg_dump is not installed. Install PostgreSQL's client programs of the server's version.")
    plain = url.set(drivername="postgresql", password=None).render_as_string()
    secret = {"PGPASSWORD": str(url.password)} if url.password else {}
    command = [program, "--format=custom", f"--file={path}", f"--dbname={plain}"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **secret}, check=False)
    if done.returncode:
        raise CopyFailed(f"pg_dump failed: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ''}")
    return _written(path)


def _written(path: Path) -> str:
    """Flush a file to the disk; returns its sha256."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()

"""File locks and private files, by which several processes share one folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def link(video: Path, path: Path) -> None:
    """Link `video` to `path`, or copy it where links do not work."""
    try:
        os.link(video, path)
    except FileNotFoundError:
        raise
    except OSError:
        # `path` is on another file system, or the file system has no links.
        shutil.copyfile(video, path)


def new_file(path: Path) -> BinaryIO:
    """Open a file for writing that only this user can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def write(path: Path, content: bytes) -> None:
    """Write `content` to a file that only this user can read."""
    with new_file(path) as file:
        file.write(content)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock in the block; the kernel releases it when the process dies."""
    held = os.open(folder / "lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def held(path: Path) -> int:
    """Lock `path` for the life of this process; returns the descriptor that holds the lock."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def is_free(path: Path) -> bool:
    """Whether no living process holds `path`."""
    with contextlib.suppress(OSError):
        held = os.open(path, os.O_WRONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            return False
        finally:
            os.close(held)
    return False

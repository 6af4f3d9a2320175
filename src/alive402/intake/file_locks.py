"""Files of this user alone, and which living process holds them: what several processes share a folder by."""

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
    """Let `video` be seen as `path` too."""
    try:
        os.link(video, path)
    except FileNotFoundError:
        raise
    except OSError:
        # Another file system, or one without links.
        shutil.copyfile(video, path)


def new_file(path: Path) -> BinaryIO:
    """A file of this user alone, open for writing."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def write(path: Path, content: bytes) -> None:
    """Write such a file at once."""
    with new_file(path) as file:
        file.write(content)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else counts or adds meanwhile; the kernel lets go when the holder dies."""
    held = os.open(folder / "lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def held(path: Path) -> int:
    """A descriptor that holds `path` for as long as this process lives."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def is_free(path: Path) -> bool:
    """Whether nobody holds `path`."""
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

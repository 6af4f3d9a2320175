"""Temporary folders for untrusted files: locked while in use; those that dead processes left are deleted."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from alive402.errors import CodedError
from alive402.intake.errors import MediaFull

CALL, WORKER = "alive402-call-", "alive402-worker-"
"""Name prefixes of the folders of calls and of worker processes; `tempfile` adds eight characters."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_OURS = re.compile(rf"({CALL}|{WORKER})[a-z0-9_]{{8}}")


@contextmanager
def media_folder(beside: Path | None) -> Iterator[Path]:
    """A new folder under `beside` (default: the system's temporary folder), deleted after the block.

    Raises:
        MediaFull: there is no room for the folder, or for what the block writes.
        OSError: the folder cannot be made.
    """
    with reporting_full_disk():
        if beside is not None:
            beside.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=CALL, dir=beside) as folder:
            mark = marked(folder)
            try:
                yield Path(folder)
            finally:
                os.close(mark)


@contextmanager
def reporting_full_disk(kind: type[CodedError] = MediaFull) -> Iterator[None]:
    """Raise `kind` in place of the operating system's error when the block finds the disk full."""
    try:
        yield
    except OSError as error:
        if is_full_disk(error):
            raise kind from None
        raise


def is_full_disk(error: OSError) -> bool:
    """Whether an error says that the disk, or this user's share of it, is full."""
    return error.errno in _FULL


def marked(folder: str) -> int:
    """Mark a folder as in use until the returned descriptor is closed or the process ends."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    with suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return handle


def sweep_media_folders(beside: Path | None, older_than: float) -> int:
    """Delete folders that killed processes of this user left under `beside`; returns how many.

    Deletes only unmarked folders that were last changed before `older_than`, seconds since the epoch.
    """
    swept = 0
    with suppress(OSError):
        for entry in list(os.scandir(beside or tempfile.gettempdir())):
            with suppress(OSError):
                if _OURS.fullmatch(entry.name) and _left_over(entry.path, older_than):
                    shutil.rmtree(entry.path)
                    swept += 1
    return swept


def _left_over(folder: str, older_than: float) -> bool:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        status = os.fstat(handle)
        if status.st_uid != os.geteuid() or status.st_mtime >= older_than:
            return False
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(handle)

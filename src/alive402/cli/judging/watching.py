"""Watches a folder: yields each video and picture that arrives in it, once it is whole."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

POLL_SECONDS = 1.0


def arriving(folder: Path, seconds: float = POLL_SECONDS) -> Iterator[Path]:
    """Yield each file that arrives or changes after this call, without end; the folders in the folder count too.

    A file is whole when its size and time are the same at two looks, `seconds` apart.
    """
    return _arriving(folder, _looks(folder), seconds)


def _arriving(folder: Path, known: dict[Path, tuple[int, int]], seconds: float) -> Iterator[Path]:
    growing: dict[Path, tuple[int, int]] = {}
    while True:
        now = _looks(folder)
        for path, look in now.items():
            if known.get(path) == look:
                continue
            if growing.get(path) == look and look[0] > 0:
                known[path] = look
                yield path
        growing = now
        time.sleep(seconds)


def _looks(folder: Path) -> dict[Path, tuple[int, int]]:
    """Size and time of each file that could be judged."""
    from alive402.batch.rows import SUFFIXES

    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES:
            try:
                status = path.stat()
            except OSError:  # It was moved away between the two calls.
                continue
            found[path] = status.st_size, status.st_mtime_ns
    return found

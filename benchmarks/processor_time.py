"""Processor seconds of other processes so far, from /proc. Other work on the machine hardly changes them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
"""Ticks per second in which the kernel counts processor time."""
# Fields of /proc/PID/stat after the command's name: own time (user, system), and that of children that have ended.
_OWN, _ENDED = (11, 12), (13, 14)
_PARENT = 1


def of_process(pid: int) -> float:
    """All threads of a process, ended ones included."""
    return _seconds(Path(f"/proc/{pid}/stat"), _OWN)


def of_first_thread(pid: int) -> float:
    """The first thread of a process alone; in a service it runs the event loop."""
    return _seconds(Path(f"/proc/{pid}/task/{pid}/stat"), _OWN)


def of_tree(pid: int) -> float:
    """A process, its descendants, and those of them that have ended."""
    total = _seconds(Path(f"/proc/{pid}/stat"), (*_OWN, *_ENDED))
    for child in children(pid):
        # It may end at any moment; then its time is its parent's.
        with contextlib.suppress(OSError):
            total += of_tree(child)
    return total


def children(pid: int) -> list[int]:
    """The ids of the children of a process that still run."""
    found = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in file.read_text().split()]
    return found


def parent(pid: int) -> int:
    """The id of a process's parent."""
    return int(_fields(Path(f"/proc/{pid}/stat"))[_PARENT])


def _seconds(stat: Path, which: tuple[int, ...]) -> float:
    fields = _fields(stat)
    return sum(int(fields[each]) for each in which) / TICKS


def _fields(stat: Path) -> list[str]:
    return stat.read_text().rpartition(")")[2].split()

"""Landlock by raw system calls: limits this thread and its children to a list of files.

Linux has Landlock since 5.13; later versions add rights. No maintained Python binding exists, and three calls suffice.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_RULE_PATH_BENEATH = 1

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
# All file rights that each version knows: a right that is handled and not granted is refused.
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NET_FROM, _NET_RIGHTS = 4, 0b11
_SCOPE_FROM, _SCOPES = 6, 0b11


def version() -> int:
    """The kernel's Landlock version; 0 where it has none, or has it switched off."""
    found = _call(_CREATE_RULESET, None, 0, _ASK_VERSION)
    return max(found, 0)


def confine(readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """Let this thread and its children read only what lies under `readable`, and write only the files `writable`.

    Where the kernel supports it, TCP, abstract sockets and signals to outside processes are refused too. Nothing can be
    executed, made, renamed or removed. Missing paths are skipped. Returns False where the kernel has no Landlock.

    Raises:
        OSError: the kernel has Landlock but refused the rules.
    """
    known = version()
    if known == 0:
        return False
    rights = next(rights for since, rights in sorted(_FILE_RIGHTS.items(), reverse=True) if known >= since)
    attributes = struct.pack("<Q", rights)
    if known >= _NET_FROM:
        attributes += struct.pack("<Q", _NET_RIGHTS)
    if known >= _SCOPE_FROM:
        attributes += struct.pack("<Q", _SCOPES)
    ruleset = _checked(_CREATE_RULESET, attributes, len(attributes), 0)
    try:
        for path in readable:
            _allow(ruleset, path, _READ_FILE | _READ_DIR)
        for path in writable:
            _allow(ruleset, path, _READ_FILE | _WRITE_FILE)
        _checked(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return True


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        # The kernel refuses folder rights on a file.
        granted = rights if path.is_dir() else rights & ~_READ_DIR
        _checked(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, struct.pack("<Qi", granted, place), 0)
    finally:
        os.close(place)


def _checked(number: int, *arguments: object) -> int:
    result = _call(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    padded = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return int(libc.syscall(ctypes.c_long(number), *padded))

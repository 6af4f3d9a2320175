"""Confines the worker (rlimits, namespaces, Landlock, seccomp) before it opens any file."""

from __future__ import annotations

import ctypes
import resource
import sys
from collections.abc import Callable
from pathlib import Path

from alive402.intake.sandbox import landlock, seccomp
from alive402.liveness import model_files

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _SIGKILL = 1, 38, 9
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000

# Device and system files that libraries read when they load, and /dev/null.
_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
_MACHINE = ("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu", "/dev/urandom")
_NOTHING = "/dev/null"


def confine_process(memory_bytes: int, files: int, video_folder: Path) -> dict[str, bool]:
    """Confine this process for good; returns which confinements the kernel granted. Call before any thread is started.

    `limits`: memory, open files, core dumps and written bytes are bounded. `privileges`: none can be gained.
    `network`: an empty network namespace. `files`: only Python, the system's libraries, the models and `video_folder`
    can be read, nothing can be written (Landlock). `calls`: no socket, no program, no process, no signal to others
    (seccomp). The process dies with its parent. A confinement that the kernel does not grant is left out.
    """
    standing = {"limits": _stands(lambda: _bound(memory_bytes, files))}
    if sys.platform != "linux":
        return standing | dict.fromkeys(("privileges", "network", "files", "calls"), False)
    libc = ctypes.CDLL(None, use_errno=True)
    standing["privileges"] = libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    standing["network"] = libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0
    # Set after the change of namespace, which would reset it.
    libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    standing["files"] = _stands(lambda: landlock.confine(_readable(video_folder), [Path(_NOTHING)]))
    standing["calls"] = _stands(seccomp.refuse)
    return standing


def _bound(memory_bytes: int, files: int) -> bool:
    for limit, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_NOFILE, files),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(limit)[1]
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (allowed, allowed))
    return True


def bound_processor_time(seconds: int) -> None:
    """Allow `seconds` more of processor time over all threads; then the kernel ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    wanted = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _readable(video_folder: Path) -> list[Path]:
    package = Path(__file__).resolve().parents[2]
    python = (sys.prefix, sys.base_prefix, *filter(None, sys.path))
    return [*map(Path, (*python, *_SYSTEM, *_MACHINE)), package, model_files.cache_folder(), video_folder]


def _stands(build: Callable[[], bool]) -> bool:
    try:
        return build()
    except (OSError, ValueError, AttributeError):
        return False

"""seccomp filter: refuses system calls that judging a video never needs.

A deny list, not an allow list: another libc or decoder may need a new harmless call, and an update must not break the
service. It refuses every socket, new processes and programs, signals and
limits of other processes, their memory, changes to files that Landlock does not cover (modes, owners, attributes),
shared memory between processes, and the parts of the kernel that have most vulnerabilities.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

# name: call number on x86_64 and on aarch64; None where the architecture has no such call.
_REFUSED: dict[str, tuple[int, int | None]] = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "recvmsg": (47, 212),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "utimensat": (280, 88),
    "futimesat": (261, None),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "setpriority": (141, 140),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "personality": (135, 92),
}
# Calls that are allowed on the process itself only; the first argument names the process.
_OWN_ONLY: dict[str, tuple[int, int]] = {"tgkill": (234, 131), "prlimit64": (302, 261)}
_CLONE, _CLONE3 = (56, 220), (435, 435)
_CLONE_THREAD = 0x10000

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32_BIT = 0x40000000

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
# Classic BPF instructions: load a word of `seccomp_data`; jump if equal, if greater or equal, if a bit is set; return.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _MACHINE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_ALLOW, _KILL = 0x7FFF0000, 0x80000000


def refuse() -> bool:
    """Install the filter, which answers EPERM; needs `no_new_privs`. False where kernel or machine lack support."""
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        return False
    column, machine = _MACHINES[platform.machine()]
    code = b"".join(_program(column, machine, os.getpid()))
    instructions = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))

    program = Program(len(code) // 8, ctypes.addressof(instructions))
    libc = ctypes.CDLL(None, use_errno=True)
    done: int = libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program))
    return done == 0


def _program(column: int, machine: int, own: int) -> list[bytes]:
    """The filter as instructions of eight bytes."""
    code = [
        _step(_LOAD, _MACHINE_AT),
        _step(_EQUAL, machine, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER_AT),
        # The x32 ABI of x86_64 has other call numbers, which the list would miss.
        _step(_AT_LEAST, _X32_BIT, 0, 1),
        _no(errno.EPERM),
        # A new libc tries `clone3` first and falls back to `clone`, whose flags the filter can read.
        _step(_EQUAL, _CLONE3[column], 0, 1),
        _no(errno.ENOSYS),
        _step(_EQUAL, _CLONE[column], 0, 4),
        _step(_LOAD, _FIRST_ARGUMENT_AT),
        _step(_ANY_BIT, _CLONE_THREAD, 1, 0),
        _no(errno.EPERM),
        _step(_RETURN, _ALLOW),
    ]
    for numbers in _OWN_ONLY.values():
        code += [
            _step(_EQUAL, numbers[column], 0, 5),
            _step(_LOAD, _FIRST_ARGUMENT_AT),
            _step(_EQUAL, own, 2, 0),
            _step(_EQUAL, 0, 1, 0),
            _no(errno.EPERM),
            _step(_RETURN, _ALLOW),
        ]
    for each in _REFUSED.values():
        number = each[column]
        if number is not None:
            code += [_step(_EQUAL, number, 0, 1), _no(errno.EPERM)]
    return [*code, _step(_RETURN, _ALLOW)]


def _step(instruction: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("=HBBI", instruction, if_so, if_not, value)


def _no(code: int) -> bytes:
    return _step(_RETURN, 0x00050000 | code)

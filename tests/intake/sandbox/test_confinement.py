"""Tests of confinement: a real confined process tries each forbidden action, and the kernel refuses it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Runs in the confined process: records for every attempt the kernel's error, or "done".
ATTEMPTS = """
import ctypes, errno, json, os, resource, socket, subprocess, sys, threading
from pathlib import Path
from alive402.intake.sandbox.confinement import bound_processor_time, confine_process

folder, outside, parent = Path(sys.argv[1]), Path(sys.argv[2]), os.getppid()
walls = confine_process(1 << 30, 50, folder)
bound_processor_time(7)

def connect(address):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.connect(address)

attempts = {
    "read the video": lambda: (folder / "video").read_bytes(),
    "start a thread": lambda: threading.Thread(target=int).start(),
    "read outside": lambda: outside.read_bytes(),
    "read the passwords": lambda: Path("/etc/passwd").read_bytes(),
    "list the root": lambda: os.listdir("/"),
    "read what the parent was told": lambda: Path(f"/proc/{parent}/environ").read_bytes(),
    "read the parent's memory": lambda: open(f"/proc/{parent}/mem", "rb").close(),
    "write beside the video": lambda: (folder / "new").write_bytes(b"x"),
    "write into the video": lambda: (folder / "video").write_bytes(b"x"),
    "write outside": lambda: outside.write_bytes(b"x"),
    "remove outside": lambda: outside.unlink(),
    "remove the video": lambda: (folder / "video").unlink(),
    "rename the video": lambda: (folder / "video").rename(folder / "other"),
    "link to outside": lambda: os.link(outside, folder / "link"),
    "change modes outside": lambda: outside.chmod(0o666),
    "change times outside": lambda: os.utime(outside),
    "run a program": lambda: os.execv("/bin/true", ["true"]),
    "run a child": lambda: subprocess.run(["/bin/true"]),
    "fork": os.fork,
    "dial": lambda: connect(("127.0.0.1", 9)),
    "open a local socket": lambda: socket.socket(socket.AF_UNIX).close(),
    "make a pair of sockets": socket.socketpair,
    "signal the parent": lambda: os.kill(parent, 0),
    "limit the parent": lambda: resource.prlimit(parent, resource.RLIMIT_CPU, (1, 1)),
    "slow the parent": lambda: os.setpriority(os.PRIO_PROCESS, parent, 19),
    "raise a limit": lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 32, 1 << 32)),
    "open too many files": lambda: [os.open(folder / "video", os.O_RDONLY) for _ in range(60)],
}
told = {}
for name, attempt in attempts.items():
    try:
        attempt()
        told[name] = "done"
    except (OSError, ValueError) as error:
        told[name] = errno.errorcode.get(getattr(error, "errno", None), type(error).__name__)
names = ["RLIMIT_AS", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CORE"]
limits = {name: resource.getrlimit(getattr(resource, name))[0] for name in names}
limits["RLIMIT_CPU"] = 7 <= resource.getrlimit(resource.RLIMIT_CPU)[0] <= 10
print(json.dumps({"walls": walls, "told": told, "limits": limits}))
"""
ALLOWED = {"read the video", "start a thread"}
BY_LIMITS = {"raise a limit", "open too many files", "write beside the video"}
BY_FILES = {
    "read outside",
    "read the passwords",
    "list the root",
    "read what the parent was told",
    "read the parent's memory",
    "write into the video",
    "write outside",
    "remove outside",
    "remove the video",
    "rename the video",
    "link to outside",
    "run a program",
}
BY_CALLS = {
    "change modes outside",
    "change times outside",
    "run a child",
    "fork",
    "dial",
    "open a local socket",
    "make a pair of sockets",
    "signal the parent",
    "limit the parent",
    "slow the parent",
}


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder, outside = tmp_path_factory.mktemp("video"), tmp_path_factory.mktemp("other") / "ledger"
    (folder / "video").write_bytes(b"video")
    outside.write_bytes(b"money")
    command = [sys.executable, "-c", ATTEMPTS, str(folder), str(outside)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert outside.read_bytes() == b"money"
    assert [(each.name, each.read_bytes()) for each in folder.iterdir()] == [("video", b"video")]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_confined_process_can_judge(tried: dict[str, Any]) -> None:
    assert {tried["told"][name] for name in ALLOWED} == {"done"}
    assert set(tried["told"]) == ALLOWED | BY_LIMITS | BY_FILES | BY_CALLS


def test_limits_cannot_be_raised(tried: dict[str, Any]) -> None:
    assert tried["limits"] == {
        "RLIMIT_AS": 1 << 30,
        "RLIMIT_CPU": True,
        "RLIMIT_NOFILE": 50,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
    }
    assert "done" not in {tried["told"][name] for name in BY_LIMITS}


@pytest.mark.parametrize("attempt", sorted(BY_FILES))
def test_only_the_video_can_be_read(tried: dict[str, Any], attempt: str) -> None:
    if not tried["walls"]["files"]:
        pytest.skip("this kernel has no Landlock")
    assert tried["told"][attempt] in {"EACCES", "EPERM", "EXDEV"}


@pytest.mark.parametrize("attempt", sorted(BY_CALLS))
def test_network_programs_and_processes_are_refused(tried: dict[str, Any], attempt: str) -> None:
    if not tried["walls"]["calls"]:
        pytest.skip("this kernel has no seccomp filters")
    assert tried["told"][attempt] == "EPERM"


WITHOUT_NAMESPACES = """
import ctypes, json, sys
from pathlib import Path
from alive402.intake.sandbox import seccomp
from alive402.intake.sandbox.confinement import confine_process

ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
# As a container's profile does it: among much else, no namespace can be made.
assert seccomp.refuse()
walls = confine_process(1 << 30, 50, Path(sys.argv[1]))
print(json.dumps({"walls": walls, "read": Path(sys.argv[1], "video").read_text()}))
"""


def test_missing_restriction_is_reported_and_the_others_hold(tried: dict[str, Any], tmp_path: Path) -> None:
    if not tried["walls"]["calls"]:
        pytest.skip("this kernel has no seccomp filters")
    (tmp_path / "video").write_text("video")
    command = [sys.executable, "-c", WITHOUT_NAMESPACES, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    told = json.loads(done.stdout)
    assert told == {"walls": {**tried["walls"], "network": False}, "read": "video"}

"""Tests of the sandbox: answers, typed errors, ends and replacement of its worker processes."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from alive402.demo import Clips
from alive402.intake.errors import AnalysisTimeout
from alive402.intake.sandbox.pool import Sandbox, SandboxLimits, judge
from alive402.intake.sniff import container_of
from alive402.liveness import (
    AnalysisFailed,
    UndecodableVideo,
    UnsupportedVideo,
    VideoTooLarge,
)

VERDICTS = {"live", "spoof", "inconclusive"}


@asynccontextmanager
async def one(limits: SandboxLimits) -> AsyncIterator[Sandbox]:
    """A sandbox with one started worker."""
    before = children()
    async with Sandbox(limits, kept=1) as sandbox:
        yield sandbox
    assert children() <= before


def children() -> set[str]:
    """Ids of this process's children, with zombies."""
    return {pid for told in Path("/proc/self/task").glob("*/children") for pid in told.read_text().split()}


def what_lies_in(folder: str) -> list[Path]:
    return list(Path(folder).iterdir())


def worker_of(sandbox: Sandbox) -> int:
    (worker,) = sandbox._idle
    return worker.process_id


def run(walk: Callable[[], Awaitable[None]]) -> None:
    async def walked() -> None:
        await walk()

    asyncio.run(walked())


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "video"
    path.write_text("not a video")
    return path


@pytest.mark.parametrize(
    "text", ["ffconcat version 1.0\nfile /etc/hostname\n", "#EXTM3U\n/etc/hostname\n", "hello", ""]
)
def test_text_named_mp4_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_text(text)
    with pytest.raises(UnsupportedVideo):
        container_of(path)


def test_error_of_the_child_is_raised_as_the_same_class(text: Path) -> None:
    with pytest.raises(UnsupportedVideo) as caught:
        asyncio.run(judge(text, SandboxLimits()))
    assert caught.value.status == 415


def test_worker_judges_file_after_file_with_progress(clips: Clips, text: Path) -> None:
    heard: list[tuple[str, float]] = []

    async def walk() -> None:
        async with one(SandboxLimits()) as sandbox:
            await sandbox.warm_up()
            first = worker_of(sandbox)
            with pytest.raises(UnsupportedVideo):
                await sandbox.judge(text)
            judged = await sandbox.judge(clips.bona_fide, lambda stage, share: heard.append((stage, share)))
            assert judged.liveness["verdict"] in VERDICTS
            assert worker_of(sandbox) == first
            # Nothing of a video is left where the next one is read.
            assert what_lies_in(sandbox._idle[0]._folder.name) == []

    run(walk)
    stages, shares = [stage for stage, _ in heard], [share for _, share in heard]
    assert (stages[0], stages[-2:]) == ("looking", ["judging", "done"])
    assert shares == sorted(shares)
    assert 3 <= len(heard) <= 16


def test_worker_past_its_deadline_is_killed(clips: Clips) -> None:
    before = children()
    with pytest.raises(AnalysisTimeout):
        asyncio.run(judge(clips.bona_fide, SandboxLimits(seconds=0.02)))
    assert children() <= before


def test_dead_worker_is_replaced_and_costs_no_call(clips: Clips) -> None:
    async def walk() -> None:
        async with one(SandboxLimits()) as sandbox:
            await sandbox.warm_up()
            first, shares = worker_of(sandbox), []

            def crash(_stage: str, share: float) -> None:
                shares.append(share)
                if len(shares) == 3:
                    os.kill(first, signal.SIGSEGV)

            judged = await sandbox.judge(clips.bona_fide, crash)
            assert judged.liveness["verdict"] == "live"
            assert shares == sorted(shares)
            await sandbox.warm_up()
            assert worker_of(sandbox) != first

    run(walk)


def test_file_that_crashes_two_workers_costs_one_call(clips: Clips, text: Path) -> None:
    async def walk() -> None:
        before = children()
        async with one(SandboxLimits()) as sandbox:

            def crash(_stage: str, _share: float) -> None:
                for process in children() - before:
                    os.kill(int(process), signal.SIGSEGV)

            with pytest.raises(AnalysisFailed):
                await sandbox.judge(clips.bona_fide, crash)
            with pytest.raises(UnsupportedVideo):
                await sandbox.judge(text)

    run(walk)


def test_disconnected_caller_ends_the_worker(clips: Clips) -> None:
    async def walk() -> None:
        async with one(SandboxLimits()) as sandbox:
            await sandbox.warm_up()
            first, begun = worker_of(sandbox), asyncio.Event()
            call = asyncio.create_task(sandbox.judge(clips.bona_fide, lambda stage, share: begun.set()))
            await begun.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            with pytest.raises(ProcessLookupError):
                os.kill(first, 0)
            await sandbox.warm_up()
            assert worker_of(sandbox) != first

    run(walk)


@pytest.mark.parametrize("limits", [SandboxLimits(jobs=1), SandboxLimits(peak_bytes=1)])
def test_worker_is_replaced_after_its_files_or_memory(text: Path, limits: SandboxLimits) -> None:
    async def walk() -> None:
        async with one(limits) as sandbox:
            await sandbox.warm_up()
            first = worker_of(sandbox)
            with pytest.raises(UnsupportedVideo):
                await sandbox.judge(text)
            await sandbox.warm_up()
            assert worker_of(sandbox) != first

    run(walk)


def test_memory_of_the_service_does_not_count_for_the_worker(text: Path) -> None:
    """The kernel's peak memory of a child starts with that of its parent."""
    ours = bytearray(b"x" * (300 << 20))

    async def walk() -> None:
        async with one(SandboxLimits()) as sandbox:
            await sandbox.warm_up()
            with pytest.raises(UnsupportedVideo):
                await sandbox.judge(text)
            assert 0 < sandbox._idle[0].peak_bytes < len(ours)

    run(walk)


def test_worker_that_died_idle_costs_no_call(text: Path) -> None:
    async def walk() -> None:
        async with one(SandboxLimits()) as sandbox:
            await sandbox.warm_up()
            (worker,) = sandbox._idle
            os.kill(worker.process_id, signal.SIGKILL)
            await worker._child.wait()
            with pytest.raises(UnsupportedVideo):
                await sandbox.judge(text)

    run(walk)


def test_processor_time_is_limited_per_file(clips: Clips) -> None:
    async def walk() -> None:
        # All of them together need more than twice what one may need.
        async with one(SandboxLimits(cpu_seconds=2)) as sandbox:
            for _ in range(6):
                assert (await sandbox.judge(clips.bona_fide)).liveness["verdict"] in VERDICTS

    run(walk)


def test_missing_file_is_analysis_failed(tmp_path: Path) -> None:
    with pytest.raises(AnalysisFailed):
        asyncio.run(judge(tmp_path / "gone", SandboxLimits()))


def test_file_over_the_limit_reaches_no_worker(tmp_path: Path) -> None:
    with (tmp_path / "video").open("wb") as file:
        file.truncate(30_000_001)
    with pytest.raises(VideoTooLarge) as caught:
        asyncio.run(judge(tmp_path / "video", SandboxLimits()))
    assert caught.value.details == {"bytes": 30_000_001}


def test_link_is_resolved_before_judging(clips: Clips, tmp_path: Path) -> None:
    """A local path may be a link, which the confined process could not follow."""
    whole = clips.bona_fide.read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "video").symlink_to(tmp_path / "half")
    with pytest.raises((UndecodableVideo, UnsupportedVideo)):
        asyncio.run(judge(tmp_path / "video", SandboxLimits()))


def test_worker_gets_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIVE402_SIGNING_KEY", "do-not-tell")
    monkeypatch.setenv("https_proxy", "http://do-not-tell.example")
    told: list[bytes] = []

    async def walk() -> None:
        async with one(SandboxLimits()) as sandbox:
            await sandbox.warm_up()
            told.append(environment_of(worker_of(sandbox)))

    run(walk)
    names = {each.split(b"=")[0].decode() for each in told[0].split(b"\0") if each}
    of_the_service = {"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "XDG_CACHE_HOME", "ALIVE402_CACHE"}
    assert set() < names <= of_the_service | {"MALLOC_MMAP_THRESHOLD_"}
    assert b"do-not-tell" not in told[0]


def environment_of(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/environ").read_bytes()
    except PermissionError:
        pytest.skip("what a process in another user namespace was told is root's to read")


KILLED = """
import asyncio, os, signal
from alive402.intake.sandbox.pool import Sandbox, SandboxLimits

async def walk():
    async with Sandbox(SandboxLimits(), kept=1) as sandbox:
        await sandbox.warm_up()
        print(sandbox._idle[0].process_id, flush=True)
        input()
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(walk())
"""


def test_worker_ends_with_the_service() -> None:
    command = [sys.executable, "-c", KILLED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        worker = os.pidfd_open(int(service.stdout.readline()))
        service.communicate("\n", timeout=60)
        assert service.returncode == -signal.SIGKILL
    ended, _, _ = select.select([worker], [], [], 60)
    os.close(worker)
    assert ended


# In a user namespace that allows none inside it; told is what the log said.
NO_NAMESPACES = """
import asyncio, ctypes, json, os, sys
from pathlib import Path
from structlog.testing import capture_logs
from alive402.intake.sandbox.pool import Sandbox, SandboxLimits

user, group = os.getuid(), os.getgid()
if ctypes.CDLL(None).unshare(0x10000000) != 0:
    sys.exit(77)
try:
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
except OSError:
    sys.exit(77)

async def walk():
    async with Sandbox(SandboxLimits(), kept=2) as sandbox:
        await sandbox.warm_up()

with capture_logs() as told:
    asyncio.run(walk())
print(json.dumps(told))
"""


def test_missing_restriction_is_logged_once() -> None:
    command = [sys.executable, "-c", NO_NAMESPACES]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode == 77:
        pytest.skip("this kernel lets no user make namespaces")
    (told,) = json.loads(done.stdout)
    assert told["missing"] == ["network"]

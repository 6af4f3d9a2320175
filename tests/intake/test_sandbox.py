"""The child that judges: its answers, its typed errors, its walls, and its end."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from alive402.demo.clips import Clips
from alive402.intake.errors import AnalysisTimeout
from alive402.intake.sandbox import SandboxLimits, judge
from alive402.intake.sniff import sniff
from alive402.liveness.errors import AnalysisFailed, UnsupportedVideo

WALLS = """
import resource, socket, sys, json
from alive402.intake.worker import wall_in
wall_in(1 << 30, 7, 50)
limits = {name: resource.getrlimit(getattr(resource, name))[0] for name in sys.argv[1:]}
try:
    with open("grown", "w") as file:
        file.write("x")
    written = True
except OSError:
    written = False
print(json.dumps({"limits": limits, "written": written}))
"""


def test_the_walls_stand(tmp_path: Path) -> None:
    names = ["RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CORE"]
    done = subprocess.run(
        [sys.executable, "-c", WALLS, *names], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=30
    )
    told = json.loads(done.stdout)
    assert told["limits"] == dict(zip(names, [1 << 30, 7, 50, 0, 0], strict=True))
    assert told["written"] is False


@pytest.mark.parametrize(
    "text", ["ffconcat version 1.0\nfile /etc/hostname\n", "#EXTM3U\n/etc/hostname\n", "hello", ""]
)
def test_a_text_named_mp4_is_no_video(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_text(text)
    with pytest.raises(UnsupportedVideo):
        sniff(path)


def test_the_childs_refusal_comes_back_as_itself(tmp_path: Path) -> None:
    path = tmp_path / "video"
    path.write_text("not a video")
    with pytest.raises(UnsupportedVideo) as caught:
        asyncio.run(judge(path, SandboxLimits()))
    assert caught.value.status == 415


def test_the_child_tells_how_far_it_is(clips: Clips) -> None:
    heard: list[tuple[str, float]] = []
    judged = asyncio.run(judge(clips.bona_fide, SandboxLimits(), lambda stage, share: heard.append((stage, share))))
    stages, shares = [stage for stage, _ in heard], [share for _, share in heard]
    assert (stages[0], stages[-2:]) == ("looking", ["judging", "done"])
    assert shares == sorted(shares)
    assert 3 <= len(heard) <= 16
    assert judged.liveness["verdict"] in {"live", "spoof", "inconclusive"}


def test_a_child_past_its_deadline_is_killed(tmp_path: Path) -> None:
    with pytest.raises(AnalysisTimeout):
        asyncio.run(judge(tmp_path / "video", SandboxLimits(seconds=0.02)))
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_child_that_crashes_is_our_fault(tmp_path: Path) -> None:
    (tmp_path / "video").write_bytes(b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 64)
    with pytest.raises(AnalysisFailed) as caught:
        asyncio.run(judge(tmp_path / "video", SandboxLimits(memory_bytes=60 << 20)))
    assert caught.value.status == 500
    assert "Traceback" not in str(caught.value)

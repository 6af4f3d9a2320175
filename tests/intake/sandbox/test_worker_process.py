"""Tests of the start of a worker process: its environment, and what a call gets that needs one in vain."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from alive402.demo import Clips
from alive402.intake.sandbox.pool import Sandbox, judge
from alive402.intake.sandbox.worker_process import SandboxLimits
from alive402.liveness import AnalysisUnavailable, model_files


@pytest.mark.parametrize("kept", [{}, {"ALIVE402_CACHE": "cache"}, {"XDG_CACHE_HOME": "."}])
def test_worker_finds_the_models_without_home_and_by_relative_folders(
    tmp_path: Path, clips: Clips, monkeypatch: pytest.MonkeyPatch, kept: dict[str, str]
) -> None:
    models = model_files.cache_folder()
    for name in ("HOME", "XDG_CACHE_HOME", "CACHE_DIRECTORY", "ALIVE402_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for folder in ("cache", "alive402"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "models").symlink_to(models)
    monkeypatch.chdir(tmp_path)
    for name, value in kept.items():
        monkeypatch.setenv(name, value)
    if not kept and model_files.cache_folder() != models:
        pytest.skip("the models are not in this user's home folder")
    assert asyncio.run(judge(clips.bona_fide, SandboxLimits())).liveness["verdict"] == "live"


def test_start_failure_is_unavailable_and_the_log_says_what_to_change(tmp_path: Path) -> None:
    (tmp_path / "video").write_bytes(b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 64)
    with capture_logs() as logged, pytest.raises(AnalysisUnavailable) as caught:
        asyncio.run(judge(tmp_path / "video", SandboxLimits(memory_bytes=60 << 20)))
    assert (caught.value.status, caught.value.code) == (503, "analysis_unavailable")
    assert caught.value.retry_after
    assert "Traceback" not in str(caught.value)
    assert any("ALIVE402_ANALYSIS_MEMORY_BYTES" in line.get("mend", "") for line in logged)


def test_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a video")

    async def walk() -> None:
        async with Sandbox(SandboxLimits(), beside=tmp_path / "file") as sandbox:
            with pytest.raises(AnalysisUnavailable):
                await sandbox.judge(tmp_path / "file")

    asyncio.run(walk())

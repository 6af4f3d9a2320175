"""Tests of the health check of the model files: altered or missing files are reported at the next check."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import httpx
import pytest

from alive402.liveness import model_files
from tests.http.conftest import Start

pytestmark = pytest.mark.anyio


async def test_altered_and_missing_models_are_reported(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = start()
    shutil.copytree(model_files.cache_folder(), tmp_path / "models")
    monkeypatch.setenv("ALIVE402_CACHE", str(tmp_path))
    path = model_files.locate("face_mesh")
    assert path.is_relative_to(tmp_path)
    whole, written = path.read_bytes(), path.stat()

    async with httpx.AsyncClient(base_url=service.url, timeout=30) as http:

        async def told() -> bool:
            return bool((await http.get("/readyz")).json()["checks"]["models"])

        assert [await told(), await told()] == [True, True]
        # The same length, and a time of writing that is put back: the file is another one all the same.
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))
        assert [await told(), await told()] == [False, False]
        assert 'alive402_up{part="models"} 0.0' in (await http.get("/metrics")).text
        path.unlink()
        assert not await told()
        path.write_bytes(whole)
        assert [await told(), await told()] == [True, True]

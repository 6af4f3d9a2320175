"""Tests of docs/alibaba.md: its script gets an answer, and its error tables are complete."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from alive402.cli.main import app
from alive402.demo import Clips, run_service, serve_files
from alive402.errors import CodedError
from alive402.http.alibaba.errors import TABLE
from alive402.intake import IntakeError, UpstreamFailed
from alive402.liveness import AnalysisError, UnusableVideo

PAGE = (Path(__file__).parents[2] / "docs" / "alibaba.md").read_text()


def test_sdk_script_of_the_page_gets_an_answer(short_clips: Clips, tmp_path: Path) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    line = re.findall(r"^alive402 (keys create .*)$", PAGE, re.MULTILINE)[0].replace('"a customer"', "customer").split()

    async def called() -> list[str]:
        with serve_files(short_clips.bona_fide.parent) as videos:
            async with run_service(tmp_path) as service:
                url = f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"
                made = await asyncio.to_thread(CliRunner().invoke, app, [*line, "--json", "--database-url", url])
                key: dict[str, Any] = json.loads(made.stdout)
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-c",
                    script,
                    env={
                        **os.environ,
                        "ACCESS_KEY_ID": key["accessKeyId"],
                        "ACCESS_KEY_SECRET": key["key"],
                        "ENDPOINT": service.removeprefix("http://"),
                        "VIDEO_URL": f"{videos}/{short_clips.bona_fide.name}",
                    },
                    stdout=subprocess.PIPE,
                )
                said, _ = await process.communicate()
                assert process.returncode == 0
                return said.decode().split()

    verdict, confidence = asyncio.run(called())
    assert verdict in {"live", "spoof", "inconclusive"}
    assert 0 <= float(confidence) <= 1


def test_error_table_lists_every_rpc_code() -> None:
    rows = [row for row in PAGE.splitlines() if row.startswith("| ")]
    for ours, told in TABLE.items():
        assert any(f"`{ours}`" in row and f"`{told.code}`" in row and f"| {told.status} " in row for row in rows), ours


def test_error_table_maps_every_call_error() -> None:
    def kinds(top: type[CodedError]) -> Iterator[type[CodedError]]:
        yield top
        for kind in top.__subclasses__():
            yield from kinds(kind)

    abstract = {AnalysisError, UnusableVideo, IntakeError, UpstreamFailed}
    found = {kind.code for top in (AnalysisError, IntakeError) for kind in kinds(top) if kind not in abstract}
    assert found - {*TABLE} == set()

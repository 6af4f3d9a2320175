"""Tests of the commands of docs/uploads-and-jobs.md."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path

from alive402.demo import Clips, run_service, serve_files
from alive402.payments.keys import Keys, Scope
from alive402.payments.ledger import Ledger

PAGE = (Path(__file__).parents[2] / "docs" / "uploads-and-jobs.md").read_text()


async def run(script: str, folder: Path, short_clips: Clips) -> str:
    """Run a script of the page with an API key; returns what it prints."""
    with serve_files(short_clips.bona_fide.parent) as videos:
        async with run_service(folder) as service:
            ledger = await Ledger.open(f"sqlite+aiosqlite:///{folder / 'ledger.db'}", lease_seconds=30)
            _, key = await Keys(ledger).create("docs", [Scope.CALL])
            await ledger.close()
            url = f"{videos}/{short_clips.bona_fide.name}"
            given = {"SERVICE": service, "KEY": key, "VIDEO": str(short_clips.bona_fide), "VIDEO_URL": url}
            process = await asyncio.create_subprocess_exec(
                "bash", "-euc", script, cwd=folder, env={**os.environ, **given}, stdout=subprocess.PIPE
            )
            said, _ = await process.communicate()
            assert process.returncode == 0
            return said.decode()


def test_commands_of_the_page_work(short_clips: Clips, tmp_path: Path) -> None:
    upload, job = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    shown, _, events = asyncio.run(run(f"{upload}\necho\n{job}", tmp_path, short_clips)).partition("\n")
    waiting = json.loads(shown)
    assert waiting["used"] is False
    answer = json.loads((tmp_path / "answer.json").read_text())
    assert answer["data"]["Liveness"]["video"]["sha256"] == waiting["sha256"]
    assert re.findall(r"event: (\w+)", events)[-1] == "done"
    done = json.loads((tmp_path / "done.json").read_text())
    assert done["result"]["data"]["Liveness"]["verdict"] == answer["data"]["Liveness"]["verdict"]

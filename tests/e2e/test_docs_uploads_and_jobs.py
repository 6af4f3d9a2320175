"""What docs/uploads-and-jobs.md says is what happens: its commands are run as they stand."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path

from alive402.demo.clips import Clips
from alive402.demo.server import run_service
from alive402.payments.database import Ledger
from alive402.payments.keys import Keys, Scope

PAGE = (Path(__file__).parents[2] / "docs" / "uploads-and-jobs.md").read_text()


async def run(script: str, folder: Path, clips: Clips) -> str:
    """What a script of the page prints, run by one who has a key."""
    async with run_service(folder) as service:
        ledger = await Ledger.open(f"sqlite+aiosqlite:///{folder / 'ledger.db'}", lease_seconds=30)
        _, key = await Keys(ledger).create("docs", [Scope.CALL])
        await ledger.close()
        given = {"SERVICE": service, "KEY": key, "VIDEO": str(clips.bona_fide)}
        process = await asyncio.create_subprocess_exec(
            "bash", "-euc", script, cwd=folder, env={**os.environ, **given}, stdout=subprocess.PIPE
        )
        said, _ = await process.communicate()
        assert process.returncode == 0
        return said.decode()


def test_the_commands_on_the_page_work(clips: Clips, tmp_path: Path) -> None:
    (upload,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    waiting = json.loads(asyncio.run(run(upload, tmp_path, clips)))
    assert waiting["used"] is False
    answer = json.loads((tmp_path / "answer.json").read_text())
    assert answer["data"]["Liveness"]["video"]["sha256"] == waiting["sha256"]

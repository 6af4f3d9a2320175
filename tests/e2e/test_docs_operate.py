"""Tests of docs/operate.md and docs/privacy.md: their commands work, and their tables are complete."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sqlite3
import sys
from pathlib import Path

import httpx
import pytest

from alive402.demo import Buyer, Clips, run_service, serve_files
from alive402.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
OPERATE, PRIVACY = (DOCS / "operate.md").read_text(), (DOCS / "privacy.md").read_text()


async def run(script: str, folder: Path, **given: str) -> str:
    tools = Path(sys.executable).parent
    environment = {**os.environ, **given, "PATH": f"{tools}:{os.environ['PATH']}"}
    process = await asyncio.create_subprocess_exec(
        "bash", "-euc", script, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode()


def test_commands_of_both_pages_work(short_clips: Clips, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("the pages' commands need curl")
    made, summary, metrics, copied = re.findall(r"```sh\n(.*?)```", OPERATE, re.DOTALL)
    (erase,) = re.findall(r"```sh\n(.*?)```", PRIVACY, re.DOTALL)
    ledger = tmp_path / "ledger.db"

    async def walk() -> str:
        with serve_files(short_clips.bona_fide.parent) as videos:
            async with run_service(tmp_path) as service, Buyer(service) as buyer:
                await buyer.fund()
                await buyer.prepay(1)
                token = buyer.token
                answer = await buyer.spend(f"{videos}/{short_clips.bona_fide.name}", token)
                given = {
                    "SERVICE": service, "LEDGER": f"sqlite+aiosqlite:///{ledger}",
                    "TOKEN": token, "REQUEST_ID": answer.json()["requestId"],
                }  # fmt: skip
                await run(made + summary + metrics + copied, tmp_path, **given)
                said = await run(erase, tmp_path, **given)
                async with httpx.AsyncClient() as http:
                    checks = (await http.get(f"{service}/readyz")).json()["checks"]
                assert set(re.findall(r'alive402_up\{part="(\w+)"\}', OPERATE)) <= set(checks)
                assert {f"`{each}`" for each in checks} <= set(re.findall(r"`\w+`", OPERATE))
                again = await buyer.spend(f"{videos}/{short_clips.bona_fide.name}", token)
                assert (again.status_code, again.json()["code"]) == (410, "answer_erased")
                return said

    assert asyncio.run(walk()) == "204\n"
    told = json.loads((tmp_path / "summary.json").read_text())
    assert (told["range"], told["calls"]["answered"]) == ("7d", 1)
    with sqlite3.connect(tmp_path / "copy.db") as connection:
        assert connection.execute("SELECT count(*) FROM prepaid_uses WHERE result IS NOT NULL").fetchone() == (1,)
    exported = set(re.findall(r"^# TYPE (\w+)", (tmp_path / "metrics.txt").read_text(), re.MULTILINE))
    documented = set(re.findall(r"^\| `(alive402_\w+)` \|", OPERATE, re.MULTILINE))
    assert documented == {name for name in exported if name.startswith("alive402_")}


def test_settings_of_the_pages_exist_with_their_defaults() -> None:
    rows = re.findall(r"^\| `ALIVE402_(\w+)` \| (`([^`]*)`|none) \|", OPERATE, re.MULTILINE)
    assert len(rows) == 8
    settings = Settings()
    for name, _, default in rows:
        value = getattr(settings, name.lower())
        shown = "" if value is None else str(value).lower().removesuffix(".0")
        assert shown == default, name
    # The folder of the models is a variable of the engine, which knows no settings.
    known = {*Settings.model_fields, "cache"}
    for page in (OPERATE, PRIVACY):
        assert {each.lower() for each in re.findall(r"ALIVE402_(\w+)", page)} <= known

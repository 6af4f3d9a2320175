"""Tests of starting the server: what stops a start, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from alive402.http.server import StartRefused, run
from alive402.payments.ledger import Ledger
from alive402.settings import Settings

pytestmark = pytest.mark.anyio


async def test_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ALIVE402_CACHE", str(tmp_path / "file"))
    with pytest.raises(StartRefused, match=r"models cannot be stored in .*file.*Set ALIVE402_CACHE"):
        await run(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}", port=0), lambda line: None)


async def test_second_process_with_test_money_on_one_ledger_is_refused(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"
    first, said = await Ledger.open(url, lease_seconds=5), list[str]()
    assert await first.claim()
    try:
        with pytest.raises(StartRefused, match=r"a test chain of its own.*Run one process"):
            await run(Settings(database_url=url, port=0), said.append)
    finally:
        await first.close()
    assert not [line for line in said if line.startswith("alive402 is at")]

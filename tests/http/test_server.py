"""Tests of starting the server: what stops a start, and what it says."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from httpcore._synchronization import current_async_library

from alive402.http.server import StartRefused, listen, run, server
from alive402.http.wiring import assemble
from alive402.payments.ledger import Ledger
from alive402.providers import LocalProvider
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


async def test_warming_up_ends_before_the_workers_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that judges the first trial is none of the idle ones that are closed: its folder would be left."""
    seen, close = list[str](), LocalProvider.close

    async def closed(self: LocalProvider) -> None:
        seen.append("closed")
        await close(self)

    @asynccontextmanager
    async def beside() -> AsyncIterator[None]:
        asyncio.get_running_loop().call_soon(setattr, serving, "should_exit", True)
        try:
            yield
        finally:
            seen.append("ended")

    monkeypatch.setattr(LocalProvider, "close", closed)
    serving = server(await assemble(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}")), beside())
    await serving.serve(sockets=[listen("127.0.0.1", 0)])
    assert seen == ["ended", "closed"]


async def test_missing_sniffio_is_not_searched_for_at_each_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []

    class Searches:
        def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> None:
            searched.append(name)

    parts = await assemble(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"))
    await parts.registry.ledger_services.ledger.close()
    monkeypatch.setattr(sys, "meta_path", [Searches(), *sys.meta_path])
    assert current_async_library() == "asyncio"
    assert "sniffio" not in searched

"""Tests of SIGKILL around settlement on PostgreSQL; `test_crashes.py` covers every moment, on SQLite."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner

from alive402.cli.main import app
from tests import postgresql
from tests.e2e.crash_setup import PRICE, CrashSetup, buy_again, die, payment_outcome

pytestmark = pytest.mark.anyio
# The moment, and how things stand then: the last state, whether the answer is stored, whether the money moved.
KILLS = {
    "after `reserved` is committed": ("`reserved`", "no", "no"),
    "before `settling` is committed": ("`reserved`", "no", "no"),
    "after `settling` is committed": ("`settling`", "yes", "no"),
    "after the facilitator settled": ("`settling`", "yes", "yes"),
    "before `consumed` is committed": ("`settling`", "yes", "yes"),
    "after `consumed` is committed": ("`consumed`", "yes", "yes"),
}


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    programs = postgresql.binaries()
    if programs is None:
        pytest.skip(postgresql.NOT_INSTALLED)
    with postgresql.running(programs) as server:
        yield server.database()


@pytest.mark.parametrize("moment", KILLS)
async def test_kill_during_a_call_keeps_the_ledger_correct(setup: CrashSetup, moment: str) -> None:
    buyer = await die(setup, moment)
    assert payment_outcome(setup, buyer) == KILLS[moment]
    await setup.start()
    await buy_again(setup, buyer)


async def test_database_restored_to_an_earlier_time_gets_lost_payments_from_the_chain(
    setup: CrashSetup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{postgresql.binaries()}:{os.environ['PATH']}")
    url, archive = setup._database_url, tmp_path / "ledger.dump"
    made = await asyncio.to_thread(CliRunner().invoke, app, ["ledger", "backup", str(archive), "--database-url", url])
    assert made.exit_code == 0, made.output
    await setup.start()
    buyer = await setup.buyer()
    assert (await buyer.pay(setup.video)).status_code == 200
    await setup.kill()
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    restore = ["pg_restore", "--clean", "--if-exists", f"--dbname={plain}", str(archive)]
    await asyncio.to_thread(subprocess.run, restore, check=True, capture_output=True)
    assert setup.standing(buyer).states == ()
    await setup.start()
    assert (await setup.send(buyer)).status_code == 200
    assert setup.standing(buyer).last == "consumed"
    assert setup.charged(buyer) == 1


async def test_ledger_and_chain_sums_are_equal(setup: CrashSetup) -> None:
    ledger, chain = setup.earned()
    assert ledger == chain == (len(KILLS) + 1) * PRICE

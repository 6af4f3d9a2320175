"""Tests of SIGKILL around settlement on PostgreSQL; `test_crashes.py` covers every moment, on SQLite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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


async def test_ledger_and_chain_sums_are_equal(setup: CrashSetup) -> None:
    ledger, chain = setup.earned()
    assert ledger == chain == len(KILLS) * PRICE

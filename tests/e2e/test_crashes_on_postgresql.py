"""Kill -9 on PostgreSQL around settlement; `test_crashes.py` covers every moment, on SQLite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import postgresql
from tests.e2e.crash_town import PRICE, Town, buy_again, die, sight

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
async def test_killed_in_a_call(town: Town, moment: str) -> None:
    buyer = await die(town, moment)
    assert sight(town, buyer) == KILLS[moment]
    await town.start()
    await buy_again(town, buyer)


async def test_ledger_and_chain_agree_on_every_unit(town: Town) -> None:
    ledger, chain = town.earned()
    assert ledger == chain == len(KILLS) * PRICE

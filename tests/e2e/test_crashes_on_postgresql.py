"""Kill -9 on PostgreSQL, at the moments on which money hangs; `test_crashes.py` has every moment, on SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from alive402.demo.clips import Clips
from alive402.demo.server import serve_files
from alive402.liveness import models
from tests import postgresql
from tests.api.facilitators import running_facilitator
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
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    programs = postgresql.binaries()
    if programs is None:
        pytest.skip(postgresql.NOT_INSTALLED)
    with postgresql.running(programs) as server:
        yield server.database()


@pytest.fixture(scope="module")
async def town(clips: Clips, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    models.ensure()
    folder = tmp_path_factory.mktemp("videos")
    (folder / "face.mp4").symlink_to(clips.bona_fide)
    with serve_files(folder) as base, running_facilitator() as facilitator:
        made = Town(tmp_path_factory.mktemp("town"), facilitator, f"{base}/face.mp4", database_url)
        await made.open()
        yield made
        await made.close()


@pytest.mark.parametrize("moment", KILLS)
async def test_killed_in_a_call(town: Town, moment: str) -> None:
    buyer = await die(town, moment)
    assert sight(town, buyer) == KILLS[moment]
    await town.start()
    await buy_again(town, buyer)


async def test_ledger_and_chain_agree_on_every_unit(town: Town) -> None:
    ledger, chain = town.earned()
    assert ledger == chain == len(KILLS) * PRICE

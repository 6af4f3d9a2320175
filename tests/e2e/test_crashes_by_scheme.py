"""Tests of SIGKILL around settlement and of lost answers in the other schemes; `test_crashes.py` has every moment.

The table in `docs/payments.md` is what these tests saw. `WRITE_DOCS=1` writes it anew.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from alive402.catalog import IMAGE_LIVENESS
from tests.e2e.crash_setup import CrashSetup, buy_again, die, payment_outcome, reconcile
from tests.e2e.crash_tables import BY_SCHEME, is_in_the_docs
from tests.http.permit2 import Choosing, up_to

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("calm")]
SCHEMES = ["permit2", "upto"]
# The node answers until the money has moved, because it is asked before the work.
LOST = "then all is silent"
KILLS = [
    ("after `reserved` is committed", ""),
    ("after `settling` is committed", ""),
    ("after the facilitator settled", ""),
    ("before `consumed` is committed", ""),
    ("after `settle_unknown` is committed", LOST),
    ("after `failed` is committed", "refuses"),
]
FAULTS = {
    "the settle answer is lost": "loses the answer",
    "the settle answer is lost and the node is silent": LOST,
}
PICTURES = IMAGE_LIVENESS.paths[0]
seen: dict[str, tuple[str, ...]] = {}


class OfPictures(Choosing):
    """A buyer that signs a limit for ten pictures and sends three; one of them has no face and is free."""

    def __init__(self, url: str) -> None:
        super().__init__(url, up_to)

    async def pay(self, video_url: str, path: str = PICTURES) -> httpx.Response:
        return await self.buy(beside(video_url), path)

    async def send(self, video_url: str, signature: str, path: str = PICTURES) -> httpx.Response:
        return await self.again(beside(video_url), path)


def beside(video_url: str) -> dict[str, Any]:
    folder = video_url.rpartition("/")[0]
    return {"Tasks": [{"ImageURL": f"{folder}/{name}.jpg"} for name in ("face", "wall", "face")]}


@pytest.fixture(scope="module", params=SCHEMES)
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
async def setup(setup: CrashSetup) -> CrashSetup:
    if setup.scheme == "upto":
        setup.buyers, setup.price = OfPictures, 10_000
    return setup


@pytest.mark.parametrize(("moment", "fault"), KILLS)
async def test_kill_during_a_call_keeps_the_ledger_correct(setup: CrashSetup, moment: str, fault: str) -> None:
    buyer = await die(setup, moment, fault)
    outcome = payment_outcome(setup, buyer)
    await setup.start()
    seen[f"{setup.scheme}: killed {moment}"] = (*outcome, *await buy_again(setup, buyer))


async def test_reconciler_finds_a_settlement_whose_call_was_killed(setup: CrashSetup) -> None:
    buyer = await die(setup, "after the facilitator settled")
    outcome = payment_outcome(setup, buyer)
    await reconcile(setup, buyer)
    name = f"{setup.scheme}: killed after the facilitator settled; the reconciler asks the chain"
    seen[name] = (*outcome, *await buy_again(setup, buyer))


@pytest.mark.parametrize("name", FAULTS)
async def test_failing_facilitator_keeps_the_ledger_correct(setup: CrashSetup, name: str) -> None:
    await setup.start()
    buyer = await setup.buyer()
    setup.facilitator.fault = FAULTS[name]
    await buyer.pay(setup.video)
    outcome = payment_outcome(setup, buyer)
    setup.facilitator.fault = ""
    seen[f"{setup.scheme}: {name}"] = (*outcome, *await buy_again(setup, buyer))


async def test_ledger_and_chain_sums_are_equal(setup: CrashSetup) -> None:
    ledger, chain = setup.earned()
    assert ledger == chain
    assert chain == sum(name.startswith(f"{setup.scheme}:") for name in seen) * setup.price


async def test_docs_table_equals_the_results() -> None:
    if len(seen) < len(SCHEMES) * (len(KILLS) + len(FAULTS) + 1):
        pytest.skip("only some of the cases were run")
    is_in_the_docs("schemes", ("scheme, and what happens", *BY_SCHEME[1:]), seen)

"""Tests of SIGKILL and lost answers around settlement on Solana; `test_crashes.py` covers every moment, on EVM."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

pytest.importorskip("solders", reason="needs the extra `solana`")

from alive402.demo import Buyer
from alive402.payments.devchain.solana import SolanaDevChain
from tests.e2e.crash_setup import PRICE, CrashSetup, buy_again, die, payment_outcome, reconcile
from tests.e2e.crash_tables import BY_SCHEME, is_in_the_docs
from tests.e2e.launcher import Launcher
from tests.http.facilitators import serving
from tests.http.solana import SolanaBuyer, SolanaFacilitator

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("calm")]
SKEWS = {"an hour fast": 3600.0, "an hour slow": -3600.0}
LOST = "chain silent"
# The moment and the fault, and how things stand then: the last state, whether the answer is stored, the money moved.
KILLS = {
    ("after `reserved` is committed", ""): ("`reserved`", "no", "no"),
    ("after `settling` is committed", ""): ("`settling`", "yes", "no"),
    ("after the facilitator settled", ""): ("`settling`", "yes", "yes"),
    ("before `consumed` is committed", ""): ("`settling`", "yes", "yes"),
    ("after `settle_unknown` is committed", LOST): ("`settle_unknown`", "yes", "yes"),
    ("after `failed` is committed", "refuses"): ("`failed`", "yes", "no"),
}
seen: dict[str, tuple[str, ...]] = {}


class SolanaCrashSetup(CrashSetup):
    """The same with a Solana chain, whose time stands still: no payment dies while a service starts again."""

    network = "solana-devnet"
    node = "/devchain/solana/rpc"

    def new_seller(self) -> str:
        seller = SolanaDevChain.new_account()
        self.facilitator.chain.mint(seller, 0)
        return seller

    def new_buyer(self) -> Buyer:
        # Its own way to the chain: the service's node fails in some tests.
        return SolanaBuyer(self.url, f"{self.facilitator.url}/node")

    def wallet(self, buyer: Buyer) -> str:
        return cast(SolanaBuyer, buyer).address


@pytest.fixture(scope="module")
async def setup(
    video: str, launcher: Launcher, answers: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[CrashSetup]:
    began = time.time()
    with serving(lambda url: SolanaFacilitator(url, SolanaDevChain(lambda: began))) as facilitator:
        made = SolanaCrashSetup(tmp_path_factory.mktemp("setup"), facilitator, video, launcher, answers=answers)
        await made.open()
        yield made
        await made.close()


@pytest.mark.parametrize(("moment", "fault"), KILLS)
async def test_kill_during_a_call_keeps_the_ledger_correct(setup: CrashSetup, moment: str, fault: str) -> None:
    buyer = await die(setup, moment, fault)
    outcome = payment_outcome(setup, buyer)
    assert outcome == KILLS[moment, fault]
    await setup.start()
    seen[f"killed {moment}"] = (*outcome, *await buy_again(setup, buyer))


async def test_reconciler_finishes_what_a_dead_process_settled(setup: CrashSetup) -> None:
    buyer = await die(setup, "after the facilitator settled")
    outcome = payment_outcome(setup, buyer)
    await reconcile(setup, buyer)
    name = "killed after the facilitator settled; the reconciler asks the chain"
    seen[name] = (*outcome, *await buy_again(setup, buyer))


@pytest.mark.parametrize("clock", SKEWS)
async def test_wrong_clock_keeps_the_ledger_correct(setup: CrashSetup, clock: str) -> None:
    """The settle answer is lost under a wrong clock; then the reconciler runs under it."""
    skew = SKEWS[clock]
    await setup.kill()
    await setup.start(skew=skew)
    buyer = await setup.buyer()
    signed = await cast(SolanaBuyer, buyer).sign(setup.video)
    setup.facilitator.fault = LOST
    lost = await buyer.send(setup.video, signed)
    assert (lost.status_code, lost.json()["code"]) == (503, "settlement_unknown")
    outcome = payment_outcome(setup, buyer)
    await setup.kill()
    setup.facilitator.fault = ""
    await reconcile(setup, buyer, skew)
    again = await buyer.send(setup.video, signed)
    assert again.status_code == 200, again.text
    assert setup.charged(buyer) == 1
    seen[f"the settle answer is lost under a clock {clock}"] = (*outcome, "200, the answer", "once")


async def test_ledger_and_chain_sums_are_equal(setup: CrashSetup) -> None:
    ledger, chain = setup.earned()
    assert ledger == chain == len(seen) * PRICE


async def test_docs_table_equals_the_results() -> None:
    if len(seen) < len(KILLS) + len(SKEWS) + 1:
        pytest.skip("only some of the cases were run")
    is_in_the_docs("solana", BY_SCHEME, seen)

"""Tests of SIGKILL around the settlement of an undeployed wallet's payment: it is charged once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alive402.payments.devchain import WALLET_FACTORY
from tests.e2e.crash_setup import PRICE, CrashSetup, buy_again, die, payment_outcome
from tests.e2e.crash_tables import BY_SCHEME, is_in_the_docs
from tests.e2e.launcher import Launcher
from tests.http.facilitators import running_facilitator
from tests.smart_wallets import SmartWallet, WalletBuyer, wrapped

pytestmark = pytest.mark.anyio
# The moment, and how things stand then: the last state, whether the answer is stored, whether the money moved.
KILLS = {
    "after the facilitator verified": ("nothing", "no", "no"),
    "after `reserved` is committed": ("`reserved`", "no", "no"),
    "before the facilitator settles": ("`settling`", "yes", "no"),
    "after the facilitator settled": ("`settling`", "yes", "yes"),
    "before `consumed` is committed": ("`settling`", "yes", "yes"),
}


seen: dict[str, tuple[str, ...]] = {}


class WalletSetup(CrashSetup):
    """A setup whose buyers have a smart wallet that is not deployed."""

    async def buyer(self) -> WalletBuyer:
        """A buyer with a new wallet and the money for five answers."""
        return WalletBuyer(self.url, SmartWallet(self.facilitator.chain, wrapped, money=5 * PRICE))


@pytest.fixture(scope="module")
async def setup(
    video: str, launcher: Launcher, answers: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[WalletSetup]:
    with running_facilitator(wallet_factories=(WALLET_FACTORY,)) as facilitator:
        made = WalletSetup(tmp_path_factory.mktemp("setup"), facilitator, video, launcher, answers=answers)
        made.environment = {"ALIVE402_WALLET_FACTORIES": f'["{WALLET_FACTORY}"]'}
        await made.open()
        yield made
        await made.close()


@pytest.mark.parametrize(
    ("moment", "deployed_meanwhile"), [*((moment, False) for moment in KILLS), ("before the facilitator settles", True)]
)
async def test_kill_is_one_charge(setup: WalletSetup, moment: str, deployed_meanwhile: bool) -> None:
    buyer = await die(setup, moment)
    assert isinstance(buyer, WalletBuyer)
    moved = payment_outcome(setup, buyer)
    assert moved == KILLS[moment]
    assert buyer.wallet.deployed is (moved[2] == "yes")
    if deployed_meanwhile:
        # As if the facilitator's deployment was mined and its transfer was lost.
        buyer.wallet.deploy()
    await setup.start()
    name = f"killed {moment}" + (", and the wallet was deployed meanwhile" if deployed_meanwhile else "")
    seen[name] = (*moved, *await buy_again(setup, buyer))
    assert buyer.wallet.deployed


async def test_docs_table_equals_the_results() -> None:
    if len(seen) < len(KILLS) + 1:
        pytest.skip("only some of the cases were run")
    is_in_the_docs("wallets", BY_SCHEME, seen)

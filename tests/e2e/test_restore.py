"""The restore drill of docs/operate.md: a ledger that lost payments gets them back from the chain.

An answer is sold, the ledger is backed up, two answers and a token of four calls are sold, and the service is killed.
After each disaster every buyer sends the same payment again.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from alive402.cli.main import app
from alive402.demo import Buyer
from tests.e2e.crash_setup import PRICE, CrashSetup
from tests.waiting import until

pytestmark = pytest.mark.anyio
BEFORE, AFTER, CALLS = 1, 2, 4
SOLD = (BEFORE + AFTER + CALLS) * PRICE


@dataclass
class Sold:
    """A shop that was killed: its buyers with their first answers, its payment of a token, and its files."""

    setup: CrashSetup
    folder: Path
    buyers: list[tuple[Buyer, dict[str, Any]]]
    prepaid: Buyer
    pay_url: str

    def files(self) -> list[Path]:
        return [self.setup.database.with_name(self.setup.database.name + end) for end in ("", "-wal", "-shm")]

    def put_back(self) -> None:
        """The files as they were at the kill."""
        for path in self.files():
            path.unlink(missing_ok=True)
            kept = self.folder / path.name
            if kept.exists():
                shutil.copy(kept, path)

    async def command(self, *words: str) -> Result:
        environment = {
            "ALIVE402_DATABASE_URL": f"sqlite+aiosqlite:///{self.setup.database}",
            "ALIVE402_NETWORK": self.setup.network,
            "ALIVE402_PAY_TO": self.setup.seller,
            "ALIVE402_FACILITATOR_URL": self.setup.facilitator.url,
            "ALIVE402_RPC_URL": f"{self.setup.facilitator.url}{self.setup.node}",
        }
        return await asyncio.to_thread(CliRunner().invoke, app, ["ledger", *words], env=environment)


@pytest.fixture(scope="module")
async def sold(setup: CrashSetup, tmp_path_factory: pytest.TempPathFactory) -> Sold:
    await setup.start()
    shop = Sold(setup, tmp_path_factory.mktemp("kept"), [], await setup.buyer(), "")
    for number in range(BEFORE + AFTER):
        if number == BEFORE:
            made = await shop.command("backup", str(shop.folder / "backup.db"), "--json")
            assert made.exit_code == 0, made.output
        buyer = await setup.buyer()
        shop.buyers.append((buyer, (await buyer.pay(setup.video)).json()))
    shop.pay_url = (await shop.prepaid.prepay(CALLS)).json()["payUrl"]
    await setup.kill()
    for path in shop.files():
        if path.exists():
            shutil.copy(path, shop.folder / path.name)
    return shop


def restored(sold: Sold) -> None:
    for path in sold.files():
        path.unlink(missing_ok=True)
    shutil.copy(sold.folder / "backup.db", sold.setup.database)


def truncated(sold: Sold) -> None:
    """The log of SQLite is cut off, and a part of what is left is wrong."""
    log = sold.files()[1]
    os.truncate(log, log.stat().st_size * 3 // 4)
    with log.open("r+b") as file:
        file.seek(log.stat().st_size * 2 // 3)
        file.write(os.urandom(64))


def emptied(sold: Sold) -> None:
    for path in sold.files():
        path.write_bytes(b"")


async def chain_of(setup: CrashSetup) -> dict[str, Any]:
    """The ledger's standing to the chain, once that is read."""
    async with httpx.AsyncClient() as http:

        async def look() -> dict[str, Any]:
            return dict((await http.get(f"{setup.url}/readyz")).json()["chain"])

        return await until(look, lambda shown: shown["standing"] != "reading")


@pytest.mark.parametrize("disaster", [restored, truncated, emptied])
async def test_every_buyer_gets_what_was_paid_for(sold: Sold, disaster: Callable[[Sold], None]) -> None:
    setup = sold.setup
    sold.put_back()
    disaster(sold)
    await setup.start()
    if disaster is not emptied:  # There the buyers come before the chain is read.
        shown = await chain_of(setup)
        assert shown["standing"] == "read"
        assert shown["recovered"] > 0
        assert int(shown["recoveredAmount"]) + setup.earned()[0] == SOLD
        differing = await sold.command("reconcile", "--json")
        assert differing.exit_code == 1, differing.output
        assert json.loads(differing.stdout)["recovered"] == shown["recovered"]
    for buyer, first in sold.buyers:
        buyer.url = setup.url
        answer = await setup.send(buyer)
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"]["Liveness"]["verdict"] == first["data"]["Liveness"]["verdict"]
        again = await setup.send(buyer)
        assert again.json() == answer.json()
        assert setup.charged(buyer) == 1
    buyer, signed = sold.prepaid, {"PAYMENT-SIGNATURE": sold.prepaid.signature}
    buyer.url = setup.url
    paid = await setup.past_the_lease(buyer, lambda: buyer._plain.post(sold.pay_url, headers=signed))
    assert (paid.status_code, paid.json()["remainingCalls"]) == (200, CALLS), paid.text
    token = paid.json()["token"] or buyer.token
    assert (await buyer.spend(setup.video, token)).status_code == 200
    assert setup.charged(buyer) == CALLS
    ledger, chain = setup.earned()
    assert ledger == chain == SOLD
    assert (await chain_of(setup))["recovered"] == 0
    equal = await sold.command("reconcile", "--json")
    assert equal.exit_code == 0, equal.output
    await setup.kill()


async def test_recovered_payment_buys_one_answer_for_its_signature(sold: Sold) -> None:
    """Nonce and payer, which the chain shows, are not enough; a failed call leaves it to its buyer."""
    setup = sold.setup
    restored(sold)
    await setup.start()
    buyer, _ = sold.buyers[-1]
    buyer.url = setup.url
    forged = json.loads(base64.b64decode(buyer.signature))
    forged["payload"]["signature"] = "0x" + "11" * 65
    header = base64.b64encode(json.dumps(forged).encode()).decode()
    refused = await buyer.send(setup.video, header)
    assert (refused.status_code, refused.json()["charged"]) == (402, False)
    missing = await buyer.send(setup.video.replace("face.mp4", "none.mp4"), buyer.signature)
    assert missing.status_code == 424, missing.text
    assert (await setup.send(buyer)).status_code == 200
    other = await buyer.send(setup.video.replace("face.mp4", "other.mp4"), buyer.signature)
    assert (other.status_code, other.json()["code"]) == (409, "payment_spent")
    assert setup.charged(buyer) == 1
    await setup.kill()


async def test_halved_database_is_refused_at_start(sold: Sold) -> None:
    restored(sold)
    os.truncate(sold.setup.database, sold.setup.database.stat().st_size // 2)
    told = await sold.command("reconcile")
    assert told.exit_code == 78
    assert "damaged" in told.output

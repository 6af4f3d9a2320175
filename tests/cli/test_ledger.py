"""Tests of `alive402 ledger`: reading, reconciling and refunds, checked against the chain."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from typer.testing import CliRunner, Result
from web3 import Web3

from alive402.cli.main import app
from alive402.payments.core import Claim, Money, Use
from alive402.payments.devchain import NETWORK, TOKEN_ADDRESS
from alive402.payments.ledger import Ledger
from tests.http.facilitators import Facilitator, running_facilitator
from tests.payments.devchain.test_chain import SELLER, authorization

PRICE = 200_000
RESULT = {"Elements": [{"LiveConfidence": 0.97}]}


@dataclass
class Office:
    """An operator's machine: a ledger, the settings of a real network, a facilitator and a node."""

    folder: Path
    facilitator: Facilitator
    payer: LocalAccount = field(default_factory=Account.create)
    numbers: int = 0

    @property
    def environment(self) -> dict[str, str | None]:
        return {
            "ALIVE402_DATABASE_URL": f"sqlite+aiosqlite:///{self.folder / 'ledger.db'}",
            "ALIVE402_NETWORK": "base-sepolia",
            "ALIVE402_PAY_TO": SELLER,
            "ALIVE402_FACILITATOR_URL": self.facilitator.url,
            "ALIVE402_RPC_URL": f"{self.facilitator.url}/devchain/rpc",
            # The chain has the payments of every test.
            "ALIVE402_SWEEP_DAYS": "0",
        }

    def run(self, *arguments: str, **changed: str | None) -> Result:
        return CliRunner().invoke(app, ["ledger", *arguments], env={**self.environment, **changed})

    def json(self, *arguments: str) -> dict:  # type: ignore[type-arg]
        done = self.run(*arguments, "--json")
        assert done.exit_code == 0, done.output
        told: dict = json.loads(done.stdout)  # type: ignore[type-arg]
        return told

    def pay(self, *, told: bool = True) -> tuple[str, str]:
        """A paid payment as (payment id, transaction); without `told` the facilitator's answer was lost."""
        self.numbers += 1
        nonce = self.numbers.to_bytes(32, "big")
        chain = self.facilitator.chain
        chain.mint(self.payer.address, PRICE)
        values, signed = authorization(self.payer, PRICE, nonce=nonce)
        parts = [signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")]  # type: ignore[attr-defined]
        call = chain.token.encode_abi("transferWithAuthorization", args=[*values, *parts])
        transaction = chain.send({"to": chain.token.address, "data": call})  # type: ignore[typeddict-item]
        money = Money(
            network=NETWORK,
            asset=TOKEN_ADDRESS.lower(),
            payer=self.payer.address.lower(),
            nonce="0x" + nonce.hex(),
            pay_to=SELLER.lower(),
            amount=PRICE,
            valid_before=int(time.time()) + 300,
            proof=nonce.hex(),
        )
        return asyncio.run(self._book(money, transaction if told else None)), transaction

    async def _book(self, money: Money, transaction: str | None) -> str:
        ledger = await Ledger.open(str(self.environment["ALIVE402_DATABASE_URL"]), lease_seconds=30)
        async with ledger.begin() as payments:
            use = Use("video-face-liveness-detection", "hash", f"request{self.numbers}")
            claim = await payments.reserve(money, use, verified=True)
        assert isinstance(claim, Claim)
        last = ("settled", transaction, {"success": True}) if transaction else ("unknown", "silent")
        for step, *given in (("settling", RESULT), last):
            async with ledger.begin() as payments:
                await getattr(payments, step)(claim, *given)
        await ledger.close()
        return claim.payment_id

    def send_back(self, amount: int) -> str:
        """Send money from the operator to the payer; returns the transaction."""
        chain = self.facilitator.chain
        chain.mint(chain.operator, amount)
        call = chain.token.encode_abi("transfer", args=[Web3.to_checksum_address(self.payer.address), amount])
        return chain.send({"to": chain.token.address, "data": call})  # type: ignore[typeddict-item]


@pytest.fixture(scope="module")
def facilitator() -> Iterator[Facilitator]:
    with running_facilitator() as made:
        yield made


@pytest.fixture
def office(tmp_path: Path, facilitator: Facilitator) -> Office:
    return Office(tmp_path, facilitator)


def test_list_prints_payments_as_text_and_json(office: Office) -> None:
    (first, transaction), (second, _) = office.pay(), office.pay(told=False)
    head, *people = office.run("list").stdout.splitlines()
    assert head.split() == ["CREATED", "STATE", "AMOUNT", "PAYER", "ID"]
    assert head.index("ID") == people[0].index(second)
    assert [line.split()[-1] for line in people] == [second, first]
    assert "settle_unknown" in people[0]
    assert "USD 0.20" in people[1]
    rows = office.json("list")["payments"]
    assert [(row["id"], row["state"]) for row in rows] == [(second, "settle_unknown"), (first, "consumed")]
    assert (rows[1]["amount"], rows[1]["transaction"], rows[1]["payTo"]) == (PRICE, transaction, SELLER.lower())
    assert [row["id"] for row in office.json("list", "--state", "consumed")["payments"]] == [first]
    assert office.json("list", "--payer", SELLER)["payments"] == []
    assert len(office.json("list", "--payer", office.payer.address, "--limit", "1")["payments"]) == 1
    assert office.json("list", "--until", "2026-01-01")["payments"] == []


def test_show_prints_events_of_a_payment(office: Office) -> None:
    payment, transaction = office.pay()
    for key in (payment, transaction, "request1"):
        row = office.json("show", key)
        assert row["id"] == payment
        assert [event["state"] for event in row["events"]][-2:] == ["settled", "consumed"]
        assert row["answerStored"] is True
        assert "answer" not in row
    assert office.json("show", payment, "--answer")["answer"] == RESULT
    assert "settled" in office.run("show", payment).stdout
    unknown = office.run("show", "nothing")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "no payment, request or transaction nothing" in unknown.stderr


def test_export_writes_every_payment(office: Office) -> None:
    ids = {office.pay()[0] for _ in range(3)}
    rows = list(csv.DictReader(io.StringIO(office.run("export").stdout)))
    assert {row["id"] for row in rows} == ids
    assert {row["amount"] for row in rows} == {str(PRICE)}
    lines = [json.loads(line) for line in office.run("export", "--json").stdout.splitlines()]
    assert [line["id"] for line in lines] == [row["id"] for row in rows]
    assert list(csv.DictReader(io.StringIO(office.run("list", "--csv").stdout))) == rows


def test_reconcile_looks_up_the_chain(office: Office) -> None:
    payment, transaction = office.pay(told=False)
    found = office.json("reconcile")
    assert (found["settled"], found["unknown"], found["differs"]) == (1, 0, False)
    row = office.json("show", payment)
    assert (row["state"], row["transaction"]) == ("consumed", transaction)


def test_reconcile_leaves_unresolved_payments_and_says_so(office: Office) -> None:
    payment, _ = office.pay(told=False)
    done = office.run("reconcile", ALIVE402_RPC_URL="http://127.0.0.1:9")
    assert (done.exit_code, done.stdout) == (1, "0 freed, 0 settled, 0 expired, 0 failed, 1 unknown\n")
    assert office.json("show", payment)["state"] == "settle_unknown"


def test_reconcile_adds_what_the_ledger_has_lost(office: Office) -> None:
    office.pay()
    assert office.run("backup", str(office.folder / "copy.db")).exit_code == 0
    _, transaction = office.pay()
    (office.folder / "copy.db").replace(office.folder / "ledger.db")
    done = office.run("reconcile", ALIVE402_SWEEP_DAYS="7")
    assert done.exit_code == 1
    assert "wait for their buyers" in done.stdout
    row = office.json("show", transaction)
    assert (row["state"], row["amount"], row["transaction"]) == ("recovered", PRICE, transaction)
    again = office.run("reconcile", "--json", ALIVE402_SWEEP_DAYS="7")
    assert again.exit_code == 1
    assert json.loads(again.stdout)["chains"][0]["recovered"] == 0
    given_back = office.run("refund", row["id"], "--transaction", office.send_back(PRICE))
    assert given_back.exit_code == 0, given_back.output
    assert office.json("show", transaction)["state"] == "refunded"


def test_backup_is_a_ledger_of_its_own(office: Office) -> None:
    payment, _ = office.pay()
    copy = office.folder / "copies" / "ledger.db"
    made = office.json("backup", str(copy))
    assert json.loads(copy.with_name("ledger.db.json").read_text())["sha256"] == made["sha256"]
    shown = office.run("show", payment, ALIVE402_DATABASE_URL=f"sqlite+aiosqlite:///{copy}")
    assert shown.exit_code == 0, shown.output
    twice = office.run("backup", str(copy))
    assert (twice.exit_code, "exists" in twice.stderr) == (64, True)


def test_refund_is_recorded_only_if_on_chain(office: Office) -> None:
    payment, taken = office.pay()
    other, _ = office.pay()
    too_little, enough = office.send_back(PRICE - 1), office.send_back(PRICE)
    for wrong in (too_little, taken, "0x" + "00" * 32):
        refused = office.run("refund", payment, "--transaction", wrong)
        assert refused.exit_code == 1
        assert "does not move that money to the payer" in refused.stderr
    assert office.run("refund", payment, "--transaction", enough).stdout.startswith(f"{payment}: USD 0.20 given back")
    twice = office.run("refund", other, "--transaction", enough)
    assert twice.exit_code == 1
    assert "already counts for another refund" in twice.stderr
    row = office.json("show", payment)
    assert (row["state"], row["refund"]) == ("refunded", enough)
    silent = office.run("refund", other, "--transaction", enough, ALIVE402_RPC_URL="http://127.0.0.1:9")
    assert (silent.exit_code, "The node does not answer" in silent.stderr) == (1, True)
    assert office.run("refund", "nothing", "--transaction", enough).exit_code == 1
    assert office.run("refund", payment, "--transaction", "0x1").exit_code == 64


def test_reconcile_and_refund_send_webhooks(office: Office) -> None:
    payment, transaction = office.pay(told=False)
    hooks: dict[str, str | None] = {
        "ALIVE402_WEBHOOK_URLS": '["http://127.0.0.1:9/hook"]',
        "ALIVE402_WEBHOOK_SECRET": "whsec_" + base64.b64encode(bytes(32)).decode(),
    }
    back = office.send_back(PRICE)
    assert office.run("reconcile", **hooks).exit_code == 0
    assert office.run("refund", payment, "--transaction", back, **hooks).exit_code == 0
    with sqlite3.connect(office.folder / "ledger.db") as connection:
        told = connection.execute("SELECT type, body FROM webhook_deliveries ORDER BY created_at").fetchall()
    assert [kind for kind, _ in told] == ["call.settled", "payment.refunded"]
    assert all(json.loads(body)["data"]["transaction"] == transaction for _, body in told)


def test_income_and_refunds_by_day(office: Office) -> None:
    payment, _ = office.pay()
    office.pay()
    office.run("refund", payment, "--transaction", office.send_back(PRICE))
    today = datetime.now(UTC).date().isoformat()
    (day,) = office.json("income")["days"]
    assert (day["payments"], day["income"], day["refunds"], day["refunded"], day["net"]) == (
        2,
        400_000,
        1,
        200_000,
        200_000,
    )
    assert day["payer"] is None
    (spent,) = office.json("income", "--by-payer", "--since", today)["days"]
    assert spent["payer"] == office.payer.address.lower()
    assert "net     USD 0.20" in office.run("income").stdout
    (row,) = csv.DictReader(io.StringIO(office.run("income", "--csv").stdout))
    assert (row["day"], row["net"]) == (day["day"], "200000")


def test_ledger_errors_are_one_line(office: Office) -> None:
    missing = office.run("list")
    assert missing.exit_code == 78
    assert "there is no ledger at" in missing.stderr
    assert not list(office.folder.iterdir()), "looking made a ledger"
    office.pay()
    assert office.run("list", "--state", "lost").exit_code == 64
    dev = dict.fromkeys(("ALIVE402_NETWORK", "ALIVE402_PAY_TO", "ALIVE402_FACILITATOR_URL", "ALIVE402_RPC_URL"))
    refused = office.run("reconcile", **dev)
    assert (refused.exit_code, "dev chain ends with its service" in refused.stderr) == (78, True)

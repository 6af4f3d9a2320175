"""A service that is killed repeatedly, a chain that outlives it, and an audit that compares ledger and chain."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account
from sqlalchemy import NullPool, create_engine, text
from x402.http.clients.httpx import PaymentError

from alive402.demo import Buyer
from alive402.payments.x402.schemes import spelled
from tests.e2e.launcher import Launcher
from tests.http.facilitators import Facilitator

PRICE = 200_000
PATIENCE_SECONDS = 20.0
# Between two tries, so that the tries are not what the machine is busy with.
BETWEEN_SECONDS = 0.1
GREETING = "alive402 is at "


@dataclasses.dataclass(frozen=True)
class Standing:
    """The ledger's record of a payment: its states, whether its answer is stored, and whether that is signed."""

    states: tuple[str, ...]
    stored: bool
    signed: bool

    @property
    def last(self) -> str:
        return self.states[-1] if self.states else "nothing"


class CrashSetup:
    """At most one service of the launcher, the ledger and the chain.

    The ledger is at `database_url`, or else in a file of its own, `database`. Payment is accepted in `scheme`.
    An answer costs `price`; `buyers` makes the buyer that calls. The answers of judged files are kept in `answers`, or
    with None each service judges its files itself.
    """

    network = "base-sepolia"
    node = "/devchain/rpc"

    def __init__(
        self,
        folder: Path,
        facilitator: Facilitator,
        video: str,
        launcher: Launcher,
        database_url: str | None = None,
        scheme: str = "exact",
        answers: Path | None = None,
    ) -> None:
        self.facilitator = facilitator
        self.scheme = scheme
        self.price = PRICE
        self.buyers: Callable[[str], Buyer] = Buyer
        self.video = video
        self.environment: dict[str, str] = {}
        self.database = folder / "ledger.db"
        self._database_url = database_url or f"sqlite+aiosqlite:///{self.database}"
        self._books = create_engine(self._database_url.replace("+aiosqlite", ""), poolclass=NullPool)
        self.seller = self.new_seller()
        self._answers = answers
        self._armed = folder / "armed"
        self._log = folder / "server.log"
        self._launcher, self._hearing = launcher, AsyncExitStack()
        self._pid = 0
        self.url = ""
        self._armed.write_text("")
        # One address for all the services: a payment is signed for a URL.
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]

    async def open(self) -> None:
        """Read what the launcher says; no service runs yet."""
        await self._hearing.enter_async_context(self._launcher.heard())

    async def close(self) -> None:
        """End the service."""
        await self.kill()
        await self._hearing.aclose()

    async def start(self, *, skew: float = 0.0, reconcile_seconds: float = 3600.0) -> None:
        """Start a service on the same ledger, unless one runs; its reconciler runs once, then rarely."""
        if self.url:
            return
        arguments = [
            f"--port={self._port}",
            f"--network={self.network}",
            f"--pay-to={self.seller}",
            f"--facilitator-url={self.facilitator.url}",
            f"--rpc-url={self.facilitator.url}{self.node}",
            f"--database-url={self._database_url}",
            "--allow-private-hosts",
        ]
        environment = {
            "ALIVE402_RECONCILE_SECONDS": str(reconcile_seconds),
            "ALIVE402_SCHEME": self.scheme,
            **self.environment,
        }
        self._launcher.start(
            {
                "arguments": arguments,
                "environment": environment,
                "skew": skew,
                "log": str(self._log),
                "armed": str(self._armed),
                "answers": str(self._answers) if self._answers else "",
            }
        )
        while not self.url:
            line = await self._line()
            if line == "gone":
                assert self._armed.read_text(), self._log.read_text()[-2000:]
                return
            if line.startswith("pid "):
                self._pid = int(line.removeprefix("pid "))
            if line.startswith(GREETING):
                self.url = line.removeprefix(GREETING)

    async def kill(self) -> None:
        """Kill the service with SIGKILL, if one runs."""
        if self.url:
            os.kill(self._pid, signal.SIGKILL)
            await self.died()

    async def died(self) -> None:
        """Wait until the service has ended."""
        while self.url and await self._line() != "gone":
            pass
        self.url = ""

    def arm(self, moment: str) -> None:
        """Set the moment at which the service kills itself."""
        self._armed.write_text(moment)

    def new_seller(self) -> str:
        """The address of a new wallet that receives the money."""
        return str(Account.create().address)

    def wallet(self, buyer: Buyer) -> str:
        """The address of a buyer's wallet."""
        return buyer.account.address

    def new_buyer(self) -> Buyer:
        """A buyer with a new wallet, without money."""
        return self.buyers(self.url)

    async def buyer(self) -> Buyer:
        """A buyer with a new wallet and the money for five answers."""
        buyer = self.new_buyer()
        self.facilitator.chain.mint(self.wallet(buyer), 5 * PRICE)
        return buyer

    async def send(self, buyer: Buyer) -> httpx.Response:
        """Send the signed payment again, once its lease has ended."""
        return await self.past_the_lease(buyer, lambda: buyer.send(self.video, buyer.signature))

    async def past_the_lease(self, buyer: Buyer, ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        """Repeat a request while its payment is in use; returns the first other answer."""
        buyer.url = self.url
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = await ask()
            if answer.status_code != 409 or time.monotonic() > until:
                return answer
            await asyncio.sleep(BETWEEN_SECONDS)

    def charged(self, buyer: Buyer) -> int:
        """The number of answers that the buyer has paid for on chain."""
        spent = 5 * PRICE - self.facilitator.chain.balance(self.wallet(buyer))
        assert spent % self.price == 0
        return spent // self.price

    def standing(self, buyer: Buyer) -> Standing:
        """The ledger's record of the buyer's one payment."""
        payer = spelled(self.wallet(buyer))
        rows = self._read(
            "SELECT e.state, p.result IS NOT NULL, v.jws IS NOT NULL "
            "FROM payments p JOIN payment_events e ON e.payment_id = p.id "
            "LEFT JOIN signed_verdicts v ON v.request_id = p.request_id "
            f"WHERE p.payer = '{payer}' ORDER BY e.id"
        )
        states, stored, signed = zip(*rows, strict=True) if rows else ((), (), ())
        return Standing(tuple(states), any(stored), any(signed))

    def earned(self) -> tuple[int, int]:
        """(sum of paid payments in the ledger, seller's balance on chain), in atomic units."""
        paid = "SELECT coalesce(sum(amount), 0) FROM payments WHERE state IN ('settled', 'consumed')"
        ((ledger,),) = self._read(paid)
        return ledger, self.facilitator.chain.balance(self.seller)

    def _read(self, query: str) -> list[Any]:
        with self._books.connect() as connection:
            return list(connection.execute(text(query)))

    async def _line(self) -> str:
        line = await self._launcher.line()
        assert line, self._log.read_text()[-2000:]
        return line.strip()


async def die(setup: CrashSetup, moment: str, fault: str = "") -> Buyer:
    """Start a call that kills the service at `moment`; returns its buyer."""
    await setup.start()
    buyer = await setup.buyer()
    setup.arm(moment)
    setup.facilitator.fault = fault
    with pytest.raises(PaymentError):
        await buyer.pay(setup.video)
    await setup.died()
    setup.arm("")
    setup.facilitator.fault = ""
    return buyer


async def reconcile(setup: CrashSetup, buyer: Buyer, skew: float = 0.0) -> None:
    """Run the reconciler until it has found the buyer's settlement, kill it there, and start the next service."""
    setup.arm("after the reconciler committed `consumed`")
    await setup.start(skew=skew, reconcile_seconds=0.1)
    await setup.died()
    setup.arm("")
    assert payment_outcome(setup, buyer) == ("`consumed`", "yes", "yes")
    await setup.start()


def payment_outcome(setup: CrashSetup, buyer: Buyer) -> tuple[str, str, str]:
    """The payment's last state, whether its answer is stored, and whether the money moved."""
    standing = setup.standing(buyer)
    last = f"`{standing.last}`" if standing.states else "nothing"
    return last, _yes(standing.stored), _yes(setup.charged(buyer) > 0)


async def buy_again(setup: CrashSetup, buyer: Buyer) -> tuple[str, str]:
    """Send the same payment twice; both get the same answer for one charge."""
    once = await setup.send(buyer)
    assert once.status_code == 200, once.text
    twice = await setup.send(buyer)
    assert (twice.status_code, twice.json()) == (200, once.json())
    assert twice.headers["PAYMENT-RESPONSE"] == once.headers["PAYMENT-RESPONSE"]
    assert setup.standing(buyer).last == "consumed"
    assert setup.charged(buyer) == 1
    ledger, chain = setup.earned()
    assert ledger == chain
    return "200, the answer", "once"


def _yes(said: bool) -> str:
    return "yes" if said else "no"

"""The ledger: the database, with the payment state machine over its transactions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from alive402.payments.core import Claim, Money
from alive402.payments.ledger.recovery import Recovery
from alive402.payments.ledger.repository import PaymentRepository, is_known
from alive402.payments.ledger.service import PaymentService
from alive402.payments.ledger.statements import Statements
from alive402.storage import Database, Lease


class Ledger(Database):
    """The payments of one database. `webhook_urls` are the operator's, notified of every step."""

    webhook_urls: tuple[str, ...] = ()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[PaymentService]:
        """One transaction on the payments: committed when the block ends, rolled back when it raises."""
        async with self.session() as session:
            yield PaymentService(PaymentRepository(session, self.webhook_urls), self.lease_seconds, self._now)

    @asynccontextmanager
    async def recovery(self) -> AsyncIterator[Recovery]:
        """A transaction on payments that no call works on; commits and rolls back like `begin`."""
        async with self.session() as session:
            yield Recovery(PaymentRepository(session, self.webhook_urls), self.lease_seconds, self._now)

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[Statements]:
        """A read-only transaction on the ledger, which does not block writers."""
        async with self.reading() as session:
            yield Statements(session)

    async def knows(self, money: Money) -> bool:
        """Whether the ledger has this authorization, in whatever state; waits for no writer and for no commit."""
        async with self.looking_up() as database:
            return await is_known(database, money.network, money.asset, money.payer, money.nonce)

    def keep(self, claim: Claim) -> None:
        """Renew the lease of `claim` while the current task runs."""

        async def renew() -> bool:
            async with self.begin() as payments:
                return await payments.renew(claim.payment_id, claim.owner)

        self.leases.keep(Lease(claim.owner, renew))

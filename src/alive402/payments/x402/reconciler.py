"""Reconciler: renews leases of running calls, releases abandoned payments, and resolves unknown ones on chain."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from alive402.payments.core import SettlementRefused, SettlementUnknown
from alive402.payments.ledger import Ledger, State, UnresolvedPayment
from alive402.payments.x402.protocol import UNDECIDED, PaymentGate
from alive402.upkeep import Upkeep

log = structlog.get_logger(__name__)

BEATS_A_LEASE = 3
CASES_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Swept:
    """The result of one sweep, in numbers of payments.

    `freed` had an expired lease. Of those whose money may have moved, `settled` did, `expired` and `failed` never
    will, and `unknown` are still undecided on chain.
    """

    freed: int = 0
    settled: int = 0
    expired: int = 0
    failed: int = 0
    unknown: int = 0


class Reconciler:
    """Finishes what calls left unfinished; several processes may do so on one ledger."""

    def __init__(self, ledger: Ledger, gate: PaymentGate) -> None:
        self._ledger = ledger
        self._gate = gate

    async def sweep(self) -> Swept:
        """Release the payments of dead processes, and check on chain every payment whose money may have moved.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the ledger cannot be read or written.
        """
        async with self._ledger.recovery() as recovery:
            freed = await recovery.let_go(CASES_AT_ONCE)
        async with self._ledger.recovery() as recovery:
            cases = await recovery.cases(CASES_AT_ONCE)
        silent: set[str] = set()
        ends = [await self._decide(case, silent) for case in cases]
        return Swept(freed, *(ends.count(end) for end in ("settled", "expired", "failed", "unknown")))

    @asynccontextmanager
    async def running(self, every_seconds: float) -> AsyncIterator[None]:
        """Sweep at once and then `every_seconds`, and renew the leases of running calls, until the block ends."""
        sweeps = Upkeep("reconciler", self._sweep_and_tell, expected=SQLAlchemyError)
        renewals = Upkeep("leases", self._ledger.renew, expected=SQLAlchemyError)
        async with (
            sweeps.running(every_seconds),
            renewals.running(self._ledger.lease_seconds / BEATS_A_LEASE),
        ):
            yield

    async def _sweep_and_tell(self) -> None:
        swept = await self.sweep()
        if swept != Swept():
            log.info("reconciled", **dataclasses.asdict(swept))

    async def _decide(self, case: UnresolvedPayment, silent: set[str]) -> str:
        """Resolve a payment by the chain: settled, expired, failed, or still unknown.

        `silent` are networks whose node does not answer: they are skipped for the rest of the sweep.
        """
        if case.money.network in silent:
            return "unknown"
        try:
            # Read the clock first: a payment that has expired and is not found afterwards can never arrive.
            over = await self._gate.is_over(case.money)
            found = await self._gate.find(case.money)
        except SettlementUnknown as error:
            if error.details.get("reason") != UNDECIDED:
                silent.add(case.money.network)
            found, over = None, False
        except SettlementRefused as error:
            reason = str(error.details.get("reason", ""))
            # A refused payment has nothing to wait for: it can only have expired.
            over = case.state is State.FAILED
            async with self._ledger.recovery() as recovery:
                await recovery.never_moves(case, reason, expired=over)
            return "expired" if over else "failed"
        async with self._ledger.recovery() as recovery:
            if found is not None:
                await recovery.moved(case, found.transaction, found.receipt)
                return "settled"
            if over:
                await recovery.never_moves(case, "expired", expired=True)
                return "expired"
            await recovery.looked(case)
        return "unknown"

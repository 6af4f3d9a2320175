"""Reconciler: renews leases of running calls, releases abandoned payments, and resolves unknown ones on chain."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from alive402.payments.core import SettlementRefused, SettlementUnknown
from alive402.payments.ledger import Ledger, State, UnresolvedPayment
from alive402.payments.x402.lookups import UNDECIDED
from alive402.payments.x402.protocol import PaymentGate
from alive402.upkeep import Upkeep

log = structlog.get_logger(__name__)

BEATS_A_LEASE = 3
CASES_AT_ONCE = 100
ASKED_AT_ONCE = 16
"""So many payments of a network are looked up side by side."""
LOOKUP_SECONDS = 30.0
"""A look-up takes a handful of requests, and a slow node takes seconds for each."""


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
        networks: dict[str, list[UnresolvedPayment]] = {}
        for case in cases:
            networks.setdefault(case.money.network, []).append(case)
        # Side by side, so that a slow or silent node holds up its own network only.
        found = await asyncio.gather(*[self._decide_all(each) for each in networks.values()], return_exceptions=True)
        ends: Counter[str] = Counter()
        for each in found:
            if isinstance(each, BaseException):
                raise each
            ends.update(each)
        return Swept(freed, *(ends[end] for end in ("settled", "expired", "failed", "unknown")))

    @asynccontextmanager
    async def running(self, every_seconds: float) -> AsyncIterator[None]:
        """Sweep at once and then `every_seconds`, and renew the leases of running calls, until the block ends."""
        sweeps = Upkeep("reconciler", self._sweep_and_log, expected=SQLAlchemyError)
        renewals = Upkeep("leases", self._ledger.renew, expected=SQLAlchemyError)
        async with (
            sweeps.running(every_seconds),
            renewals.running(self._ledger.lease_seconds / BEATS_A_LEASE),
        ):
            yield

    async def _sweep_and_log(self) -> None:
        swept = await self.sweep()
        if swept != Swept():
            log.info("reconciled", **dataclasses.asdict(swept))

    async def _decide_all(self, cases: Sequence[UnresolvedPayment]) -> list[str]:
        """Resolve the payments of one network side by side, in their order; returns how each of them ended.

        Each of the askers stops when its question is not answered: a silent node is soon left alone, and one lost
        answer does not end the sweep.
        """
        waiting, ends = iter(cases), {case.payment_id: _undecided(case) for case in cases}

        async def ask() -> None:
            for case in waiting:
                end = await self._decide(case)
                if end is None:
                    return
                ends[case.payment_id] = end

        askers = [ask() for _ in cases[:ASKED_AT_ONCE]]
        for each in await asyncio.gather(*askers, return_exceptions=True):
            if isinstance(each, BaseException):
                raise each
        return list(ends.values())

    async def _decide(self, case: UnresolvedPayment) -> str | None:
        """Resolve by the chain: settled, expired, failed, or as it was; None when the node does not answer."""
        answered, over = True, False
        try:
            found = await self._gate.chain.find(case.money, LOOKUP_SECONDS)
            if found is None and await self._gate.chain.is_over(case.money):
                # Look again after the clock: a payment that has expired and is not found now can never arrive.
                over, found = True, await self._gate.chain.find(case.money, LOOKUP_SECONDS)
        except SettlementUnknown as error:
            answered = error.details.get("reason") == UNDECIDED
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
                if case.state is State.FAILED:
                    log.warning("moved after a refusal", payment_id=case.payment_id, transaction=found.transaction)
                return "settled"
            if over:
                await recovery.never_moves(case, "expired", expired=True)
                return "expired"
            # Also when the node did not answer: otherwise the same payments would be asked about first each time.
            await recovery.looked(case)
        return _undecided(case) if answered else None


def _undecided(case: UnresolvedPayment) -> str:
    """How a payment ends that the chain does not decide now; a refused one most likely never moves."""
    return "refused" if case.state is State.FAILED else "unknown"

"""Sweep of the chain: compares the payments that reached our addresses with the ledger, and adds what it has lost.

A ledger that was restored from a backup, truncated or emptied does not know the payments after that moment. The sweep
reads every transfer to an address since the last block that the ledger recorded. A signed payment that the ledger does
not have becomes `recovered`: its buyer gets an answer for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum

import structlog
from sqlalchemy.exc import SQLAlchemyError
from x402.schemas import SettleResponse

from alive402.payments.core import Money
from alive402.payments.ledger import Ledger, Seen
from alive402.payments.x402.options import PaymentOption, PaymentOptions
from alive402.payments.x402.schemes import Incoming, Signed
from alive402.payments.x402.signed_payment import receipt_of
from alive402.upkeep import Upkeep

log = structlog.get_logger(__name__)

EVERY_SECONDS = 600.0
"""The position in the ledger is at most about so old, so that a start has little to read."""
_NODE_SECONDS = 60.0
_DAY_SECONDS = 86_400


class Standing(StrEnum):
    """How far the ledger is compared with the chain: still reading, a node does not answer, all read, or never done."""

    READING = "reading"
    SILENT = "silent"
    READ = "read"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Compared:
    """The result for one address: what it received from block (or slot) `first` to `last`, in numbers of payments.

    `known`: the ledger has it. `recovered`: the ledger did not have it, and it waits for its buyer now; together
    `recovered_amount` atomic units. `settled`: the ledger had its answer and not its settlement. `waiting`: a call or
    the reconciler works on it. `other`: no signed payment, or one that another service of this address sold.
    `complete`: the node has answered every question.
    """

    network: str
    asset: str
    pay_to: str
    first: int | None = None
    last: int | None = None
    known: int = 0
    recovered: int = 0
    recovered_amount: int = 0
    settled: int = 0
    waiting: int = 0
    other: int = 0
    complete: bool = False


@dataclass(slots=True)
class _Address:
    """One token's transfers to one address, in every scheme accepted for it; `read`: once to its newest block."""

    options: list[PaymentOption]
    network: str
    asset: str
    pay_to: str
    compared: Compared = field(init=False)
    read: bool = False

    def __post_init__(self) -> None:
        self.compared = Compared(self.network, self.asset, self.pay_to)

    @property
    def key(self) -> tuple[str, str, str]:
        return self.network, self.asset, self.pay_to


class Sweep:
    """Sweeps of the addresses of all payment options.

    `days`: how far back the chain is read for a ledger that has no position yet. Until the first complete sweep, a
    payment that the ledger does not have counts as lost; later it can only have been sold by another service.
    """

    def __init__(self, ledger: Ledger, options: PaymentOptions, days: float) -> None:
        self._ledger = ledger
        self._days = days
        addresses: dict[tuple[str, str, str], _Address] = {}
        for option in options:
            spelled, terms = option.scheme.spelled, option.terms
            key = terms.network, spelled(terms.asset), spelled(terms.pay_to)
            addresses.setdefault(key, _Address([], *key)).options.append(option)
        self._addresses = list(addresses.values())
        self._silent = False

    @property
    def standing(self) -> Standing:
        """How far the ledger is compared with the chain."""
        if all(address.read for address in self._addresses):
            return Standing.READ
        return Standing.SILENT if self._silent else Standing.READING

    @property
    def compared(self) -> list[Compared]:
        """The results of the last sweep, one for each token and address."""
        return [address.compared for address in self._addresses]

    async def prepare(self, *, new: bool = False) -> None:
        """Let calls look for lost payments until the first sweep ends. `new`: an empty ledger is a new shop's.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the ledger cannot be read.
        """
        async with self._ledger.recovery() as recovery:
            fresh = new and await recovery.is_empty()
            for address in self._addresses:
                position = await recovery.position(*address.key)
                address.read = fresh and position is None
                for option in address.options:
                    option.lost_above = None if address.read else position or 0

    async def once(self) -> list[Compared]:
        """Compare what the chain shows since the last sweep with the ledger; a silent node leaves its part for later.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the ledger cannot be read or written.
        """
        found = await asyncio.gather(*[self._compare(each) for each in self._addresses], return_exceptions=True)
        for each in found:
            if isinstance(each, BaseException):
                raise each
        self._silent = not all(each.complete for each in self.compared)
        return self.compared

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sweep at once and then now and again, until the block ends."""
        async with Upkeep("chain sweep", self.once, expected=SQLAlchemyError).running(EVERY_SECONDS):
            yield

    async def _compare(self, address: _Address) -> None:
        lost, began = not address.read, time.monotonic()
        address.compared = Compared(*address.key)
        try:
            position = await self._read(address, add=lost)
        except SQLAlchemyError:
            raise
        except Exception as error:
            log.warning("chain not read", network=address.network, error=type(error).__name__)
            return
        address.compared = replace(address.compared, complete=True)
        address.read = True
        for option in address.options:
            option.lost_above = None
        found = address.compared
        if lost and found.recovered:
            cause = "emptied or new ledger" if position is None else "restored or truncated ledger"
            log.warning(
                "ledger was behind the chain",
                cause=cause,
                network=found.network,
                recovered=found.recovered,
                amount=found.recovered_amount,
            )
        elif found.other:
            log.info("transfers of others", network=found.network, transfers=found.other)
        log.info("chain read", network=found.network, last=found.last, seconds=round(time.monotonic() - began, 1))

    async def _read(self, address: _Address, *, add: bool) -> int | None:
        """Read to the newest block, a stretch of blocks at a time; returns the position before."""
        chain = address.options[0].chain
        async with self._ledger.recovery() as recovery:
            position = await recovery.position(*address.key)
        async with asyncio.timeout(_NODE_SECONDS):
            newest = await chain.height()
            start = (
                await chain.height_at(int(time.time() - self._days * _DAY_SECONDS)) if position is None else position
            )
        first = min(start + 1, newest) if position is not None else start
        address.compared = replace(address.compared, first=first, last=newest)
        # Not beyond what may change, nor beyond a payment that is not decided yet.
        safe = newest - chain.settled_depth
        while first <= newest:
            last = min(first + chain.heights_at_once - 1, newest)
            async with asyncio.timeout(_NODE_SECONDS):
                transfers = await chain.incoming(address.asset, address.pay_to, first, last)
            undecided = await self._match(address, transfers, add=add)
            safe = min([safe, *(height - 1 for height in undecided)])
            async with self._ledger.recovery() as recovery:
                await recovery.reached(*address.key, max(0, min(last, safe)))
            first = last + 1
        return position

    async def _match(self, address: _Address, transfers: Sequence[Incoming], *, add: bool) -> list[int]:
        """Compare transfers with the ledger; returns the heights of those that are not decided yet."""
        spelled = address.options[0].scheme.spelled
        async with self._ledger.recovery() as recovery:
            paid = await recovery.paid_by([spelled(each.transaction) for each in transfers])
        undecided = []
        for each in transfers:
            if paid.get(spelled(each.transaction), 0) >= each.transfers:
                self._count(address, Seen.KNOWN, each.transfers)
                continue
            signed = await self._signed_in(address, each)
            self._count(address, Seen.UNKNOWN, each.transfers - len(signed))
            for one in signed:
                seen = await self._enter(address, each.transaction, one, add=add)
                self._count(address, seen, 1, one.amount)
                if seen is Seen.WAITING:
                    undecided.append(each.height)
        return undecided

    async def _signed_in(self, address: _Address, transfer: Incoming) -> list[Signed]:
        """The signed payments of a transaction, each once: two schemes may read the same ones."""
        found: dict[tuple[str, str], Signed] = {}
        for option in address.options:
            if len(found) >= transfer.transfers:
                break
            async with asyncio.timeout(_NODE_SECONDS):
                for each in await option.chain.signed_in(transfer.transaction, address.asset, address.pay_to):
                    found.setdefault((each.payer, each.nonce), each)
        return list(found.values())

    async def _enter(self, address: _Address, transaction: str, signed: Signed, *, add: bool) -> Seen:
        scheme = address.options[0].scheme
        money = Money(*address.key[:2], signed.payer, signed.nonce, address.pay_to, signed.amount, 0, "")
        answer = SettleResponse(
            success=True, transaction=transaction, network=address.network, payer=scheme.shown(signed.payer)
        )
        async with self._ledger.recovery() as recovery:
            return await recovery.seen(money, scheme.spelled(transaction), receipt_of(answer, money), add=add)

    def _count(self, address: _Address, seen: Seen, count: int, amount: int = 0) -> None:
        found = address.compared
        match seen:
            case Seen.KNOWN:
                address.compared = replace(found, known=found.known + count)
            case Seen.RECOVERED:
                recovered, together = found.recovered + count, found.recovered_amount + amount
                address.compared = replace(found, recovered=recovered, recovered_amount=together)
            case Seen.SETTLED:
                address.compared = replace(found, settled=found.settled + count)
            case Seen.WAITING:
                address.compared = replace(found, waiting=found.waiting + count)
            case Seen.UNKNOWN:
                address.compared = replace(found, other=found.other + count)

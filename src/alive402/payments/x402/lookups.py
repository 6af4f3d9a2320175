"""Looks payments up on chain, which decides whether their money moved."""

from __future__ import annotations

import asyncio

from x402.schemas import SettleResponse

from alive402.payments.core import FacilitatorUnavailable, Money, SettlementRefused, SettlementUnknown
from alive402.payments.x402.options import PaymentOptions
from alive402.payments.x402.schemes import SpentElsewhere, Transfer
from alive402.payments.x402.signed_payment import Settled, SignedPayment, receipt_of

LOOKUP_SECONDS = 15.0
UNDECIDED = "undecided"
"""The reason of an unknown settlement whose node answers, but does not show whether this payment moved its money."""


class ChainLookups:
    """Look-ups in the chains of all payment options."""

    def __init__(self, options: PaymentOptions) -> None:
        self._options = options

    async def find(self, money: Money, seconds: float = LOOKUP_SECONDS) -> Settled | None:
        """The settlement of this payment on chain, or None; the node has so many `seconds`.

        Raises:
            SettlementRefused: the payment was used for something else, and can never move this money.
            SettlementUnknown: the node cannot be asked now, or the chain does not decide it (`UNDECIDED`).
        """
        option = self._options.of(money)
        try:
            async with asyncio.timeout(seconds):
                seen = await option.chain.find_transfer(money)
        except SpentElsewhere as error:
            raise SettlementRefused(reason="spent_elsewhere") from error
        except LookupError as error:
            raise SettlementUnknown(reason=UNDECIDED) from error
        except Exception as error:
            raise SettlementUnknown(reason="chain_silent") from error
        if seen is None:
            return None
        payer = option.scheme.shown(money.payer)
        answer = SettleResponse(success=True, transaction=seen.transaction, network=money.network, payer=payer)
        return Settled(seen.transaction, receipt_of(answer, money))

    async def found(self, signed: SignedPayment) -> Settled:
        """The settlement of a payment that the chain has shown before; raises `SettlementUnknown` like `find`."""
        found = await self.find(signed.money)
        if found is None:
            raise SettlementUnknown(reason=UNDECIDED)
        return found

    def lost_above(self, signed: SignedPayment) -> int | None:
        """The block above which the ledger may not know a payment's transfer; None: it knows all of them."""
        return self._options.of(signed.money, signed.requirements).lost_above

    async def moved_before(self, signed: SignedPayment, *, known: bool, lost_above: int | None) -> Transfer | None:
        """The transfer of a payment that the ledger has no answer for, by this very signature; None when there is none.

        `known`: the ledger has the payment. One that it does not have counts only above `lost_above`: otherwise it
        bought something from another service of the same receiver.

        Raises:
            FacilitatorUnavailable: the node cannot be asked now, so a refusal might make the buyer pay twice.
        """
        option = self._options.of(signed.money, signed.requirements)
        if not (known or lost_above is not None):
            return None
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                found = await option.chain.find_transfer(signed.money, less=signed.settles_less)
                if found is None or not await option.chain.carries(found.transaction, signed.payload):
                    return None
        except SpentElsewhere:
            return None
        except Exception as error:
            raise FacilitatorUnavailable from error
        return found if known or (lost_above is not None and found.height > lost_above) else None

    async def is_over(self, money: Money) -> bool:
        """Whether the payment has expired by the chain's clock; ours may be wrong.

        Raises:
            SettlementUnknown: the node cannot be asked now.
        """
        chain = self._options.of(money).chain
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                return await chain.is_over(money)
        except Exception as error:
            raise SettlementUnknown(reason="chain_silent") from error

"""How the ledger stands to the chain: whether it was compared, and which recovered payments wait for their buyers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from alive402.payments.ledger import Ledger
from alive402.payments.x402 import Standing, Sweep


class ChainStanding:
    """The state of the chain sweep with the figures of the ledger. `sweep` is None when the chain is not read."""

    def __init__(self, ledger: Ledger, sweep: Sweep | None) -> None:
        self._ledger = ledger
        self._sweep = sweep

    @property
    def standing(self) -> Standing:
        """How far the ledger is compared with the chain."""
        return self._sweep.standing if self._sweep is not None else Standing.OFF

    async def to_dict(self) -> dict[str, Any]:
        """`{standing, recovered, recoveredAmount}` for JSON; the figures are None when the ledger does not answer.

        `recovered` payments moved their money and have no answer yet; `recoveredAmount` is their sum in atomic units.
        """
        try:
            async with self._ledger.statements() as statements:
                count, amount = await statements.waiting_for_buyers()
        except SQLAlchemyError:
            return {"standing": str(self.standing), "recovered": None, "recoveredAmount": None}
        return {"standing": str(self.standing), "recovered": count, "recoveredAmount": str(amount)}

"""What pays for a call, seen from the call: one small interface, whichever way the money came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from alive402.payments.service import Answered, Use
from alive402.payments.tokens import TokenOffer
from alive402.payments.verdicts import Verdicts


@dataclass(frozen=True, slots=True)
class KeyAccount:
    """An API key that is good for the call: its id, and whether its calls come off a balance or are free."""

    id: str
    prepaid: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """What a caller brought to pay with, as it came; any door fills it in.

    `signature` is the value of x402's header, `account` an API key that the door itself has verified. `address` is
    where the call came from, None when that is not known. `idempotency_key` is for an API key; a token has its own.
    """

    signature: str | None = None
    token: TokenOffer | None = None
    api_key: str | None = None
    address: str | None = None
    account: KeyAccount | None = None
    idempotency_key: str | None = None


class Holding(Protocol):
    """Money that is held for one call: in the end it is given back, or it settles."""

    @property
    def request_id(self) -> str:
        """The id that the answer bears: the one under which it was first made."""
        ...

    @property
    def result(self) -> dict[str, Any] | None:
        """The stored answer, when the work was done before and only the money is left."""
        ...

    async def give_back(self, why: str) -> None:
        """The call failed: the money is free for another one."""
        ...

    async def settle(self, result: dict[str, Any], verdicts: Verdicts) -> Answered:
        """Keep the answer, then take the money for it: the answer with its signed verdict, and the receipt.

        The verdict is stored with the step by which the answer becomes the caller's. The receipt is JSON-ready, and
        empty when there is none.

        Raises:
            PaymentInUse: this call took too long, and another one holds the money now.
            SettlementRefused: the money did not move.
            SettlementUnknown: nobody knows yet.
        """
        ...


class Purse(Protocol):
    """One caller's means to pay."""

    async def identify(self) -> None:
        """Find out who pays: `payer`, `turn` and `keeps_answers` are right from then on. `recall` does so too.

        Raises:
            PaymentError: it cannot pay for anything.
        """
        ...

    @property
    def payer(self) -> str | None:
        """Who pays, as failures are counted; None for the operator's own, whose failures are not."""
        ...

    @property
    def turn(self) -> str:
        """Whose turn it is when calls wait: as `payer`, and the key for the operator's own."""
        ...

    @property
    def settles_each_call(self) -> bool:
        """Whether money moves for this very call, so that its caller is shown the receipt."""
        ...

    async def afford(self, use: Use) -> str:
        """Whose it is, once it is sure that it could pay for a call now; nothing is held, and nothing is written.

        Raises:
            PaymentError: it could not.
        """
        ...

    @property
    def keeps_answers(self) -> bool:
        """Whether an answer that it paid for is stored, so that it can be shown again."""
        ...

    async def recall(self, use: Use) -> Answered | Holding | None:
        """What was bought with it for this very request already; None when the work is still to be done.

        Costs nothing and asks nobody outside, so it comes before any limit.

        Raises:
            PaymentError: it cannot pay for this request.
        """
        ...

    async def reserve(self, use: Use) -> Answered | Holding:
        """Hold the price of one call.

        Raises:
            PaymentError: it cannot pay for this request.
        """
        ...

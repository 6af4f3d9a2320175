"""What pays for a call, seen from the call: one small interface, whichever way the money came."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from alive402.payments.core.values import Answered, Use


class IssuedAnswer(Protocol):
    """An answer whose signed verdict is made and not stored yet."""

    @property
    def answered(self) -> Answered:
        """The answer, without the verdict."""
        ...

    async def keep(self, session: AsyncSession) -> Answered:
        """Store the verdict within the caller's transaction; the answer that bears it."""
        ...


class AnswerSigner(Protocol):
    """Signs answers. `alive402.receipts` has it."""

    def issue(self, answered: Answered) -> IssuedAnswer:
        """Sign an answer; it counts once it is kept."""
        ...


class FailureLimits(Protocol):
    """Limits of calls that fail free of charge. `alive402.calls.rate_limits` has them."""

    async def admit(self, payer: str | None, address: str | None) -> None:
        """Check that too many calls of this payer, or from this address, did not fail.

        Raises:
            TooManyFailures: `retry_after` says when the next call may be tried.
        """
        ...

    def forgeries_counted(self, address: str | None) -> AbstractAsyncContextManager[None]:
        """Count a forged payment in the block as a failure of the address."""
        ...


class Hold(Protocol):
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

    async def settle(self, result: dict[str, Any], signer: AnswerSigner) -> Answered:
        """Keep the answer, then take the money for it: the answer with its signed verdict, and the receipt.

        The verdict is stored with the step by which the answer becomes the caller's. The receipt is JSON-ready, and
        empty when there is none.

        Raises:
            PaymentInUse: this call took too long, and another one holds the money now.
            SettlementRefused: the money did not move.
            SettlementUnknown: nobody knows yet.
        """
        ...


class PaymentMethod(Protocol):
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

    async def recall(self, use: Use) -> Answered | Hold | None:
        """What was bought with it for this very request already; None when the work is still to be done.

        Costs nothing and asks nobody outside, so it comes before any limit.

        Raises:
            PaymentError: it cannot pay for this request.
        """
        ...

    async def reserve(self, use: Use) -> Answered | Hold:
        """Hold the price of one call.

        Raises:
            PaymentError: it cannot pay for this request.
        """
        ...

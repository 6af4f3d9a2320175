"""Protocols of a payment method, as a call uses it, for every way to pay."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from alive402.payments.core.values import Answered, Use


class IssuedAnswer(Protocol):
    """An answer with a signed verdict that is not stored yet."""

    @property
    def answered(self) -> Answered:
        """The answer, without the verdict."""
        ...

    async def keep(self, session: AsyncSession) -> Answered:
        """Store the verdict within the caller's transaction; returns the answer with it."""
        ...


class AnswerSigner(Protocol):
    """Signs answers. Implemented in `alive402.receipts`."""

    def issue(self, answered: Answered) -> IssuedAnswer:
        """Sign an answer; the verdict is valid once stored."""
        ...


class FailureLimits(Protocol):
    """Limits of calls that fail free of charge. `alive402.calls.rate_limits` has them."""

    def guarded(self, payer: str | None, address: str | None) -> AbstractAsyncContextManager[None]:
        """Let the block verify a payment; a forged one counts as a failure of the address.

        Raises:
            TooManyFailures: too many calls of this payer, or from this address, failed.
        """
        ...


class Hold(Protocol):
    """Money reserved for one call: in the end it is released or settled."""

    @property
    def request_id(self) -> str:
        """The id that the answer bears: that of the request that first produced it."""
        ...

    @property
    def result(self) -> dict[str, Any] | None:
        """The stored answer, when the work was done before and only the settlement is left."""
        ...

    async def confirm(self, waited: float) -> None:
        """Check right before the work, `waited` seconds after the call arrived, that the money can still be settled.

        Raises:
            PaymentError: it cannot any more.
        """
        ...

    async def give_back(self, why: str) -> None:
        """Release the money, because the call failed."""
        ...

    async def settle(self, result: dict[str, Any], signer: AnswerSigner) -> Answered:
        """Store the answer, then settle; returns the answer with its signed verdict and the receipt.

        The verdict is stored in the transaction that records the settlement. The receipt is ready for JSON, and empty
        when there is none.

        Raises:
            PaymentInUse: the lease expired and another call holds the money now.
            SettlementRefused: the money did not move.
            SettlementUnknown: it is not known yet whether the money moved.
        """
        ...


class PaymentMethod(Protocol):
    """One caller's way to pay for a call."""

    async def identify(self) -> None:
        """Look up the payer: `payer`, `turn` and `keeps_answers` are valid afterwards. `recall` does the same.

        Raises:
            PaymentError: it cannot pay for anything.
        """
        ...

    @property
    def payer(self) -> str | None:
        """The payer for which failures are counted; None for the operator's own key, which is not limited."""
        ...

    @property
    def turn(self) -> str:
        """The name for sharing queue slots fairly: `payer`, or the key's id for the operator's own."""
        ...

    @property
    def settles_each_call(self) -> bool:
        """Whether money moves for this very call, so that its caller gets a receipt."""
        ...

    async def afford(self, use: Use) -> str:
        """Check that a call could be paid now and return its payer; nothing is reserved or written.

        Raises:
            PaymentError: it could not be paid.
        """
        ...

    @property
    def keeps_answers(self) -> bool:
        """Whether answers that it paid for are stored and can be shown again."""
        ...

    async def recall(self, use: Use) -> Answered | Hold | None:
        """The answer already bought for this request, or its unfinished hold; None when the work is still to be done.

        Free of charge and without remote calls, so it is exempt from every limit.

        Raises:
            PaymentError: it cannot pay for this request.
        """
        ...

    async def reserve(self, use: Use) -> Answered | Hold:
        """Reserve the price of one call.

        Raises:
            PaymentError: it cannot pay for this request.
        """
        ...

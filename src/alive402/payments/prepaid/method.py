"""Payment of a call by a prepaid token, alone or together with a signature."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from alive402.payments.core import Answered, PaymentConflict, PaymentInUse, TokenOffer, TokenRefused, Use
from alive402.payments.prepaid.tokens import TokenHold, Tokens, token_digest
from alive402.payments.x402 import X402Hold, X402Method


@dataclass(frozen=True, slots=True)
class TokenMethod:
    """Payment by prepaid token, whose money moved before."""

    tokens: Tokens
    offer: TokenOffer
    settles_each_call: bool = False
    keeps_answers: bool = True

    async def identify(self) -> None:
        """Do nothing: the token identifies its payment."""

    @property
    def payer(self) -> str:
        """`token` and the token's hash: failures are counted per token."""
        return f"token {token_digest(self.offer.token)}"

    @property
    def turn(self) -> str:
        """The same as `payer`."""
        return self.payer

    async def afford(self, use: Use) -> str:
        """Check that the token can pay for a call; no idempotency key applies, because there is no request yet."""
        await self.tokens.recall(replace(self.offer, idempotency_key=None), use)
        return self.payer

    async def recall(self, use: Use) -> Answered | None:
        """The answer that the token bought for this request, or None."""
        return await self.tokens.recall(self.offer, use)

    async def reserve(self, use: Use) -> Answered | TokenHold:
        """Reserve one call of the token."""
        return await self.tokens.take(self.offer, use)


@dataclass(slots=True)
class TokenOrSignature:
    """Payment by the token if it can pay, else by the signature that was sent with it.

    An x402 client whose token is refused signs the 402 and sends the same request again with both. `identify` and
    `recall` choose between them; `service_id` is the service that is called. `refused` learns why the token cannot pay.
    """

    token: TokenMethod
    signed: X402Method
    service_id: str
    refused: Callable[[TokenRefused], Awaitable[None]]
    keeps_answers: bool = True
    _chosen: TokenMethod | X402Method = field(init=False)

    def __post_init__(self) -> None:
        self._chosen = self.token

    async def identify(self) -> None:
        """Choose the token if it can pay for a call."""
        try:
            await self.token.afford(Use(self.service_id, "", ""))
        except TokenRefused as error:
            await self.refused(error)
            self._chosen = self.signed

    @property
    def payer(self) -> str:
        """The payer of the one that is chosen."""
        return self._chosen.payer

    @property
    def turn(self) -> str:
        """The same as `payer`."""
        return self._chosen.turn

    @property
    def settles_each_call(self) -> bool:
        """Whether the signature pays."""
        return self._chosen.settles_each_call

    async def afford(self, use: Use) -> str:
        """Check that the one that is chosen can pay for a call."""
        return await self._chosen.afford(use)

    async def recall(self, use: Use) -> Answered | X402Hold | None:
        """The answer that either of them bought for this request, or None.

        The signature is asked first: a repeated request must not use a call of a token that was paid meanwhile.
        """
        taken: PaymentConflict | None = None
        try:
            found = await self.signed.recall(use)
        except PaymentInUse:
            raise
        except PaymentConflict as error:
            found, taken = None, error
        if found is not None:
            self._chosen = self.signed
            return found
        try:
            return await self.token.recall(use)
        except TokenRefused as error:
            await self.refused(error)
            if taken is not None:
                raise taken from None
            self._chosen = self.signed
            return None

    async def reserve(self, use: Use) -> Answered | TokenHold | X402Hold:
        """Reserve the price with the one that is chosen."""
        return await self._chosen.reserve(use)

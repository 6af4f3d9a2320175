"""Identifiers that buyers give their payments and requests, and the payments that they name."""

from __future__ import annotations

import hashlib

from alive402.payments.core import (
    Answered,
    KeyReused,
    Money,
    PaymentIdentifierTaken,
    PaymentInUse,
    Use,
)
from alive402.payments.ledger.repository import PaymentRepository, answered
from alive402.payments.ledger.states import PAID, State


class Identifiers:
    """Binds payment identifiers and Idempotency-Keys to payments, within the caller's transaction."""

    def __init__(self, repository: PaymentRepository) -> None:
        self._payments = repository

    async def bind(self, service_id: str, identifier: str, money: Money) -> None:
        """Bind an identifier to one payment, exactly as signed; an unpaid payment leaves its identifier free."""
        named = await self._payments.named(service_id, identifier)
        if named is None or State(named.state) in (State.RELEASED, State.EXPIRED):
            return
        if (named.payer, named.nonce, named.proof) != (money.payer, money.nonce, money.proof):
            raise PaymentIdentifierTaken

    async def earlier(self, money: Money, use: Use) -> Answered | None:
        """The answer that another payment of this payer bought under the same Idempotency-Key, or None.

        Raises:
            KeyReused: the key names another request.
            PaymentInUse: the other payment is at work, or may still move its money.
            AnswerGone: the answer has been erased.
        """
        if use.repeat_key is None:
            return None
        named = await self._payments.named(use.service_id, _named_by_key(money.payer, use.repeat_key))
        if named is None or State(named.state) in (State.RELEASED, State.EXPIRED):
            return None
        if (named.network, named.asset, named.payer, named.nonce) == (
            money.network,
            money.asset,
            money.payer,
            money.nonce,
        ):
            return None
        if named.request_hash != use.request_hash:
            raise KeyReused
        if State(named.state) not in PAID:
            raise PaymentInUse(
                "Another payment under this Idempotency-Key is at work or may still settle. Wait, or send it again."
            )
        return answered(named)

    async def name(self, payment_id: str, use: Use, payer: str) -> None:
        """Bind the buyer's identifier and Idempotency-Key to this payment; another call may have bound them since."""
        if use.identifier is not None and not await self._payments.name(use.service_id, use.identifier, payment_id):
            raise PaymentIdentifierTaken
        if use.repeat_key is not None:
            key = _named_by_key(payer, use.repeat_key)
            if not await self._payments.name(use.service_id, key, payment_id):
                raise PaymentInUse


def _named_by_key(payer: str, repeat_key: str) -> str:
    """The identifier that stands for a payer's Idempotency-Key; a buyer's own identifiers have no colon."""
    return f"key:{hashlib.sha256(f'{payer} {repeat_key}'.encode()).hexdigest()}"

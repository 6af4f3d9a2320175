"""Erases a stored answer at the request of its buyer, who presents the payment, or of the operator."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from alive402.calls.jobs import store
from alive402.challenges import erase_challenge
from alive402.errors import CodedError
from alive402.payments.core import ApiKeyForbidden, Offer, PaymentInUse, SettlementUnknown
from alive402.payments.keys import Keys, Scope
from alive402.payments.ledger import HELD, MAY_HAVE_MOVED, Ledger, Payment
from alive402.payments.prepaid import PrepaidUse, Prepayment, UseState, token_digest
from alive402.receipts import SignedVerdict

log = structlog.get_logger(__name__)


class CallUnknown(CodedError):
    """No call has this id, or another payment bought it; the error hides which, so it reveals nothing to others."""

    code = "call_unknown"
    status = 404
    default = "This payment bought no call with this id. Send the payment that did, and the answer's requestId."


class ProofMissing(CodedError):
    """The request carries no payment."""

    code = "proof_missing"
    status = 401
    default = "Send the call's payment: its PAYMENT-SIGNATURE or X-PAYMENT header, its X-Payment-Token, or its key."


@dataclass(frozen=True, slots=True)
class Erasure:
    """Erases the answer to one request: the stored result, its job, its challenge, its verdict. Ledger rows stay."""

    ledger: Ledger
    keys: Keys

    async def erase(self, request_id: str, offer: Offer, proof: str | None) -> None:
        """Erase the answer that `offer` bought; repeating it changes nothing. `proof` is that of its signature, if any.

        Raises:
            ProofMissing: the offer is empty.
            CallUnknown: the offer bought no such answer.
            ApiKeyRefused, ApiKeyForbidden: the key is not valid here.
            PaymentInUse: the call is still running.
            SettlementUnknown: it is not known yet whether the money moved; until then the buyer may need the answer.
        """
        key, everything = None, False
        if offer.token is None and proof is None:
            if not offer.api_key:
                raise ProofMissing
            try:
                await self.keys.check(offer.api_key, Scope.OPS)
                everything = True
            except ApiKeyForbidden:
                key = await self.keys.account(offer.api_key, Scope.CALL)
        if "\0" in request_id:  # PostgreSQL cannot store NUL in text
            raise CallUnknown
        async with self.ledger.session() as session:
            payment = await _payment(session, request_id)
            use = await _use(session, request_id)
            if payment is not None and (everything or payment.proof == proof):
                await _erase_payment(session, payment)
            elif use is not None and (everything or _bought(offer, key.id if key else None, *use)):
                await _erase_use(session, use[0])
            elif payment is not None or use is not None or not (everything or (key is not None and not key.prepaid)):
                raise CallUnknown
            await store.erase(session, request_id)
            await erase_challenge(session, request_id)
            verdict = delete(SignedVerdict).where(SignedVerdict.request_id == request_id)
            gone = (await session.execute(verdict.returning(SignedVerdict.request_id))).all()
            if payment is None and use is None and not gone:
                raise CallUnknown
        log.info("answer erased", request_id=request_id, by="operator" if everything else "buyer")


async def _payment(session: AsyncSession, request_id: str) -> Payment | None:
    """The payment of a single call; a prepaid payment has no answer of its own."""
    query = (
        select(Payment)
        .outerjoin(Prepayment, Prepayment.ledger_id == Payment.id)
        .where(Payment.request_id == request_id, Prepayment.id.is_(None))
        .with_for_update(of=Payment)
    )
    return (await session.scalars(query)).first()


async def _use(session: AsyncSession, request_id: str) -> tuple[PrepaidUse, Prepayment] | None:
    query = (
        select(PrepaidUse, Prepayment)
        .join(Prepayment, Prepayment.id == PrepaidUse.prepayment_id)
        .where(PrepaidUse.request_id == request_id)
        .order_by(PrepaidUse.created_at.desc())
    )
    found = (await session.execute(query)).first()
    return (found[0], found[1]) if found is not None else None


def _bought(offer: Offer, key_id: str | None, use: PrepaidUse, prepayment: Prepayment) -> bool:
    """Whether the offer's token (with its client secret, if any) or its key paid for this use."""
    if key_id is not None:
        return prepayment.api_key_id == key_id
    if offer.token is None or prepayment.token_hash != token_digest(offer.token.token):
        return False
    return prepayment.client_hash in (None, token_digest(offer.token.client_secret or ""))


async def _erase_payment(session: AsyncSession, payment: Payment) -> None:
    if payment.state in HELD:
        raise PaymentInUse
    if payment.state in MAY_HAVE_MOVED:
        raise SettlementUnknown(reason="not_settled_yet")
    await session.execute(update(Payment).where(Payment.id == payment.id).values(result=None))


async def _erase_use(session: AsyncSession, use: PrepaidUse) -> None:
    if use.state == UseState.HELD:
        raise PaymentInUse
    await session.execute(update(PrepaidUse).where(PrepaidUse.id == use.id).values(result=None))

"""Prepaid payments: created with a token that is shown once, and paid by one x402 authorization.

    pending ──> paid ──> exhausted      its calls are used
       │          ├────> expired        its validity is over
       v          └────> refunded       the operator refunded it
    expired

The ledger, which holds the authorization, decides whether it is paid. So a payment also counts as paid when its process
died or the reconciler found its settlement on chain. The signer of the authorization may replace the token.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from alive402.payments.core import (
    AlreadyPaid,
    Answered,
    FailureLimits,
    Hold,
    NoSuchPayment,
    Offer,
    PaymentExpired,
    PaymentInUse,
    PaymentRequired,
    TokenMismatch,
    Use,
    purchase,
)
from alive402.payments.ledger import HELD, MAY_HAVE_MOVED, PAID, Ledger, State, is_held
from alive402.payments.prepaid.models import Prepayment
from alive402.payments.prepaid.repository import PrepaidRepository
from alive402.payments.prepaid.tokens import Tokens, token_digest
from alive402.payments.x402 import SETTLE_SECONDS, VERIFY_SECONDS, PaymentGate, Resource, X402Hold, X402Method
from alive402.storage import Clock, utc_now

_ID = re.compile("[0-9a-f]{32}")
# Anyone may create a payment; an unpaid one is shown as expired for a day, then deleted.
FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PrepaidTerms:
    """Terms of prepaid payments: `price` is one call's in atomic units."""

    service_id: str
    price: int
    pending_seconds: float


@dataclass(frozen=True, slots=True)
class Prepaid:
    """A prepayment as shown to anyone who knows its id. `amount` in atomic units, for all its calls."""

    id: str
    service_id: str
    client_id: str
    amount: int
    max_calls: int
    remaining: int
    status: str
    expires_at: datetime
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class Paid:
    """The result of paying: a new token where one was asked for, and the x402 SettleResponse as the receipt."""

    prepaid: Prepaid
    token: str | None
    receipt: dict[str, Any]


class Prepayments:
    """Creates, shows and settles prepaid payments."""

    def __init__(
        self,
        ledger: Ledger,
        gate: PaymentGate,
        tokens: Tokens,
        failures: FailureLimits,
        terms: PrepaidTerms,
        now: Clock = utc_now,
    ) -> None:
        self._ledger = ledger
        self._gate = gate
        self._tokens = tokens
        self._failures = failures
        self._terms = terms
        self._now = now

    async def create(self, max_calls: int, client_secret: str | None) -> tuple[Prepaid, str]:
        """Create a payment for `max_calls` answers, to be paid soon; returns it and its token, never shown again.

        With a `client_secret` its token is valid only together with that secret; the client's id is derived from it.
        """
        now, token = self._now(), _new_token()
        client = _client(client_secret)
        row = Prepayment(
            id=uuid4().hex,
            service_id=self._terms.service_id,
            client_id=f"client_{client[:24]}",
            client_hash=token_digest(client_secret) if client_secret else None,
            amount=max_calls * self._terms.price,
            max_calls=max_calls,
            remaining=0,
            token_hash=token_digest(token),
            created_at=now,
            expires_at=now + timedelta(seconds=self._terms.pending_seconds),
        )
        async with self._ledger.session() as session:
            prepaid = PrepaidRepository(session)
            await prepaid.forget_unpaid(now - FORGOTTEN_AFTER)
            await prepaid.add(row)
        return _view(row, "pending"), token

    async def find(self, prepayment_id: str) -> Prepaid:
        """The current state of a payment.

        Raises:
            NoSuchPayment: there is none.
        """
        async with self._ledger.session() as session:
            prepaid = PrepaidRepository(session)
            return await self._show(prepaid, await self._find(prepaid, prepayment_id))

    async def reopen(
        self, prepayment_id: str, offer: Offer, resource: Resource, client_secret: str | None, most: int
    ) -> Prepaid | None:
        """Create a payment again that the ledger has lost, for the signature that has paid it; None for any other.

        The chain shows what was paid, and so for how many calls, `most` at most. `pay` with the same offer gives its
        new token, which is bound to the client secret.

        Raises:
            PaymentMalformed: the signature cannot be read.
            FacilitatorUnavailable: the node cannot be asked now.
        """
        if not offer.signature or not _ID.fullmatch(prepayment_id):
            return None
        calls, rest = divmod(self._gate.read(offer.signature).money.amount, self._terms.price)
        if rest or not 1 <= calls <= most:
            return None
        gate = self.gate(calls)
        method = X402Method(self._ledger, gate, gate.read(offer.signature), resource, 0)
        if await method.moved_before() is None:
            return None
        now, client = self._now(), _client(client_secret)
        row = Prepayment(
            id=prepayment_id,
            service_id=self._terms.service_id,
            client_id=f"client_{client[:24]}",
            client_hash=token_digest(client_secret) if client_secret else None,
            amount=calls * self._terms.price,
            max_calls=calls,
            remaining=0,
            created_at=now,
            expires_at=now + timedelta(seconds=self._terms.pending_seconds),
        )
        async with self._ledger.session() as session:
            prepaid = PrepaidRepository(session)
            if await prepaid.by_id(prepayment_id) is None:
                await prepaid.add(row)
        return await self.find(prepayment_id)

    def gate(self, max_calls: int) -> PaymentGate:
        """The gate that asks for the price of so many calls."""
        return self._gate.times(max_calls)

    async def pay(
        self,
        prepayment_id: str,
        offer: Offer,
        resource: Resource,
        request_id: str,
        *,
        client_secret: str | None = None,
        new_token: bool = False,
        api_key_id: str | None = None,
    ) -> Paid:
        """Settle an authorization for the whole amount.

        The same authorization may be sent again: the money moves once. With `new_token` it gets a new token and the one
        before becomes invalid, for a buyer who lost it or does not share it. With `api_key_id` it credits that key, and
        the token becomes invalid; one authorization credits one key.

        Raises:
            NoSuchPayment, PaymentExpired: there is nothing to pay, or no longer.
            PaymentRequired: the payment is missing or invalid.
            PaymentInUse, AlreadyPaid, SettlementUnknown, TooManyFailures: as their classes say.
        """
        async with self._ledger.session() as session:
            row = await self._find(PrepaidRepository(session), prepayment_id)
            prepaid = await self._show(PrepaidRepository(session), row)
        if row.client_hash is not None and row.client_hash != token_digest(client_secret or ""):
            raise TokenMismatch(reason="client")
        if not offer.signature:
            if prepaid.paid_at is None:
                raise PaymentExpired if self._is_over(prepaid) else PaymentRequired
            return Paid(prepaid, None, {})
        gate = self.gate(prepaid.max_calls)
        method = X402Method(self._ledger, gate, gate.read(offer.signature), resource, VERIFY_SECONDS + SETTLE_SECONDS)
        filling = f" for {api_key_id}" if api_key_id else ""
        bound = hashlib.sha256(f"prepayment {prepayment_id}{filling}".encode()).hexdigest()
        use = Use(prepaid.service_id, bound, request_id)
        held: Answered | Hold | None = await method.recall(use)
        if held is None:
            if prepaid.paid_at is not None:
                raise AlreadyPaid
            async with self._failures.guarded(method.payer, offer.address):
                if self._is_over(prepaid) and await method.moved_before() is None:
                    raise PaymentExpired
                held = await method.reserve(use)
        # From here on money may move: it must not stop half way when the caller disconnects.
        return await asyncio.shield(self._finish(prepayment_id, held, new_token, api_key_id))

    def _is_over(self, prepaid: Prepaid) -> bool:
        """Whether an unpaid payment can be paid no longer: its time is over, or the price has changed."""
        return prepaid.status != "pending" or prepaid.amount != prepaid.max_calls * self._terms.price

    async def _finish(self, prepayment_id: str, held: Answered | Hold, new_token: bool, api_key_id: str | None) -> Paid:
        if isinstance(held, Answered):
            receipt = held.receipt
        else:
            assert isinstance(held, X402Hold)
            await self._bind(prepayment_id, held, api_key_id)
            receipt = await held.buy(purchase(prepayment_id))
        async with self._ledger.session() as session:
            prepaid = PrepaidRepository(session)
            row = await self._find(prepaid, prepayment_id)
            shown, token = await self._show(prepaid, row), None
            good = shown.status not in ("pending", "refunded") and row.api_key_id is None
            # A payment that an earlier version created has no token yet.
            if good and (row.token_hash is None or new_token):
                token = _new_token()
                await prepaid.change(row.id, {"token_hash": token_digest(token)})
        return Paid(shown, token, receipt)

    async def _bind(self, prepayment_id: str, held: X402Hold, api_key_id: str | None) -> None:
        """Bind one authorization and its key or token before the money moves, because two of them would pay twice."""
        mine = held.claim.payment_id
        try:
            async with self._ledger.session() as session:
                prepaid = PrepaidRepository(session)
                row = await self._find(prepaid, prepayment_id)
                if row.ledger_id not in (None, mine):
                    assert row.ledger_id is not None
                    other = await prepaid.payment(row.ledger_id)
                    assert other is not None
                    if other.state in PAID + MAY_HAVE_MOVED:
                        raise AlreadyPaid
                    lease = timedelta(seconds=self._ledger.lease_seconds)
                    if other.state in HELD and is_held(other.lease_until, self._now(), lease):
                        raise PaymentInUse
                await prepaid.change(prepayment_id, {"ledger_id": mine, "api_key_id": api_key_id})
        except BaseException:
            await held.give_back("another authorization pays")
            raise

    async def _find(self, prepaid: PrepaidRepository, prepayment_id: str) -> Prepayment:
        row = await prepaid.by_id(prepayment_id) if _ID.fullmatch(prepayment_id) else None
        if row is None:
            raise NoSuchPayment
        return row

    async def _show(self, prepaid: PrepaidRepository, row: Prepayment) -> Prepaid:
        """The current state, after recording its payment and returning the uses of dead processes."""
        row, payment = await self._tokens.refreshed(prepaid, row)
        if payment is not None and payment.state == State.REFUNDED:
            return _view(row, "refunded")
        if row.expires_at <= self._now():
            return _view(row, "expired")
        if row.paid_at is None:
            return _view(row, "pending")
        used_up = row.remaining == 0 and not await prepaid.held(row.id)
        return _view(row, "exhausted" if used_up else "paid")


def _client(secret: str | None) -> str:
    """What the id of a client is made of: its secret, or chance."""
    return token_digest(f"alive402 client {secret}") if secret else secrets.token_hex(32)


def _new_token() -> str:
    return f"pt_{secrets.token_urlsafe(32)}"


def _view(row: Prepayment, status: str) -> Prepaid:
    return Prepaid(
        id=row.id,
        service_id=row.service_id,
        client_id=row.client_id,
        amount=row.amount,
        max_calls=row.max_calls,
        remaining=row.remaining,
        status=status,
        expires_at=row.expires_at,
        paid_at=row.paid_at,
    )

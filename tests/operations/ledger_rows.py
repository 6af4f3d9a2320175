"""Inserts old rows directly into a ledger, for tests of queries and retention."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from uuid import uuid4

from alive402.payments.keys import ApiKey
from alive402.payments.ledger import Payment, PaymentEvent, State
from alive402.payments.prepaid import PrepaidUse, Prepayment, UseState
from alive402.receipts import SignedVerdict

# A prepayment may fill a key, so the table of keys has to be known.
assert ApiKey
SERVICE = "video-face-liveness-detection"
ANSWER = json.dumps({"Action": "DetectVideoLivingFace", "Elements": [], "Liveness": {"verdict": "live"}})


def payment(state: State, at: datetime, **values: object) -> Payment:
    """A payment of 200000 atomic units that last changed at that moment; an answer unless given otherwise."""
    given = {
        "id": uuid4().hex, "service_id": SERVICE, "network": "eip155:84532", "asset": "0x" + "a" * 40,
        "payer": "0x" + "b" * 40, "nonce": "0x" + uuid4().hex * 2, "pay_to": "0x" + "c" * 40, "amount": 200_000,
        "valid_before": int(at.timestamp()) + 600, "proof": uuid4().hex * 2, "state": str(state),
        "request_id": uuid4().hex, "request_hash": "d" * 64, "result": ANSWER, "created_at": at, "updated_at": at,
    }  # fmt: skip
    return Payment(**{**given, **values})


def event(of: Payment, state: State, at: datetime) -> PaymentEvent:
    """One step of its history."""
    return PaymentEvent(payment_id=of.id, at=at, state=str(state), request_id=of.request_id, detail="")


def verdict(request_id: str | None, at: datetime) -> SignedVerdict:
    """The signed verdict of an answer."""
    return SignedVerdict(request_id=request_id, kid="k", jws="a.b.c", issued_at=at)


def prepayment(at: datetime, good_for: timedelta, **values: object) -> Prepayment:
    """Ten calls for USD 2, three of them used, paid at that moment."""
    given = {
        "id": uuid4().hex, "service_id": SERVICE, "client_id": "client_1", "amount": 2_000_000, "max_calls": 10,
        "remaining": 7, "created_at": at, "paid_at": at, "expires_at": at + good_for,
    }  # fmt: skip
    return Prepayment(**{**given, **values})


def use(of: Prepayment, at: datetime) -> PrepaidUse:
    """An answered call of a prepayment at that moment."""
    return PrepaidUse(
        id=uuid4().hex, prepayment_id=of.id, state=str(UseState.SPENT), lease_until=at, request_id=uuid4().hex,
        request_hash="d" * 64, result=ANSWER, detail="", created_at=at, ended_at=at,
    )  # fmt: skip

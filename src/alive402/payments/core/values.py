"""Values of a payment: money, what it is used for, who holds it, and what a caller offers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Money:
    """One signed authorization. Addresses and nonce are lower-case hex; `valid_before` is in unix seconds.

    `amount` is in atomic units. `proof` is the sha256 of what was signed together with the signature: only who holds
    both may fetch a stored answer.
    """

    network: str
    asset: str
    payer: str
    nonce: str
    pay_to: str
    amount: int
    valid_before: int
    proof: str


@dataclass(frozen=True, slots=True)
class Use:
    """What a payment is to be used for: the service, the sha256 of the request, and the buyer's name for it or None."""

    service_id: str
    request_hash: str
    request_id: str
    identifier: str | None = None


class Stage(StrEnum):
    """What is left to do for whoever holds a claim."""

    EXECUTE = "execute"
    SETTLE = "settle"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Claim:
    """This call owns the payment. `result` is the stored answer when the work is done already."""

    payment_id: str
    owner: str
    request_id: str
    stage: Stage
    result: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Answered:
    """The payment was used for this very request before: here is the answer, and the receipt of its settlement."""

    request_id: str
    result: dict[str, Any]
    receipt: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unverified:
    """Nothing stands in the way, and the facilitator has to be asked before the payment may be reserved."""


@dataclass(frozen=True, slots=True)
class TokenOffer:
    """A token as a caller sent it, with the secret of its client and the key of a request that may be repeated."""

    token: str
    client_secret: str | None = None
    idempotency_key: str | None = None


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


def purchase(prepayment_id: str) -> dict[str, Any]:
    """What an authorization that buys a token has in its row, where others have their answer."""
    return {"paymentId": prepayment_id}


def bought_by(result: str | None) -> str | None:
    """The prepayment that an authorization paid, by what is stored with it; None for one that bought an answer."""
    found = json.loads(result).get("paymentId") if result else None
    return str(found) if found else None

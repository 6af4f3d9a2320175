"""Values of a payment: money, its use, the claim on it, and what a caller offers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Money:
    """One signed payment. Addresses and nonce are in its scheme's spelling; `valid_before` is in unix seconds.

    `amount` is in atomic units. `proof` is the sha256 of the signed data together with the signature: only a caller who
    has both may fetch a stored answer.
    """

    network: str
    asset: str
    payer: str
    nonce: str
    pay_to: str
    amount: int
    valid_before: int
    proof: str


class AlsoUsed(Protocol):
    """What a call uses up together with its money: both are taken in one transaction, and both are spent in one."""

    async def take(self, session: AsyncSession, instead_of: str | None) -> None:
        """Take it for the call, within the transaction that reserves the money; what it raises undoes both.

        `instead_of` is the request id of a call whose process died and whose payment this call takes over.
        """
        ...

    async def spend(self, session: AsyncSession, result: dict[str, Any]) -> None:
        """Use it up, within the transaction that stores the answer; raises where another call has taken it since."""
        ...


@dataclass(frozen=True, slots=True)
class Use:
    """The use of a payment: the service and the sha256 of the request.

    `identifier` is the buyer's name of one signed payment. `repeat_key` (Idempotency-Key) is the payer's name of one
    request, whichever payment comes with it. `also` is what a new answer uses up besides the money.
    """

    service_id: str
    request_hash: str
    request_id: str
    identifier: str | None = None
    repeat_key: str | None = None
    also: AlsoUsed | None = None


class Stage(StrEnum):
    """The work that is left for the holder of a claim.

    execute: answer, then settle. settle: the answer is stored. resolve: ask the chain whether the money moved.
    answer: the money has moved already, and the answer is still to be made.
    """

    EXECUTE = "execute"
    SETTLE = "settle"
    RESOLVE = "resolve"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Claim:
    """This call owns the payment. `result` is the stored answer when the work is already done.

    `amount` is the one that was signed, in atomic units; with a `result`, the one that the answer costs.
    """

    payment_id: str
    owner: str
    request_id: str
    stage: Stage
    result: dict[str, Any] | None
    amount: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer that the payment bought for this very request, and the receipt of its settlement."""

    request_id: str
    result: dict[str, Any]
    receipt: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unverified:
    """The payment is free, but the facilitator must verify it before it can be reserved."""


@dataclass(frozen=True, slots=True)
class TokenOffer:
    """A token as sent, with the client's secret and the idempotency key of the request."""

    token: str
    client_secret: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class KeyAccount:
    """A valid API key: its id, and whether its calls use a balance or are free."""

    id: str
    prepaid: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """The payment credentials of a request, as sent, from any API.

    `signature` is the x402 header's value; `account` is an API key whose signature the API has verified. `address` is
    the caller's, None when unknown. `idempotency_key` belongs to an API key; a token has its own.
    """

    signature: str | None = None
    token: TokenOffer | None = None
    api_key: str | None = None
    address: str | None = None
    account: KeyAccount | None = None
    idempotency_key: str | None = None


def purchase(prepayment_id: str) -> dict[str, Any]:
    """The `result` of an authorization that buys a token, stored in place of an answer."""
    return {"paymentId": prepayment_id}


def bought_by(result: str | None) -> str | None:
    """The prepayment that an authorization paid, from its stored `result`; None when it bought an answer."""
    found = json.loads(result).get("paymentId") if result else None
    return str(found) if found else None

"""Decodes a PAYMENT-SIGNATURE or X-PAYMENT header into money bound to one resource; the receipt of its settlement."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from x402.extensions.payment_identifier import extract_payment_identifier
from x402.http.utils import decode_payment_signature_header
from x402.schemas import PaymentPayload, PaymentRequirements, SettleResponse
from x402.schemas.v1 import PaymentPayloadV1

from alive402.payments.core import Money, PaymentMalformed, PaymentMismatch
from alive402.payments.x402.schemes import SCHEMES, Scheme

_NETWORK = re.compile(r"[a-z0-9-]{3,8}:[-_a-zA-Z0-9]{1,32}")
_IDENTIFIER = re.compile(r"[a-zA-Z0-9_-]{16,128}")


@dataclass(frozen=True, slots=True)
class Resource:
    """What is paid for: its URL as the buyer called it, the equivalent paths, and its description.

    `tool_name` is its MCP tool where it was called over MCP.
    """

    url: str
    paths: tuple[str, ...]
    description: str
    service_name: str
    tags: tuple[str, ...]
    input_schema: dict[str, Any]
    example_input: dict[str, Any]
    example_output: dict[str, Any]
    tool_name: str | None = None


@dataclass(frozen=True, slots=True)
class SignedPayment:
    """A decoded payment: its money, and the data that the facilitator needs.

    `requirements` are ours when it matches the current terms (`fits`). Otherwise they are those that the payment itself
    states, which is only good for a payment that matched once and is in the ledger. `identifier` is the buyer's own
    idempotency key, by x402's payment-identifier extension. `settles_less`: it may be settled for less than was signed.
    `bound` tells whether a payment by MPP answers a challenge of ours for a resource.
    """

    money: Money
    payload: PaymentPayload
    requirements: PaymentRequirements
    fits: bool
    identifier: str | None = None
    settles_less: bool = False
    bound: Callable[[Resource], bool] | None = None

    def share(self, share: Fraction) -> int:
        """A share of the signed amount, rounded up to atomic units; all of it where the scheme settles nothing less."""
        return math.ceil(self.money.amount * share) if self.settles_less else self.money.amount

    def settling(self, amount: int) -> SignedPayment:
        """The same payment with the amount that is settled."""
        if amount == self.money.amount:
            return self
        money, asked = replace(self.money, amount=amount), self.requirements.model_copy(update={"amount": str(amount)})
        return replace(self, money=money, requirements=asked)


@dataclass(frozen=True, slots=True)
class Settled:
    """A completed transfer. `receipt` is the x402 SettleResponse, ready for JSON."""

    transaction: str
    receipt: dict[str, Any]


def decode(header: str) -> PaymentPayload | PaymentPayloadV1:
    """Decode the payment in a PAYMENT-SIGNATURE or X-PAYMENT header.

    Raises:
        PaymentMalformed: it is not base64 of an x402 payment payload.
    """
    try:
        payload = decode_payment_signature_header(header)
    # The decoder raises anything that the input provokes: errors of base64, JSON, validation, recursion.
    except Exception as error:
        raise PaymentMalformed from error
    if payload.x402_version not in (1, 2):
        raise PaymentMalformed
    return payload


def identifier_of(payload: PaymentPayload) -> str | None:
    """The buyer's idempotency key, or None.

    The package's own validation is not used, because it runs a JSON Schema that the buyer sends, patterns included.

    Raises:
        PaymentMalformed: the identifier is not 16 to 128 letters, digits, hyphens and underscores.
    """
    given = extract_payment_identifier(payload, validate=False)
    if given is not None and not _IDENTIFIER.fullmatch(given):
        raise PaymentMalformed("The payment identifier must be 16 to 128 letters, digits, hyphens and underscores.")
    return given


def scheme_of_payment(payload: PaymentPayload) -> Scheme:
    """The scheme of a payload, which reads its money.

    Raises:
        PaymentMalformed: its network is no CAIP-2 id.
        PaymentMismatch: it is of an unknown scheme.
    """
    if not _NETWORK.fullmatch(payload.accepted.network):
        raise PaymentMalformed
    scheme = next((each for each in SCHEMES if each.handles(payload.accepted)), None)
    if scheme is None:
        raise PaymentMismatch(reason="terms")
    return scheme


def money_of(payload: PaymentPayload) -> Money:
    """The money of a payload, in the ledger's spelling. Raises like `scheme_of_payment`, and like `Scheme.money`."""
    return scheme_of_payment(payload).money(payload)


def same_resource(signed: str, resource: Resource) -> bool:
    """Whether two URLs are the same resource: aliases of one service are; another host, path or query is not."""
    bases = {resource.url.removesuffix(path) for path in resource.paths if resource.url.endswith(path)}
    return signed == resource.url or signed in {base + path for base in bases for path in resource.paths}


def receipt_of(answer: SettleResponse, money: Money) -> dict[str, Any]:
    """The SettleResponse with its amount, which facilitators may omit when it is the requested one."""
    said = answer.model_dump(by_alias=True, exclude_none=True)
    return {**said, "amount": answer.amount or str(money.amount)}

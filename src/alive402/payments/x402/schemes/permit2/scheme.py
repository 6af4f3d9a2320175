"""A signed transfer by Permit2, as both of its schemes read it."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from x402.mechanisms.evm.exact import ExactEvmServerScheme
from x402.schemas import PaymentPayload, PaymentRequirements, SupportedKind

from alive402.payments.core import Money, PaymentMalformed, PaymentMismatch
from alive402.payments.x402.schemes.base import NOTHING, ChainReader, Terms
from alive402.payments.x402.schemes.exact_evm import ASSET_TRANSFER_METHOD, ExactEvm
from alive402.payments.x402.schemes.permit2.chain import LONGEST_SECONDS, Permit2ChainReader

PERMIT2 = "permit2"
"""Permit2 as the value of `ASSET_TRANSFER_METHOD`."""

Shapes = Mapping[tuple[str, ...], re.Pattern[str]]
ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_UINT = re.compile(r"[0-9]{1,78}")
_SIGNATURE = re.compile(r"0x(?:[0-9a-fA-F]{2}){1,2048}")
# The fields that are signed in each scheme, by their place in the payload.
_SIGNED: Shapes = {
    ("from",): ADDRESS,
    ("spender",): ADDRESS,
    ("nonce",): _UINT,
    ("deadline",): _UINT,
    ("permitted", "token"): ADDRESS,
    ("permitted", "amount"): _UINT,
    ("witness", "to"): ADDRESS,
    ("witness", "validAfter"): _UINT,
}
_WORD_END = 2**256


class Permit2(ExactEvm):
    """A payment by Permit2: networks, tokens and addresses are those of EIP-3009's scheme, the signed data is another.

    The nonce is spelled as a decimal number without leading zeros, alike in every scheme over Permit2, because its
    contract counts their nonces together. `witness` has the shapes of further signed fields.
    """

    witness: ClassVar[Shapes] = {}
    # A verify checks signature, allowance and balance only: a payment that was settled before is valid to it.
    verify_sees_used = False

    def __init__(self) -> None:
        super().__init__()
        self.v1_networks: Mapping[str, str] = {}

    def connect(self, url: str) -> ChainReader:
        """A reader over the node's JSON-RPC."""
        return Permit2ChainReader.at(url)

    def requirements(self, terms: Terms, offered: Mapping[str, Any] = NOTHING) -> PaymentRequirements:
        """The terms, with Permit2 as the transfer method, and the token's name and version if they are known."""
        named = {"name": terms.name, "version": terms.version} if terms.name and terms.version else {}
        return ExactEvmServerScheme().enhance_payment_requirements(  # type: ignore[no-untyped-call]
            PaymentRequirements(
                scheme=self.name,
                network=terms.network,
                asset=terms.asset,
                amount=str(terms.amount),
                pay_to=terms.pay_to,
                max_timeout_seconds=terms.max_timeout_seconds,
                extra={ASSET_TRANSFER_METHOD: PERMIT2, **named},
            ),
            SupportedKind(x402_version=2, scheme=self.name, network=terms.network),
            [],
        )

    def problem(self, requirements: PaymentRequirements) -> str | None:
        """None: Permit2 moves every ERC-20 token, and its signature does not name the token's domain."""
        return None

    def handles(self, accepted: PaymentRequirements) -> bool:
        """Whether they are of this scheme's name on an EVM network, by Permit2."""
        same = accepted.scheme == self.name and accepted.network.partition(":")[0] == self.family
        return same and accepted.extra.get(ASSET_TRANSFER_METHOD) == PERMIT2

    def money(self, payload: PaymentPayload) -> Money:
        """The money of a signed transfer, addresses in lower case.

        Raises:
            PaymentMalformed: the payload has no signed transfer by Permit2, or one that is valid for too long.
        """
        signature, asset = payload.payload.get("signature"), payload.accepted.asset
        if not isinstance(signature, str) or not _SIGNATURE.fullmatch(signature):
            raise PaymentMalformed
        said = self._said(payload.payload.get("permit2Authorization"))
        # The token is signed as well: one that differs from the accepted one is another payment.
        if not self.is_address(asset) or said["permitted.token"] != self.spelled(asset):
            raise PaymentMalformed
        deadline = int(said["deadline"])
        if deadline > time.time() + LONGEST_SECONDS:
            raise PaymentMalformed("The payment's deadline must be within a day. Sign with the validity in `accepts`.")
        proof = json.dumps({**said, "signature": self.spelled(signature)}, sort_keys=True)
        return Money(
            network=payload.accepted.network,
            asset=said["permitted.token"],
            payer=said["from"],
            nonce=said["nonce"],
            pay_to=said["witness.to"],
            amount=int(said["permitted.amount"]),
            valid_before=deadline,
            proof=hashlib.sha256(proof.encode()).hexdigest(),
        )

    def from_v1(self, payload: dict[str, Any], asked: Sequence[PaymentRequirements]) -> PaymentPayload:
        """Version 1 does not have the scheme."""
        raise PaymentMismatch(reason="terms")

    def signed(self, money: Money) -> bool:
        """Whether the nonce is one of Permit2: a decimal number."""
        return money.network.partition(":")[0] == self.family and _UINT.fullmatch(money.nonce) is not None

    def _said(self, authorization: object) -> dict[str, str]:
        """The signed fields by their path, one spelling each: otherwise 7 and 07 would be two payments."""
        said = {}
        for path, shape in {**_SIGNED, **self.witness}.items():
            value = authorization
            for name in path:
                value = value.get(name) if isinstance(value, dict) else None
            if not isinstance(value, str) or not shape.fullmatch(value):
                raise PaymentMalformed
            said[".".join(path)] = self.spelled(value) if shape is ADDRESS else _number(value)
        return said


def _number(digits: str) -> str:
    value = int(digits)
    if value >= _WORD_END:
        raise PaymentMalformed
    return str(value)

"""The scheme in MPP: the `evm` charge of a challenge, and the payload of its credential as an x402 payment.

The payload is an EIP-3009 authorization whose nonce is the hash of the challenge, so facilitator, ledger and chain see
an ordinary payment of the scheme.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from web3 import Web3
from x402.schemas import PaymentPayload, PaymentRequirements

from alive402.payments.core import Money, PaymentMalformed
from alive402.payments.x402.schemes.base import Charge
from alive402.payments.x402.schemes.exact_evm.scheme import EXACT_EVM

_TYPE = "authorization"
_SIGNED = ("from", "to", "value", "validAfter", "validBefore", "nonce")


class EvmCharge:
    """The method `evm` of MPP."""

    method = EXACT_EVM.method

    def request(self, asked: PaymentRequirements) -> dict[str, Any] | None:
        """The charge that asks for the same as an entry of `accepts`; None for other schemes."""
        if not EXACT_EVM.handles(asked):
            return None
        return {
            "amount": asked.amount,
            "currency": EXACT_EVM.shown(asked.asset),
            "methodDetails": {"chainId": int(asked.network.partition(":")[2]), "credentialTypes": [_TYPE]},
            "recipient": EXACT_EVM.shown(asked.pay_to),
        }

    def payment(
        self, request: Mapping[str, Any], payload: Mapping[str, Any], accepts: Sequence[PaymentRequirements]
    ) -> PaymentPayload:
        """The authorization as an x402 payment for what the charge asked for.

        Raises:
            PaymentMalformed: the charge names no chain, token, amount and recipient, or the payload is of another type.
        """
        details = request.get("methodDetails")
        chain = details.get("chainId") if isinstance(details, dict) else None
        terms = [request.get(name) for name in ("currency", "amount", "recipient")]
        if type(chain) is not int or not all(isinstance(each, str) for each in terms) or payload.get("type") != _TYPE:
            raise PaymentMalformed
        asset, amount, pay_to = map(str, terms)
        signed = {"signature": payload.get("signature"), _TYPE: {name: payload.get(name) for name in _SIGNED}}
        network = f"{EXACT_EVM.family}:{chain}"
        return PaymentPayload(payload=signed, accepted=_accepted(network, asset, amount, pay_to, accepts))

    def binds(self, money: Money, challenge_id: str, realm: str, expires: int) -> bool:
        """Whether the nonce is the challenge's hash, and the authorization ends with the challenge.

        mppx 0.11 hashes id and realm as one text, pympp 0.16 as a JSON list. The id has a fixed length, so neither text
        is that of two challenges.
        """
        listed = json.dumps([challenge_id, realm], separators=(",", ":"), ensure_ascii=False)
        nonces = {Web3.to_hex(Web3.keccak(text=text)) for text in (challenge_id + realm, listed)}
        return money.nonce in nonces and money.valid_before <= expires


def _accepted(
    network: str, asset: str, amount: str, pay_to: str, accepts: Sequence[PaymentRequirements]
) -> PaymentRequirements:
    """Our own entry for the token where there is one, with the amount and the recipient that were asked for."""
    spelled = EXACT_EVM.spelled
    for each in accepts:
        if EXACT_EVM.handles(each) and each.network == network and spelled(each.asset) == spelled(asset):
            # Keep our own spelling of our own address, so that the terms match.
            kept = each.pay_to if spelled(each.pay_to) == spelled(pay_to) else pay_to
            return each.model_copy(update={"amount": amount, "pay_to": kept})
    return PaymentRequirements(
        scheme=EXACT_EVM.name, network=network, asset=asset, amount=amount, pay_to=pay_to, max_timeout_seconds=0
    )


EVM_CHARGE: Charge = EvmCharge()

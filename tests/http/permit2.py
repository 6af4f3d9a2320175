"""Buyers by Permit2: the official client, with a choice of the offer that it signs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eth_account.signers.local import LocalAccount
from x402 import x402Client
from x402.http.clients.httpx import x402AsyncTransport
from x402.http.utils import decode_payment_signature_header, encode_payment_signature_header
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.schemas import PaymentPayload

from alive402.demo import Buyer


class Choosing(Buyer):
    """The official client; it signs an offer that `likes`."""

    def __init__(self, url: str, likes: Callable[[Any], bool], account: LocalAccount | None = None) -> None:
        super().__init__(url, account)
        client = x402Client()
        signer = EthAccountSigner(self.account)
        register_exact_evm_client(client, signer)
        client.register_policy(lambda _version, offers: [each for each in offers if likes(each)])
        self._paying._transport = x402AsyncTransport(client, self._wire)


def by_permit2(offer: Any) -> bool:
    """Whether an offer is paid by Permit2."""
    return bool(offer.extra.get("assetTransferMethod") == "permit2")


def read(signature: str) -> PaymentPayload:
    """The payment in a PAYMENT-SIGNATURE header."""
    payload = decode_payment_signature_header(signature)
    assert isinstance(payload, PaymentPayload)
    return payload


def edited(signature: str, **changes: Any) -> str:
    """A PAYMENT-SIGNATURE header whose signed transfer is changed after it was signed."""
    payload = read(signature)
    payload.payload["permit2Authorization"] |= changes
    return encode_payment_signature_header(payload)


def accepting(signature: str, **changes: Any) -> str:
    """A PAYMENT-SIGNATURE header that claims other accepted terms."""
    payload = read(signature)
    return encode_payment_signature_header(
        payload.model_copy(update={"accepted": payload.accepted.model_copy(update=changes)})
    )


def unbound(signature: str) -> str:
    """A PAYMENT-SIGNATURE header without the resource that it was signed for; no signature covers it."""
    return encode_payment_signature_header(read(signature).model_copy(update={"resource": None}))

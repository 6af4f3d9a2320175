"""Buyers by Permit2: the official client, with a choice of the offer that it signs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
from eth_account import Account
from eth_account.signers.local import LocalAccount
from x402 import x402Client
from x402.http.clients.httpx import x402AsyncTransport
from x402.http.utils import decode_payment_signature_header, encode_payment_signature_header
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.mechanisms.evm.upto import UptoEvmClientScheme
from x402.schemas import PaymentPayload

from alive402.demo import Buyer
from tests.http.facilitators import Facilitator

SELLER: str = Account.create().address


class Choosing(Buyer):
    """The official client; it signs an offer that `likes`."""

    def __init__(self, url: str, likes: Callable[[Any], bool], account: LocalAccount | None = None) -> None:
        super().__init__(url, account)
        client = x402Client()
        signer = EthAccountSigner(self.account)
        register_exact_evm_client(client, signer)
        client.register("eip155:*", UptoEvmClientScheme(signer))
        client.register_policy(lambda _version, offers: [each for each in offers if likes(each)])
        self._paying._transport = x402AsyncTransport(client, self._wire)

    async def again(self, request: dict[str, Any], path: str) -> httpx.Response:
        """Send the last payment again, for any request."""
        headers = {"PAYMENT-SIGNATURE": self.signature}
        return await self._plain.post(self.url + path, json=request, headers=headers)


def by_permit2(offer: Any) -> bool:
    """Whether an offer is `exact` by Permit2."""
    return bool(offer.scheme == "exact" and offer.extra.get("assetTransferMethod") == "permit2")


def up_to(offer: Any) -> bool:
    """Whether an offer is a limit."""
    return bool(offer.scheme == "upto")


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


def accepted(facilitator: Facilitator, scheme: str, **more: object) -> dict[str, Any]:
    """An entry of the setting `accepts`."""
    return {
        "network": "base-sepolia",
        "scheme": scheme,
        "pay_to": SELLER,
        "facilitator_url": facilitator.url,
        "rpc_url": f"{facilitator.url}/devchain/rpc",
        **more,
    }

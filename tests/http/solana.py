"""A buyer on Solana with the official x402 client, and a remote facilitator and node of a Solana chain."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import APIRouter
from solders.keypair import Keypair
from x402 import x402Client
from x402.http.clients.httpx import x402AsyncTransport
from x402.http.utils import decode_payment_signature_header, encode_payment_signature_header
from x402.mechanisms.svm.exact import register_exact_svm_client
from x402.mechanisms.svm.signers import KeypairSigner
from x402.schemas import PaymentRequired

from alive402.demo import Buyer
from alive402.http.devchain import solana
from alive402.payments.devchain.solana import Rpc, SolanaDevChain, SolanaDevFacilitator
from tests.http.facilitators import Facilitator
from tests.http.required import header_of


class SolanaBuyer(Buyer):
    """The official client with a new wallet on Solana; `node` is the URL of the chain's RPC."""

    def __init__(self, url: str, node: str | None = None, keypair: Keypair | None = None) -> None:
        super().__init__(url)
        self.keypair = keypair or Keypair()
        self.node = node or f"{self.url}/devchain/solana/rpc"
        self._client = register_exact_svm_client(x402Client(), KeypairSigner(self.keypair), rpc_url=self.node)
        self._paying = httpx.AsyncClient(transport=x402AsyncTransport(self._client, self._wire), timeout=180)

    @property
    def address(self) -> str:
        """The wallet's address."""
        return str(self.keypair.pubkey())

    async def sign(self, video_url: str) -> str:
        """A PAYMENT-SIGNATURE header for the 402 that a call gets, not sent yet."""
        return await self.signed_for(header_of(await self.ask(video_url)))

    async def signed_for(self, required: dict[str, Any]) -> str:
        """A PAYMENT-SIGNATURE header for a 402 document."""
        payload = await self._client.create_payment_payload(PaymentRequired.model_validate(required))
        return encode_payment_signature_header(payload)

    @staticmethod
    def respelled(signature: str) -> str:
        """The same payment with other bytes in place of the fee payer's signature."""
        payload = decode_payment_signature_header(signature)
        raw = base64.b64decode(payload.payload["transaction"])
        return SolanaBuyer.with_transaction(
            signature, base64.b64encode(raw[:1] + secrets.token_bytes(64) + raw[65:]).decode()
        )

    @staticmethod
    def with_transaction(signature: str, transaction: object) -> str:
        """The same payment with another transaction."""
        payload = decode_payment_signature_header(signature)
        return encode_payment_signature_header(payload.model_copy(update={"payload": {"transaction": transaction}}))

    @staticmethod
    def restated(signature: str, required: dict[str, Any]) -> str:
        """The same transaction, stated as a payment for another 402 document."""
        payload = decode_payment_signature_header(signature)
        other = PaymentRequired.model_validate(required)
        stated = next(each for each in other.accepts if each.network == payload.accepted.network)
        return encode_payment_signature_header(
            payload.model_copy(update={"accepted": stated, "resource": other.resource})
        )

    async def fund(self) -> None:
        """Ask the faucet for test money."""
        answer = await self._plain.post(f"{self.url}/devchain/solana/faucet", json={"address": self.address})
        answer.raise_for_status()


@dataclass
class SolanaFacilitator(Facilitator):
    """The x402 package's facilitator over a Solana chain in this process, behind real sockets."""

    chain: Any = None

    def __post_init__(self) -> None:
        self.chain = self.chain or SolanaDevChain()

    def inner(self) -> Any:
        return SolanaDevFacilitator(self.chain)

    def node(self) -> APIRouter:
        """The node, which fails on demand, and one at `/node` for buyers, which does not."""
        routes, rpc = APIRouter(), Rpc(self.chain)
        routes.include_router(solana.router(self.chain))

        @routes.post("/node")
        def answer(call: dict[str, Any]) -> dict[str, Any]:
            return {"jsonrpc": "2.0", "id": call["id"], "result": rpc.call(call["method"], call.get("params", []))}

        return routes

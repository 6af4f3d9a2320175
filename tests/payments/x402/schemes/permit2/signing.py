"""Signs transfers by Permit2 and makes the calls that settle them, as the x402 package does."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from eth_account.signers.local import LocalAccount
from web3 import Web3
from x402.mechanisms.evm.constants import (
    PERMIT2_ADDRESS,
    X402_EXACT_PERMIT2_PROXY_ABI,
    X402_EXACT_PERMIT2_PROXY_ADDRESS,
)
from x402.mechanisms.evm.exact.permit2_utils import create_permit2_payload
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.schemas import PaymentPayload, PaymentRequirements

from alive402.payments.devchain import NETWORK, TOKEN_ADDRESS, DevChain
from tests.payments.devchain.test_chain import SELLER

PRICE = 200_000
WORDS = 256


def asked(**changes: Any) -> PaymentRequirements:
    """What the buyer is asked to sign."""
    terms: dict[str, Any] = {
        "scheme": "exact",
        "network": NETWORK,
        "asset": TOKEN_ADDRESS,
        "amount": str(PRICE),
        "pay_to": SELLER,
        "max_timeout_seconds": 300,
        "extra": {"assetTransferMethod": "permit2"},
    }
    return PaymentRequirements(**{**terms, **changes})


def signed(payer: LocalAccount, accepted: PaymentRequirements | None = None) -> PaymentPayload:
    """A transfer that the official client signs."""
    accepted = accepted or asked()
    return PaymentPayload(payload=create_permit2_payload(EthAccountSigner(payer), accepted), accepted=accepted)


@dataclass
class Proxy:
    """x402's proxy for exact payments, on a chain."""

    chain: DevChain

    def call(self, payload: PaymentPayload) -> bytes:
        """The calldata that settles a payment."""
        said, signature = payload.payload["permit2Authorization"], payload.payload["signature"]
        permitted = (said["permitted"]["token"], int(said["permitted"]["amount"]))
        permit = (permitted, int(said["nonce"]), int(said["deadline"]))
        witness = (said["witness"]["to"], int(said["witness"]["validAfter"]))
        contract = self.chain.web3.eth.contract(abi=X402_EXACT_PERMIT2_PROXY_ABI)
        arguments = [permit, said["from"], witness, bytes.fromhex(signature[2:])]
        return bytes.fromhex(contract.encode_abi("settle", args=arguments)[2:])

    def settle(self, payload: PaymentPayload, suffix: bytes = b"") -> str:
        """Settle a payment; returns the transaction."""
        return self.send(X402_EXACT_PERMIT2_PROXY_ADDRESS, self.call(payload) + suffix)

    def cancel(self, nonce: int) -> str:
        """Mark a nonce of the operator's own account as used."""
        selector = Web3.keccak(text="invalidateUnorderedNonces(uint256,uint256)")[:4]
        mask = 1 << (nonce % WORDS)
        return self.send(PERMIT2_ADDRESS, selector + (nonce // WORDS).to_bytes(32, "big") + mask.to_bytes(32, "big"))

    def send(self, to: str, data: bytes) -> str:
        """Send a transaction from the operator; it must succeed."""
        transaction = self.chain.send({"to": Web3.to_checksum_address(to), "data": data})
        assert self.chain.web3.eth.get_transaction_receipt(transaction)["status"] == 1  # type: ignore[arg-type]
        return transaction

    def let_time_pass(self, seconds: int) -> None:
        """Move the chain's clock."""
        self.chain.web3.provider._tester.time_travel(int(time.time()) + seconds)  # type: ignore[attr-defined]

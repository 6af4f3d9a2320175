"""The x402 package's own facilitator on a Solana dev chain, with the interface of a remote facilitator."""

from __future__ import annotations

import base64

from solders.transaction import VersionedTransaction
from x402.mechanisms.svm.exact import register_exact_svm_facilitator
from x402.mechanisms.svm.signers import FacilitatorKeypairSigner

from alive402.payments.devchain.local_facilitator import LocalFacilitator
from alive402.payments.devchain.solana.chain import Refused, SolanaDevChain
from alive402.payments.x402.schemes.exact_svm import DEVNET


class SolanaDevFacilitator(LocalFacilitator):
    """A `FacilitatorClient` that verifies and settles on `chain`."""

    def __init__(self, chain: SolanaDevChain) -> None:
        super().__init__()
        register_exact_svm_facilitator(self.facilitator, _Signer(chain), DEVNET)


class _Signer:
    """Adapts the chain to the package's `FacilitatorSvmSigner`; the package's own signer signs."""

    def __init__(self, chain: SolanaDevChain) -> None:
        self._chain = chain
        self._keys = FacilitatorKeypairSigner(chain.operator)

    def get_addresses(self) -> list[str]:
        return [str(self._chain.operator.pubkey())]

    def sign_transaction(self, tx_base64: str, fee_payer: str, network: str) -> str:
        return str(self._keys.sign_transaction(tx_base64, fee_payer, network))

    def simulate_transaction(self, tx_base64: str, network: str) -> None:
        self._chain.simulate(_decoded(tx_base64))

    def send_transaction(self, tx_base64: str, network: str) -> str:
        return self._chain.send(_decoded(tx_base64))

    def confirm_transaction(self, signature: str, network: str) -> None:
        if self._chain.history.find(signature) is None:
            raise Refused(f"no transaction {signature}")


def _decoded(encoded: str) -> VersionedTransaction:
    return VersionedTransaction.from_bytes(base64.b64decode(encoded))

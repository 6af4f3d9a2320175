"""The x402 package's own facilitator on the dev chain, with the interface of a remote facilitator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_tester.exceptions import TransactionFailed
from eth_typing import HexStr
from web3 import Web3
from web3.exceptions import ContractLogicError
from web3.types import TxParams
from x402.mechanisms.evm.exact import register_exact_evm_facilitator
from x402.mechanisms.evm.types import TransactionReceipt, TypedDataDomain, TypedDataField
from x402.mechanisms.evm.upto import UptoEvmFacilitatorScheme

from alive402.payments.devchain.chain import DevChain
from alive402.payments.devchain.local_facilitator import LocalFacilitator


class DevFacilitator(LocalFacilitator):
    """A `FacilitatorClient` that verifies and settles on `chain`.

    It sends a buyer's call that deploys a smart wallet only to one of `wallet_factories`.
    """

    def __init__(self, chain: DevChain, wallet_factories: Sequence[str] = ()) -> None:
        super().__init__()
        signer = _Signer(chain)
        register_exact_evm_facilitator(
            self.facilitator, signer, chain.network, eip6492_allowed_factories=list(wallet_factories)
        )
        self.facilitator.register([chain.network], UptoEvmFacilitatorScheme(signer))


class _Signer:
    """Adapts the chain to the package's `FacilitatorEvmSigner`."""

    def __init__(self, chain: DevChain) -> None:
        self._chain = chain
        self._eth = chain.web3.eth

    def get_addresses(self) -> list[str]:
        return [self._chain.operator]

    def get_chain_id(self) -> int:
        return self._chain.chain_id

    def read_contract(self, address: str, abi: list[dict[str, Any]], function_name: str, *args: Any) -> Any:
        contract = self._eth.contract(address=Web3.to_checksum_address(address), abi=abi)
        try:
            return contract.functions[function_name](*args).call(
                {"from": Web3.to_checksum_address(self._chain.operator)}
            )
        except TransactionFailed as error:
            # The words by which the package recognises a revert, and then reads the reason.
            raise ContractLogicError(f"execution reverted: {error}") from error

    def verify_typed_data(
        self,
        address: str,
        domain: TypedDataDomain,
        types: dict[str, list[TypedDataField]],
        primary_type: str,
        message: dict[str, Any],
        signature: bytes,
    ) -> bool:
        signable = encode_typed_data(
            domain_data={
                "name": domain.name,
                "version": domain.version,
                "chainId": domain.chain_id,
                "verifyingContract": domain.verifying_contract,
            },
            message_types={
                name: [{"name": field.name, "type": field.type} for field in fields] for name, fields in types.items()
            },
            message_data=message,
        )
        return bool(Account.recover_message(signable, signature=signature).lower() == address.lower())

    def write_contract(
        self,
        address: str,
        abi: list[dict[str, Any]],
        function_name: str,
        *args: Any,
        data_suffix: str | None = None,
    ) -> str:
        contract = self._eth.contract(address=Web3.to_checksum_address(address), abi=abi)
        calldata = contract.encode_abi(function_name, args=list(args)) + (data_suffix or "").removeprefix("0x")
        return self._chain.send(_call(address, bytes.fromhex(calldata.removeprefix("0x"))))

    def send_transaction(self, to: str, data: bytes) -> str:
        return self._chain.send(_call(to, data))

    def wait_for_transaction_receipt(self, tx_hash: str) -> TransactionReceipt:
        receipt = self._eth.wait_for_transaction_receipt(HexStr(tx_hash), timeout=10)
        return TransactionReceipt(
            status=receipt["status"], block_number=receipt["blockNumber"], tx_hash=tx_hash, logs=list(receipt["logs"])
        )

    def get_balance(self, address: str, token_address: str) -> int:
        return self._chain.balance(address)

    def get_code(self, address: str) -> bytes:
        return bytes(self._eth.get_code(Web3.to_checksum_address(address)))


def _call(to: str, data: bytes) -> TxParams:
    return {"to": Web3.to_checksum_address(to), "data": data}

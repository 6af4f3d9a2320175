"""What the chain itself says of an EIP-3009 authorization: the last word when a facilitator's answer was lost."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from web3 import Web3

_ABI = [
    {
        "type": "function",
        "name": "authorizationState",
        "stateMutability": "view",
        "inputs": [{"name": "authorizer", "type": "address"}, {"name": "nonce", "type": "bytes32"}],
        "outputs": [{"name": "", "type": "bool"}],
    },
]
_USED_TOPIC = Web3.to_hex(Web3.keccak(text="AuthorizationUsed(address,bytes32)"))
_CANCELED_TOPIC = Web3.to_hex(Web3.keccak(text="AuthorizationCanceled(address,bytes32)"))
_TRANSFER_TOPIC = Web3.to_hex(Web3.keccak(text="Transfer(address,address,uint256)"))
# Public nodes answer a few thousand blocks of logs at once; an authorization lives for minutes.
_BLOCKS_BACK = 2_000


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money that was seen to move: the transaction's hash, `0x` and 64 hex digits."""

    transaction: str


class ChainReader(Protocol):
    """Answers whether an authorization has moved its money."""

    async def network(self) -> str:
        """The CAIP-2 id of the chain that is asked.

        Raises:
            Exception: it does not answer.
        """
        ...

    async def find_transfer(self, asset: str, payer: str, nonce: str, pay_to: str, amount: int) -> Transfer | None:
        """The transfer of exactly `amount` atomic units from `payer` to `pay_to` under `nonce`, or None.

        Raises:
            Exception: the chain cannot be asked now; nothing is known.
        """
        ...


class Web3ChainReader:
    """A `ChainReader` over any web3 connection: the dev chain's, or a node's URL."""

    def __init__(self, web3: Web3) -> None:
        self._web3 = web3

    async def network(self) -> str:
        """See `ChainReader.network`."""
        return f"eip155:{await asyncio.to_thread(lambda: self._web3.eth.chain_id)}"

    async def find_transfer(self, asset: str, payer: str, nonce: str, pay_to: str, amount: int) -> Transfer | None:
        """See `ChainReader.find_transfer`; the blocking calls run in a thread."""
        return await asyncio.to_thread(self._find, asset, payer, nonce, pay_to, amount)

    def _find(self, asset: str, payer: str, nonce: str, pay_to: str, amount: int) -> Transfer | None:
        eth = self._web3.eth
        token = Web3.to_checksum_address(asset)
        contract = eth.contract(address=token, abi=_ABI)
        used = contract.functions.authorizationState(Web3.to_checksum_address(payer), bytes.fromhex(nonce[2:])).call()
        if not used:
            return None
        logs = eth.get_logs(
            {
                "address": token,
                "fromBlock": max(0, eth.block_number - _BLOCKS_BACK),
                "topics": [[_USED_TOPIC, _CANCELED_TOPIC], _word(payer), nonce],
            }
        )
        if not logs:
            # Used, and longer ago than is searched: to call that "did not move" would lose somebody's money.
            raise LookupError("the authorization was used before the blocks that were searched")
        for log in logs:
            receipt = eth.get_transaction_receipt(log["transactionHash"])
            for entry in receipt["logs"]:
                topics = [Web3.to_hex(topic) for topic in entry["topics"]]
                if (
                    entry["address"].lower() == asset.lower()
                    and topics == [_TRANSFER_TOPIC, _word(payer), _word(pay_to)]
                    and int.from_bytes(entry["data"], "big") == amount
                ):
                    return Transfer(transaction=Web3.to_hex(log["transactionHash"]))
        # Used, but no such transfer: the payer cancelled it, or spent it elsewhere.
        return None


def _word(address: str) -> str:
    """An address as a 32-byte topic."""
    return "0x" + address.lower().removeprefix("0x").rjust(64, "0")

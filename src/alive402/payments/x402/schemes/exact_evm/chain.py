"""Reads EIP-3009 transfers from the chain, which decides when a facilitator's answer was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, Self, TypeVar

from eth_typing import BlockNumber, ChecksumAddress, HexStr
from web3 import Web3
from web3.exceptions import TransactionNotFound
from web3.types import LogReceipt

from alive402.payments.core import Money
from alive402.payments.x402.schemes.base import SpentElsewhere, Transfer

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
# A block or two: an authorization that expired this long ago cannot be in a block that is still pending.
EXPIRY_MARGIN_SECONDS = 120
# Public nodes return logs of a few thousand blocks at once. An authorization lives for minutes, so the first window
# nearly always has it; the further ones are for a service that was down for days.
_WINDOW_BLOCKS = 2_000
_WINDOWS = 100
# For the calls of one node: more than the reconciler asks at once, so that running calls do not wait for it.
_THREADS = 32
P = ParamSpec("P")
T = TypeVar("T")


class Web3ChainReader:
    """A `ChainReader` over any web3 connection: the dev chain's, or a node's URL."""

    def __init__(self, web3: Web3) -> None:
        self._web3 = web3
        # A silent node keeps its own threads waiting, not those of other nodes and of files.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="node")

    @classmethod
    def at(cls, url: str) -> Self:
        """A reader over the JSON-RPC of the node at `url`."""
        web3 = Web3(Web3.HTTPProvider(url, request_kwargs={"timeout": 10}))
        # It asks for the chain id around each call, to check transactions that we never send: six requests, not four.
        web3.middleware_onion.remove("validation")
        return cls(web3)

    async def network(self) -> str:
        """The CAIP-2 id of the chain."""
        return f"eip155:{await self._ask(lambda: self._web3.eth.chain_id)}"

    async def find_transfer(self, money: Money) -> Transfer | None:
        """Search the token's events for the transfer; the blocking calls run in a thread."""
        return await self._ask(self._find, money.asset, money.payer, money.nonce, money.pay_to, money.amount)

    async def is_over(self, money: Money) -> bool:
        """Whether the newest block is later than the end of the authorization, by a margin."""
        return money.valid_before + EXPIRY_MARGIN_SECONDS < await self.now()

    async def now(self) -> int:
        """The newest block's time in unix seconds."""
        return int(await self._ask(lambda: self._web3.eth.get_block("latest")["timestamp"]))

    async def is_used(self, money: Money) -> bool:
        """Whether the token has marked the nonce as used or cancelled."""
        return await self._ask(self._authorization_is_used, money.asset, money.payer, money.nonce)

    async def count_transfers(self, transaction: str, asset: str, to: str, amount: int) -> int:
        """Count the matching transfers of a transaction; the blocking calls run in a thread."""
        return await self._ask(self._count, transaction, asset, to, amount)

    async def is_contract(self, address: str) -> bool:
        """Whether an address has code, such as a deployed wallet."""
        return bool(await self._ask(self._web3.eth.get_code, Web3.to_checksum_address(address)))

    async def _ask(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking call of the node in one of its threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(call, *args, **kwargs))

    def _find(self, asset: str, payer: str, nonce: str, pay_to: str, amount: int) -> Transfer | None:
        if not self._authorization_is_used(asset, payer, nonce):
            return None
        logs = self._used(Web3.to_checksum_address(asset), payer, nonce)
        if not logs:
            # It is used, but longer ago than the search covers. Reporting "did not move" would lose the buyer's money.
            raise LookupError("the authorization was used before the blocks that were searched")
        for log in logs:
            receipt = self._web3.eth.get_transaction_receipt(log["transactionHash"])
            for entry in receipt["logs"]:
                topics = [Web3.to_hex(topic) for topic in entry["topics"]]
                if (
                    entry["address"].lower() == asset.lower()
                    and topics == transfer_topics(payer, pay_to)
                    and int.from_bytes(entry["data"], "big") == amount
                ):
                    return Transfer(transaction=Web3.to_hex(log["transactionHash"]))
        raise SpentElsewhere

    def _authorization_is_used(self, asset: str, payer: str, nonce: str) -> bool:
        contract = self._web3.eth.contract(address=Web3.to_checksum_address(asset), abi=_ABI)
        state = contract.functions.authorizationState(Web3.to_checksum_address(payer), bytes.fromhex(nonce[2:]))
        return bool(state.call())

    def _used(self, token: ChecksumAddress, payer: str, nonce: str) -> list[LogReceipt]:
        """The events that used the nonce, searched from the newest block backwards."""
        topics: list[Any] = [[_USED_TOPIC, _CANCELED_TOPIC], _word(payer), nonce]
        for first, last in self._windows():
            found = self._web3.eth.get_logs({"address": token, "fromBlock": first, "toBlock": last, "topics": topics})
            if found:
                return list(found)
        return []

    def _windows(self) -> Iterator[tuple[BlockNumber, BlockNumber]]:
        """Ranges of blocks, first and last, from the newest block backwards."""
        last = self._web3.eth.block_number
        for _ in range(_WINDOWS):
            first = BlockNumber(max(0, last - _WINDOW_BLOCKS + 1))
            yield first, last
            if first == 0:
                return
            last = BlockNumber(first - 1)

    def _count(self, transaction: str, asset: str, to: str, amount: int) -> int:
        try:
            receipt = self._web3.eth.get_transaction_receipt(HexStr(transaction))
        except TransactionNotFound:
            return 0
        if not receipt["status"]:
            return 0
        return sum(
            entry["address"].lower() == asset.lower()
            and [Web3.to_hex(topic) for topic in entry["topics"][::2]] == [_TRANSFER_TOPIC, _word(to)]
            and int.from_bytes(entry["data"], "big") == amount
            for entry in receipt["logs"]
        )


def transfer_topics(payer: str, pay_to: str) -> list[str]:
    """The topics of an ERC-20 token's event for a transfer from `payer` to `pay_to`."""
    return [_TRANSFER_TOPIC, _word(payer), _word(pay_to)]


def _word(address: str) -> str:
    """An address as a 32-byte topic."""
    return "0x" + address.lower().removeprefix("0x").rjust(64, "0")

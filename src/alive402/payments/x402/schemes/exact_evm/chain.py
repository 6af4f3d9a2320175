"""Reads EIP-3009 transfers from the chain, which decides when a facilitator's answer was lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, Self, TypeVar

from eth_typing import BlockNumber, ChecksumAddress, HexStr
from web3 import Web3
from web3.exceptions import TransactionNotFound
from web3.types import LogReceipt
from x402.mechanisms.evm.erc6492 import parse_erc6492_signature
from x402.schemas import PaymentPayload

from alive402.payments.core import Money
from alive402.payments.x402.schemes.base import Incoming, Signed, SpentElsewhere, Transfer

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
# A transaction of the newest blocks may still be moved to another one.
_SETTLED_DEPTH = 50
_TOPICS = 3
_SIGNATURE_BYTES = 64
# For the calls of one node: more than the reconciler asks at once, so that running calls do not wait for it.
_THREADS = 32
P = ParamSpec("P")
T = TypeVar("T")


class Web3ChainReader:
    """A `ChainReader` over any web3 connection: the dev chain's, or a node's URL."""

    def __init__(self, web3: Web3) -> None:
        self._web3 = web3
        self.heights_at_once, self.settled_depth = _WINDOW_BLOCKS, _SETTLED_DEPTH
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

    async def find_transfer(self, money: Money, *, less: bool = False) -> Transfer | None:
        """Search the token's events for the transfer, which is of the whole amount; blocking calls run in a thread."""
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

    async def carries(self, transaction: str, payload: PaymentPayload) -> bool:
        """Whether the transaction's calldata holds the signature: a facilitator may call the token through others."""
        signature = _signature_of(payload)
        if len(signature) < _SIGNATURE_BYTES:
            return False
        sent = await self._ask(self._web3.eth.get_transaction, HexStr(transaction))
        return signature in bytes(sent["input"])

    async def height(self) -> int:
        """The newest block."""
        return int(await self._ask(lambda: self._web3.eth.block_number))

    async def height_at(self, seconds: int) -> int:
        """The newest block that is not younger, found by bisection."""
        return await self._ask(self._block_at, seconds)

    async def incoming(self, asset: str, pay_to: str, first: int, last: int) -> list[Incoming]:
        """Search the token's events for transfers to the address."""
        return await self._ask(self._incoming, asset, pay_to, first, last)

    async def signed_in(self, transaction: str, asset: str, pay_to: str) -> list[Signed]:
        """The EIP-3009 transfers: the token logs each nonce beside its transfer."""
        return await self._ask(self._signed_in, transaction, asset, pay_to)

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
                    return Transfer(Web3.to_hex(log["transactionHash"]), amount, log["blockNumber"])
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

    def _block_at(self, seconds: int) -> int:
        low, high = 0, int(self._web3.eth.block_number)
        while low < high:
            middle = (low + high + 1) // 2
            if self._web3.eth.get_block(BlockNumber(middle))["timestamp"] <= seconds:
                low = middle
            else:
                high = middle - 1
        return low

    def _incoming(self, asset: str, pay_to: str, first: int, last: int) -> list[Incoming]:
        topics: list[Any] = [_TRANSFER_TOPIC, None, _word(pay_to)]
        token, blocks = Web3.to_checksum_address(asset), (BlockNumber(first), BlockNumber(last))
        logs = self._web3.eth.get_logs(
            {"address": token, "fromBlock": blocks[0], "toBlock": blocks[1], "topics": topics}
        )
        counted = Counter((Web3.to_hex(log["transactionHash"]), log["blockNumber"]) for log in logs)
        return [Incoming(transaction, height, count) for (transaction, height), count in counted.items()]

    def _signed_in(self, transaction: str, asset: str, pay_to: str) -> list[Signed]:
        found, nonces, unnamed = [], dict[str, list[str]](), dict[str, list[tuple[str, int]]]()
        for entry in self._web3.eth.get_transaction_receipt(HexStr(transaction))["logs"]:
            topics = [Web3.to_hex(topic) for topic in entry["topics"]]
            if entry["address"].lower() != asset.lower() or len(topics) != _TOPICS:
                continue
            # A token logs the nonce right before or right after the transfer that it belongs to.
            if topics[0] == _USED_TOPIC:
                nonces.setdefault(topics[1], []).append(topics[2])
            elif topics[0] == _TRANSFER_TOPIC:
                unnamed.setdefault(topics[1], []).append((topics[2], int.from_bytes(entry["data"], "big")))
            payer = topics[1]
            if nonces.get(payer) and unnamed.get(payer):
                nonce, (to, amount) = nonces[payer].pop(0), unnamed[payer].pop(0)
                if to == _word(pay_to):
                    found.append(Signed("0x" + payer[-40:], nonce, amount))
        return found

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


def _signature_of(payload: PaymentPayload) -> bytes:
    """The signature as a contract gets it: without a smart wallet's deployment, and as r and s where it has those."""
    try:
        wrapped = bytes.fromhex(str(payload.payload.get("signature")).removeprefix("0x"))
        signature = bytes(parse_erc6492_signature(wrapped).inner_signature)
    except ValueError:
        return b""
    # A token takes v apart from them, and before them.
    return signature[:_SIGNATURE_BYTES] if len(signature) == _SIGNATURE_BYTES + 1 else signature


def transfer_topics(payer: str, pay_to: str) -> list[str]:
    """The topics of an ERC-20 token's event for a transfer from `payer` to `pay_to`."""
    return [_TRANSFER_TOPIC, _word(payer), _word(pay_to)]


def _word(address: str) -> str:
    """An address as a 32-byte topic."""
    return "0x" + address.lower().removeprefix("0x").rjust(64, "0")

"""Reads transfers by Permit2 from the chain, which decides when a facilitator's answer was lost.

No event names the nonce. The contract's bitmap says whether it is used; the transaction that used it is the one that
calls x402's proxy with it.
"""

from __future__ import annotations

from typing import NamedTuple

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_typing import HexStr
from hexbytes import HexBytes
from web3 import Web3
from web3.types import TxData
from x402.mechanisms.evm.constants import (
    PERMIT2_ADDRESS,
    X402_EXACT_PERMIT2_PROXY_ADDRESS,
    X402_UPTO_PERMIT2_PROXY_ADDRESS,
)

from alive402.payments.core import Money
from alive402.payments.x402.schemes.base import Signed, SpentElsewhere, Transfer
from alive402.payments.x402.schemes.exact_evm import EXPIRY_MARGIN_SECONDS, Web3ChainReader, transfer_topics

# A payment is valid for at most a day, so what settled it is not much older than that when its deadline is over.
LONGEST_SECONDS = 86_400
_ABI = [
    {
        "type": "function",
        "name": "nonceBitmap",
        "stateMutability": "view",
        "inputs": [{"name": "owner", "type": "address"}, {"name": "word", "type": "uint256"}],
        "outputs": [{"name": "", "type": "uint256"}],
    },
]
_PERMIT = "((address,uint256),uint256,uint256)"
_EXACT, _UPTO = "(address,uint256)", "(address,address,uint256)"
_EIP2612 = "(uint256,uint256,bytes32,bytes32,uint8)"
# The arguments of each function that settles, by the proxy's address and the function's name; the permit and the owner
# are found by their types, because those of the other arguments differ.
_SETTLING = {
    X402_EXACT_PERMIT2_PROXY_ADDRESS: {
        "settle": [_PERMIT, "address", _EXACT, "bytes"],
        "settleWithPermit": [_EIP2612, _PERMIT, "address", _EXACT, "bytes"],
    },
    X402_UPTO_PERMIT2_PROXY_ADDRESS: {
        "settle": [_PERMIT, "uint256", "address", _UPTO, "bytes"],
        "settleWithPermit": [_EIP2612, _PERMIT, "uint256", "address", _UPTO, "bytes"],
    },
}
_CALLS = {
    (proxy.lower(), bytes(Web3.keccak(text=f"{name}({','.join(types)})")[:4])): types
    for proxy, functions in _SETTLING.items()
    for name, types in functions.items()
}


class Permit2ChainReader(Web3ChainReader):
    """A `ChainReader` of transfers by Permit2, through either of x402's proxies."""

    async def find_transfer(self, money: Money, *, less: bool = False) -> Transfer | None:
        """Search the token's events for the transfer; the blocking calls run in a thread."""
        return await self._ask(self._settlement, money, less)

    async def signed_in(self, transaction: str, asset: str, pay_to: str) -> list[Signed]:
        """The payment that the transaction settles, when it calls one of x402's proxies."""
        return await self._ask(self._signed_by_permit, transaction, asset, pay_to)

    async def is_used(self, money: Money) -> bool:
        """Whether Permit2 has marked the nonce as used or cancelled."""
        return await self._ask(self._nonce_is_used, money)

    def _nonce_is_used(self, money: Money) -> bool:
        contract = self._web3.eth.contract(address=Web3.to_checksum_address(PERMIT2_ADDRESS), abi=_ABI)
        nonce = int(money.nonce)
        bitmap = contract.functions.nonceBitmap(Web3.to_checksum_address(money.payer), nonce >> 8).call()
        return bool(int(bitmap) >> (nonce & 0xFF) & 1)

    def _signed_by_permit(self, transaction: str, asset: str, pay_to: str) -> list[Signed]:
        sent = self._web3.eth.get_transaction(HexStr(transaction))
        permit = _permit_of(sent)
        if permit is None or permit.token != asset.lower():
            return []
        receipt, topics = (
            self._web3.eth.get_transaction_receipt(HexStr(transaction)),
            transfer_topics(permit.owner, pay_to),
        )
        moved = [
            int.from_bytes(entry["data"], "big")
            for entry in receipt["logs"]
            if entry["address"].lower() == permit.token and [Web3.to_hex(topic) for topic in entry["topics"]] == topics
        ]
        return [Signed(permit.owner, str(permit.nonce), amount) for amount in moved[:1]]

    def _settlement(self, money: Money, less: bool) -> Transfer | None:
        # The clock before the nonce: a payment whose time was over then cannot have been used since.
        now = self._web3.eth.get_block("latest")["timestamp"]
        if not self._nonce_is_used(money):
            return None
        token = Web3.to_checksum_address(money.asset)
        earliest = money.valid_before - LONGEST_SECONDS - EXPIRY_MARGIN_SECONDS
        for first, last in self._windows():
            topics = transfer_topics(money.payer, money.pay_to)
            logs = self._web3.eth.get_logs({"address": token, "fromBlock": first, "toBlock": last, "topics": topics})
            for log in logs:
                moved = int.from_bytes(log["data"], "big")
                right = moved <= money.amount if less else moved == money.amount
                if right and self._settled(log["transactionHash"], money):
                    return Transfer(Web3.to_hex(log["transactionHash"]), moved, log["blockNumber"])
            if first == 0 or self._web3.eth.get_block(first)["timestamp"] < earliest:
                break
        else:
            raise LookupError("the nonce was used before the blocks that were searched")
        if now <= money.valid_before + EXPIRY_MARGIN_SECONDS:
            # A node may know the nonce before it has the event.
            raise LookupError("the nonce is used, and its transfer is not found yet")
        raise SpentElsewhere

    def _settled(self, transaction: HexBytes, money: Money) -> bool:
        """Whether a transaction that moved this much from payer to receiver did so for this nonce.

        The transaction must call the proxy itself: then it settles one payment, the one in its arguments. Calldata of
        another contract may name many nonces and settle one.

        Raises:
            LookupError: it names the nonce and calls another contract, so only a person can tell.
        """
        sent, nonce = self._web3.eth.get_transaction(transaction), int(money.nonce)
        permit = _permit_of(sent)
        if permit is None:
            if _function_of(sent) is None and nonce.to_bytes(32, "big") in bytes(sent["input"]):
                raise LookupError("the nonce was settled through a contract that is unknown")
            return False
        return permit == _Permit(money.asset, money.payer, nonce)


class _Permit(NamedTuple):
    """What identifies a permit; addresses in lower case."""

    token: str
    owner: str
    nonce: int


def _function_of(sent: TxData) -> list[str] | None:
    """The types of the arguments of a call that settles through a proxy; None for another call."""
    return _CALLS.get((str(sent.get("to")).lower(), bytes(sent["input"])[:4]))


def _permit_of(sent: TxData) -> _Permit | None:
    """The permit that a transaction settles through a proxy, or None."""
    types = _function_of(sent)
    if types is None:
        return None
    try:
        arguments = dict(zip(types, decode(types, bytes(sent["input"])[4:]), strict=True))
    except DecodingError:
        return None
    (token, _amount), nonce, _deadline = arguments[_PERMIT]
    return _Permit(token.lower(), arguments["address"].lower(), nonce)

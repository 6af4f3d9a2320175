"""Reads SPL transfers from a Solana node, which decides when a facilitator's answer was lost."""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from typing import Any

import httpx
from solders.transaction import VersionedTransaction
from x402.mechanisms.svm.utils import derive_ata
from x402.schemas import PaymentPayload

from alive402.payments.core import Money
from alive402.payments.x402.schemes.base import Incoming, Signed, SpentElsewhere, Transfer
from alive402.payments.x402.schemes.exact_svm.memo import OFFER_SECONDS, issued_at
from alive402.payments.x402.schemes.exact_svm.transaction import SignedTransfer, blockhash_of, nonce_of, read

Node = Callable[[str, list[Any]], Awaitable[Any]]
"""One JSON-RPC call: method and parameters; returns the `result`."""

# The search ends at transactions that are older than the payment by this much, whatever the service's clock says.
_SKEW_SECONDS = 86_400
_MEMO = re.compile(r"\[\d+\] (\S+)")
# Blocks of the last minute of a payment's life may be final this much later.
_FINAL_SECONDS = 120
_PAGE = 1_000
_PAGES = 10
_INCOMING_PAGES = 200
_SLOT_SECONDS = 0.4
_SETTLED_SLOTS = 150
_PROCESSED, _CONFIRMED, _FINALIZED = ({"commitment": each} for each in ("processed", "confirmed", "finalized"))
_TRANSFERS = {"transfer", "transferChecked"}


class NodeError(Exception):
    """The node refuses a call."""


@cache
def _authorities() -> ssl.SSLContext:
    """The authorities that are trusted. To read them takes 25 ms, which each question would cost otherwise."""
    return httpx.create_ssl_context()


def http_node(url: str) -> Node:
    """The node at `url`."""

    async def call(method: str, params: list[Any]) -> Any:
        async with httpx.AsyncClient(timeout=10, verify=_authorities()) as client:
            answer = await client.post(url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        said = answer.raise_for_status().json()
        if "error" in said:
            raise NodeError(said["error"])
        return said["result"]

    return call


class SolanaReader:
    """A `ChainReader` over any node: the dev chain in this process, or a node's URL."""

    def __init__(self, node: Node) -> None:
        self._node = node
        # One search goes through all of them: the node lists an account's transactions from the newest one.
        self.heights_at_once, self.settled_depth = 10**15, _SETTLED_SLOTS

    async def network(self) -> str:
        """The CAIP-2 id of the chain: the beginning of its genesis hash."""
        return f"solana:{str(await self._node('getGenesisHash', []))[:32]}"

    async def receiver_problem(self, asset: str, pay_to: str) -> str | None:
        """Whether the token does not exist, or the wallet has no account for it, which buyers do not make."""
        token = await self._account(asset)
        if token is None:
            return f"There is no token {asset} on this network. Check ALIVE402_ASSET."
        try:
            account = derive_ata(pay_to, asset, token["owner"])
        except ValueError:
            return f"{pay_to} is not a wallet's address. Check ALIVE402_PAY_TO."
        if await self._account(account) is None:
            return (
                f"The wallet {pay_to} has no account for the token {asset}, so no payment can reach it. Make it once: "
                f"spl-token create-account {asset} --owner {pay_to}"
            )
        return None

    async def find_transfer(self, money: Money, *, less: bool = False) -> Transfer | None:
        """Search the transactions that name the payer for the one with this message.

        The payer signs the transaction, so the node lists it under the payer's wallet; a shop's account would have
        the transactions of all its buyers. Only those are read whose memo was issued in the payment's second.
        """
        first = money.valid_before - OFFER_SECONDS - _SKEW_SECONDS
        before: dict[str, str] = {}
        for _ in range(_PAGES):
            page = await self._node("getSignaturesForAddress", [money.payer, {"limit": _PAGE, **_CONFIRMED, **before}])
            for each in page:
                if each.get("blockTime") is not None and each["blockTime"] < first:
                    return None
                if _may_be(each, money) and await self._is(each["signature"], money):
                    if each["err"] is not None:
                        # The chain takes a transaction once, also when it fails.
                        raise SpentElsewhere
                    return Transfer(each["signature"], money.amount, each["slot"])
            if len(page) < _PAGE:
                return None
            before = {"before": page[-1]["signature"]}
        raise LookupError("the payer has more transactions than were searched")

    async def is_used(self, money: Money) -> bool:
        """Whether the chain has taken the payment's transaction, successful or not."""
        try:
            return await self.find_transfer(money) is not None
        except SpentElsewhere:
            return True

    async def is_over(self, money: Money) -> bool:
        """Whether no block can take the payment any more: its blockhash is too old for the newest final block.

        The newest final block may also be too old to know the blockhash; then the newest block of all knows it. A node
        that lags behind knows it in neither, so its clock must be past the payment's time as well.
        """
        slot = await self._node("getSlot", [_FINALIZED])
        now = await self._node("getBlockTime", [slot])
        if now is None or now < money.valid_before + _FINAL_SECONDS:
            return False
        for commitment in (_PROCESSED, _FINALIZED):
            valid = await self._node("isBlockhashValid", [blockhash_of(money.nonce), commitment])
            if valid["value"]:
                return False
        return True

    async def carries(self, transaction: str, payload: PaymentPayload) -> bool:
        """Whether it is the same message with the same signature of the buyer."""
        made = await self._signed_transfer(transaction)
        return made is not None and made.proof == read(payload.payload.get("transaction")).proof

    async def height(self) -> int:
        """The newest confirmed slot."""
        return int(await self._node("getSlot", [_CONFIRMED]))

    async def height_at(self, seconds: int) -> int:
        """About the slot of that time: a slot never takes less than its time, so this is rather too old."""
        slot = await self._node("getSlot", [_FINALIZED])
        now = await self._node("getBlockTime", [slot])
        return max(0, int(slot - (now - seconds) / _SLOT_SECONDS))

    async def incoming(self, asset: str, pay_to: str, first: int, last: int) -> list[Incoming]:
        """The successful transactions of the wallet's token account, whichever way they change it."""
        token = await self._account(asset)
        found: list[Incoming] = []
        before: dict[str, str] = {}
        for _ in range(_INCOMING_PAGES):
            place = derive_ata(pay_to, asset, token["owner"])
            page = await self._node("getSignaturesForAddress", [place, {"limit": _PAGE, **_CONFIRMED, **before}])
            found += [
                Incoming(each["signature"], each["slot"])
                for each in page
                if each["err"] is None and first <= each["slot"] <= last
            ]
            if len(page) < _PAGE or page[-1]["slot"] < first:
                return found[::-1]
            before = {"before": page[-1]["signature"]}
        raise LookupError("the account has more transactions than were searched")

    async def signed_in(self, transaction: str, asset: str, pay_to: str) -> list[Signed]:
        """The transfer, when the transaction has the form of a payment: one transfer and one memo."""
        made = await self._signed_transfer(transaction)
        ours = made is not None and made.pays(pay_to, asset) and issued_at(made.memo) is not None
        return [Signed(made.payer, made.nonce, made.amount)] if made is not None and ours else []

    async def _signed_transfer(self, transaction: str) -> SignedTransfer | None:
        found = await self._transaction(transaction, "base64")
        if found is None:
            raise LookupError(f"the node does not have transaction {transaction}")
        try:
            return read(found["transaction"][0])
        except ValueError:
            return None

    async def count_transfers(self, transaction: str, asset: str, to: str, amount: int) -> int:
        """Count the matching transfers of a transaction, those made by programs included."""
        found = await self._transaction(transaction, "jsonParsed")
        if found is None or found["meta"] is None or found["meta"]["err"] is not None:
            return 0
        keys = [each["pubkey"] for each in found["transaction"]["message"]["accountKeys"]]
        theirs = {
            keys[each["accountIndex"]]
            for each in found["meta"]["postTokenBalances"]
            if each["mint"] == asset and each.get("owner") == to
        }
        return sum(
            each["type"] in _TRANSFERS
            and each["info"]["destination"] in theirs
            and str(each["info"].get("amount") or each["info"]["tokenAmount"]["amount"]) == str(amount)
            for each in _parsed(found)
        )

    async def _is(self, signature: str, money: Money) -> bool:
        found = await self._transaction(signature, "base64")
        if found is None:
            # It is listed, but the node does not have it. Reporting "did not move" would lose the buyer's money.
            raise LookupError(f"the node lists transaction {signature} and does not have it")
        return nonce_of(VersionedTransaction.from_bytes(base64.b64decode(found["transaction"][0]))) == money.nonce

    async def _account(self, address: str) -> Any:
        found = await self._node("getAccountInfo", [address, {"encoding": "base64", **_CONFIRMED}])
        return found["value"]

    async def _transaction(self, signature: str, encoding: str) -> Any:
        options = {"encoding": encoding, "maxSupportedTransactionVersion": 0, **_CONFIRMED}
        return await self._node("getTransaction", [signature, options])


def _may_be(listed: Any, money: Money) -> bool:
    """Whether a listed transaction has a memo of the payment's time; True where the node does not list memos."""
    if "memo" not in listed:
        return True
    memo = _MEMO.fullmatch(listed["memo"] or "")
    return memo is not None and issued_at(memo[1]) == money.valid_before - OFFER_SECONDS


def _parsed(transaction: Any) -> Iterator[Any]:
    """The instructions of a transaction that the node could parse, with those that programs called."""
    inner = [each["instructions"] for each in transaction["meta"].get("innerInstructions") or ()]
    for group in (transaction["transaction"]["message"]["instructions"], *inner):
        for each in group:
            if isinstance(each.get("parsed"), dict) and "info" in each["parsed"]:
                yield each["parsed"]

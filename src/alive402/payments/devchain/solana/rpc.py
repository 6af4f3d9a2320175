"""Read-only JSON-RPC of a Solana dev chain: the methods that buyers, facilitators and the service's reader call."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

from solders.pubkey import Pubkey
from x402.mechanisms.svm.constants import MEMO_PROGRAM_ADDRESS, TOKEN_PROGRAM_ADDRESS

from alive402.payments.devchain.solana.chain import SolanaDevChain
from alive402.payments.devchain.solana.history import Run
from alive402.payments.x402.schemes import ChainReader
from alive402.payments.x402.schemes.exact_svm import USDC_DEVNET, SolanaReader

# Devnet's.
_GENESIS = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"
_TRANSFER_CHECKED = 12
_MOST = 1_000


class UnknownMethod(Exception):
    """The node does not have this method."""


def reader(chain: SolanaDevChain) -> ChainReader:
    """What decides whether a payment moved on the chain."""
    rpc = Rpc(chain)

    async def node(method: str, params: list[Any]) -> Any:
        return await asyncio.to_thread(rpc.call, method, params)

    return SolanaReader(node)


class Rpc:
    """The methods over one chain. A transaction here is final at once, so the commitment makes no difference."""

    def __init__(self, chain: SolanaDevChain) -> None:
        self._chain = chain
        self._methods: dict[str, Callable[..., Any]] = {
            "getAccountInfo": self._account,
            "getBalance": lambda address, *_: self._framed(getattr(chain.account(address), "lamports", 0)),
            "getBlockHeight": lambda *_: chain.slot,
            "getBlockTime": lambda slot, *_: chain.time_of(int(slot)),
            "getGenesisHash": lambda *_: _GENESIS,
            "getHealth": lambda *_: "ok",
            "getLatestBlockhash": self._blockhash,
            "getSignatureStatuses": self._statuses,
            "getSignaturesForAddress": self._signatures,
            "getSlot": lambda *_: chain.slot,
            "getTokenAccountBalance": self._tokens,
            "getTransaction": self._transaction,
            "getVersion": lambda *_: {"solana-core": "2.0.0", "feature-set": 0},
            "isBlockhashValid": lambda name, *_: self._framed(chain.is_blockhash_valid(name)),
        }

    def call(self, method: str, params: list[Any]) -> Any:
        """The `result` of a call.

        Raises:
            UnknownMethod: the node does not have it.
            Exception: the parameters are wrong.
        """
        if method not in self._methods:
            raise UnknownMethod(f"The methods of this node are {', '.join(self._methods)}.")
        return self._methods[method](*params)

    def _framed(self, value: Any) -> dict[str, Any]:
        return {"context": {"slot": self._chain.slot, "apiVersion": "2.0.0"}, "value": value}

    def _account(self, address: str, *_: Any) -> dict[str, Any]:
        found = self._chain.account(address)
        if found is None:
            return self._framed(None)
        data = bytes(found.data)
        return self._framed(
            {
                "lamports": found.lamports,
                "data": [base64.b64encode(data).decode(), "base64"],
                "owner": str(found.owner),
                "executable": found.executable,
                "rentEpoch": 0,
                "space": len(data),
            }
        )

    def _blockhash(self, *_: Any) -> dict[str, Any]:
        name, last = self._chain.latest_blockhash()
        return self._framed({"blockhash": name, "lastValidBlockHeight": last})

    def _tokens(self, address: str, *_: Any) -> dict[str, Any]:
        found = self._chain.account(address)
        if found is None:
            raise ValueError("There is no such account.")
        amount = int.from_bytes(bytes(found.data)[64:72], "little")
        return self._framed(_amount(amount))

    def _statuses(self, signatures: list[str], *_: Any) -> dict[str, Any]:
        done = {"confirmations": None, "err": None, "status": {"Ok": None}, "confirmationStatus": "finalized"}
        runs = [self._chain.history.find(each) for each in signatures]
        return self._framed([{"slot": run.slot, **done} if run else None for run in runs])

    def _signatures(self, address: str, options: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        options = options or {}
        runs = self._chain.history.naming(
            str(Pubkey.from_string(address)), min(int(options.get("limit", _MOST)), _MOST), options.get("before")
        )
        return [
            {
                "signature": run.signature,
                "slot": run.slot,
                "blockTime": run.at,
                "err": None,
                "memo": _memo(run),
                "confirmationStatus": "finalized",
            }
            for run in runs
        ]

    def _transaction(self, signature: str, options: dict[str, Any] | None = None) -> dict[str, Any] | None:
        run = self._chain.history.find(signature)
        if run is None:
            return None
        parsed = (options or {}).get("encoding") == "jsonParsed"
        raw = [base64.b64encode(bytes(run.transaction)).decode(), "base64"]
        return {
            "slot": run.slot,
            "blockTime": run.at,
            "version": 0,
            "transaction": _readable(run) if parsed else raw,
            "meta": {"err": None, "innerInstructions": [], "postTokenBalances": self._held(run)},
        }

    def _held(self, run: Run) -> list[dict[str, Any]]:
        """The token accounts that a transaction names, with their owners."""
        held = []
        for index, key in enumerate(run.keys):
            account = self._chain.account(key)
            data = bytes(account.data) if account else b""
            if account is not None and str(account.owner) == TOKEN_PROGRAM_ADDRESS and len(data) == 165:
                owner, amount = str(Pubkey.from_bytes(data[32:64])), int.from_bytes(data[64:72], "little")
                held.append(
                    {"accountIndex": index, "mint": USDC_DEVNET, "owner": owner, "uiTokenAmount": _amount(amount)}
                )
        return held


def _amount(amount: int) -> dict[str, Any]:
    return {"amount": str(amount), "decimals": 6, "uiAmount": amount / 1e6, "uiAmountString": f"{amount / 1e6:f}"}


def _memo(run: Run) -> str | None:
    memos = [
        bytes(each.data)
        for each in run.transaction.message.instructions
        if run.keys[each.program_id_index] == MEMO_PROGRAM_ADDRESS
    ]
    return "; ".join(f"[{len(memo)}] {memo.decode(errors='replace')}" for memo in memos) or None


def _readable(run: Run) -> dict[str, Any]:
    """A transaction as `jsonParsed`: the transfers of tokens are parsed, nothing else."""
    keys = run.keys
    instructions = []
    for each in run.transaction.message.instructions:
        program, data, accounts = keys[each.program_id_index], bytes(each.data), [keys[i] for i in each.accounts]
        shown: dict[str, Any] = {"programId": program, "accounts": accounts, "stackHeight": None}
        if program == TOKEN_PROGRAM_ADDRESS and data[:1] == bytes([_TRANSFER_CHECKED]):
            source, mint, destination, authority = accounts[:4]
            info: dict[str, Any] = {"source": source, "mint": mint, "destination": destination, "authority": authority}
            info["tokenAmount"] = _amount(int.from_bytes(data[1:9], "little"))
            shown = {"program": "spl-token", "programId": program, "parsed": {"type": "transferChecked", "info": info}}
        instructions.append(shown)
    return {
        "signatures": [str(signature) for signature in run.transaction.signatures],
        "message": {"accountKeys": [{"pubkey": key} for key in keys], "instructions": instructions},
    }

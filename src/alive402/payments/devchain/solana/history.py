"""The transactions that a Solana dev chain has run, in order."""

from __future__ import annotations

from dataclasses import dataclass

from solders.transaction import VersionedTransaction


@dataclass(frozen=True, slots=True)
class Run:
    """A transaction that succeeded, with its slot and unix time."""

    signature: str
    transaction: VersionedTransaction
    slot: int
    at: int

    @property
    def keys(self) -> list[str]:
        """The addresses that it names."""
        return [str(key) for key in self.transaction.message.account_keys]


class History:
    """Every transaction of the chain."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    def add(self, transaction: VersionedTransaction, slot: int, at: int) -> str:
        """Keep a transaction; returns its signature."""
        signature = str(transaction.signatures[0])
        self._runs[signature] = Run(signature, transaction, slot, at)
        return signature

    def find(self, signature: str) -> Run | None:
        """The transaction with this signature, or None."""
        return self._runs.get(signature)

    def naming(self, address: str, limit: int, before: str | None) -> list[Run]:
        """The newest transactions that name an address, newest first, older than the signature `before`."""
        runs = list(reversed(self._runs.values()))
        if before is not None:
            place = next((place for place, run in enumerate(runs) if run.signature == before), len(runs))
            runs = runs[place + 1 :]
        return [run for run in runs if address in run.keys][:limit]

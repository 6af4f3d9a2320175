"""Solana's virtual machine in this process, with devnet's id and test money at the address of its USDC.

x402's clients know three networks of Solana only, so an unmodified client can pay here. The chain ends with the
process.
"""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable
from typing import Any

from solders.account import Account
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata
from x402.mechanisms.svm.constants import TOKEN_PROGRAM_ADDRESS
from x402.mechanisms.svm.utils import derive_ata

from alive402.payments.devchain.solana.history import History
from alive402.payments.x402.schemes.exact_svm import USDC_DEVNET

SLOT_SECONDS = 0.4
LIFE_SLOTS = 150
_DECIMALS = 6
_LAMPORTS = 10**12
_RENT = 10**9
_TOKENS = Pubkey.from_string(TOKEN_PROGRAM_ADDRESS)
_MINT = Pubkey.from_string(USDC_DEVNET)


class Refused(Exception):
    """The chain does not take a transaction; it changes nothing."""


class SolanaDevChain:
    """A chain with one token and one operator account that pays fees. Thread-safe: one lock guards the machine.

    The machine has no clock and one blockhash. Slots are therefore counted by `clock` here, and each blockhash is valid
    for 150 of them, as on the real network.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.lock = threading.RLock()
        self.operator = Keypair()
        self.history = History()
        self._clock, self._began = clock, clock()
        self._skipped = 0.0
        self._blockhashes: dict[str, int] = {}
        self._machine = LiteSVM().with_blockhash_check(False)
        self._machine.airdrop(self.operator.pubkey(), _LAMPORTS)
        self._machine.set_account(_MINT, _account(_mint(self.operator.pubkey())))

    @staticmethod
    def new_account() -> str:
        """The address of a new wallet, whose key nobody keeps."""
        return str(Keypair().pubkey())

    def mint(self, owner: str, amount: int) -> None:
        """Add `amount` atomic units of test money to a wallet; makes its token account.

        Raises:
            ValueError: `owner` is not an address.
        """
        with self.lock:
            self._machine.set_account(_ata(owner), _account(_tokens(owner, self.balance(owner) + amount)))

    def balance(self, owner: str) -> int:
        """The test money of a wallet, in atomic units; 0 without a token account."""
        with self.lock:
            found = self._machine.get_account(_ata(owner))
        return int.from_bytes(bytes(found.data)[64:72], "little") if found else 0

    def account(self, address: str) -> Any:
        """An account as the machine has it, or None."""
        with self.lock:
            return self._machine.get_account(Pubkey.from_string(address))

    def skip(self, seconds: float) -> None:
        """Let time pass."""
        self._skipped += seconds

    @property
    def now(self) -> int:
        """The chain's time in unix seconds."""
        return int(self._clock() + self._skipped)

    @property
    def slot(self) -> int:
        """The newest slot."""
        return int((self._clock() + self._skipped - self._began) / SLOT_SECONDS) + 1

    def time_of(self, slot: int) -> int:
        """The unix time of a slot."""
        return int(self._began + (slot - 1) * SLOT_SECONDS)

    def latest_blockhash(self) -> tuple[str, int]:
        """The newest blockhash, and the last slot in which it is valid."""
        with self.lock:
            slot = self.slot
            self._blockhashes = {name: made for name, made in self._blockhashes.items() if slot - made <= LIFE_SLOTS}
            name = next((name for name, made in self._blockhashes.items() if made == slot), None)
            if name is None:
                name = str(Hash.new_unique())
                self._blockhashes[name] = slot
            return name, slot + LIFE_SLOTS

    def is_blockhash_valid(self, blockhash: str) -> bool:
        """Whether a transaction may name this blockhash now."""
        with self.lock:
            made = self._blockhashes.get(blockhash)
            return made is not None and self.slot - made <= LIFE_SLOTS

    def simulate(self, transaction: VersionedTransaction) -> None:
        """Try a transaction without a change.

        Raises:
            Refused: it would fail.
        """
        with self.lock:
            self._check_age(transaction)
            tried = self._machine.simulate_transaction(transaction)
        if isinstance(tried, FailedTransactionMetadata):
            raise Refused(str(tried.err()))

    def send(self, transaction: VersionedTransaction) -> str:
        """Run a fully signed transaction; returns its signature.

        Raises:
            Refused: it failed, or was run before.
        """
        with self.lock:
            self._check_age(transaction)
            done = self._machine.send_transaction(transaction)
            if isinstance(done, FailedTransactionMetadata):
                raise Refused(str(done.err()))
            return self.history.add(transaction, self.slot, self.now)

    def transfer(self, sender: Keypair, to: str, *amounts: int) -> str:
        """Send test money in one transaction, one transfer an amount; the operator pays the fee."""
        owner = sender.pubkey()
        accounts = [
            AccountMeta(_ata(str(owner)), is_signer=False, is_writable=True),
            AccountMeta(_MINT, is_signer=False, is_writable=False),
            AccountMeta(_ata(to), is_signer=False, is_writable=True),
            AccountMeta(owner, is_signer=True, is_writable=False),
        ]
        instructions = [
            Instruction(_TOKENS, bytes([12]) + amount.to_bytes(8, "little") + bytes([_DECIMALS]), accounts)
            for amount in amounts
        ]
        blockhash = Hash.from_string(self.latest_blockhash()[0])
        message = MessageV0.try_compile(self.operator.pubkey(), instructions, [], blockhash)
        return self.send(VersionedTransaction(message, [self.operator, sender]))

    def _check_age(self, transaction: VersionedTransaction) -> None:
        if not self.is_blockhash_valid(str(transaction.message.recent_blockhash)):
            raise Refused("BlockhashNotFound")


def _ata(owner: str) -> Pubkey:
    return Pubkey.from_string(derive_ata(owner, USDC_DEVNET))


def _account(data: bytes) -> Account:
    return Account(_RENT, data, _TOKENS)


def _mint(authority: Pubkey) -> bytes:
    """The data of a mint: authority, supply, decimals, initialised, no freeze authority."""
    return struct.pack("<I32sQBBI32s", 1, bytes(authority), 10**15, _DECIMALS, 1, 0, bytes(32))


def _tokens(owner: str, amount: int) -> bytes:
    """The data of a token account: mint, owner, amount, initialised; no delegate and no other authority."""
    head = bytes(_MINT) + bytes(Pubkey.from_string(owner)) + struct.pack("<Q", amount)
    return head + struct.pack("<I32sBIQQI32s", 0, bytes(32), 1, 0, 0, 0, 0, bytes(32))

"""Reads a signed Solana transaction: exactly one TransferChecked of a token program, and one memo."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from solders.transaction import VersionedTransaction
from x402.mechanisms.svm.constants import MEMO_PROGRAM_ADDRESS, TOKEN_2022_PROGRAM_ADDRESS, TOKEN_PROGRAM_ADDRESS
from x402.mechanisms.svm.utils import derive_ata, extract_transaction_info

# A Solana packet has 1,232 bytes.
_LONGEST = 1_644
_TOKEN_PROGRAMS = (TOKEN_PROGRAM_ADDRESS, TOKEN_2022_PROGRAM_ADDRESS)
_HASH_CHARACTERS = 27


@dataclass(frozen=True, slots=True)
class SignedTransfer:
    """What the buyer signed. `nonce` identifies the message, which does not contain the fee payer's signature.

    `proof` is the sha256 of the message with the buyer's own signature. Addresses are base58.
    """

    payer: str
    mint: str
    destination: str
    token_program: str
    amount: int
    memo: str
    nonce: str
    proof: str

    def pays(self, owner: str, mint: str) -> bool:
        """Whether it moves `mint` to the associated token account of a wallet."""
        return self.mint == mint and self.destination == derive_ata(owner, mint, self.token_program)


def read(encoded: object) -> SignedTransfer:
    """Read a transaction in base64.

    Raises:
        ValueError: it is not a transaction with one transfer and one memo that the payer has signed.
    """
    if not isinstance(encoded, str) or len(encoded) > _LONGEST:
        raise ValueError("not a transaction in base64")
    try:
        return _read(base64.b64decode(encoded, validate=True))
    # Solders and the package raise errors of their own and IndexError for accounts that a message does not have.
    except (ValueError, IndexError, AttributeError, binascii.Error) as error:
        raise ValueError("not a transaction with one transfer and one memo") from error


def nonce_of(transaction: VersionedTransaction) -> str:
    """160 bits of the sha256 of the message, and the blockhash that ends the transaction's life.

    The signatures do not count: the sender may fill in any bytes for the fee payer's, without changing the message.
    """
    digest = base64.urlsafe_b64encode(hashlib.sha256(bytes(transaction.message)).digest()).decode()
    return f"{digest[:_HASH_CHARACTERS]}.{transaction.message.recent_blockhash}"


def blockhash_of(nonce: str) -> str:
    """The blockhash in a nonce."""
    return nonce.partition(".")[2]


def _read(raw: bytes) -> SignedTransfer:
    transaction = VersionedTransaction.from_bytes(raw)
    if bytes(transaction) != raw:
        raise ValueError("more than a transaction")
    message = transaction.message
    keys = [str(key) for key in message.account_keys]
    programs = [(keys[each.program_id_index], bytes(each.data)) for each in message.instructions]
    memos = [data.decode() for program, data in programs if program == MEMO_PROGRAM_ADDRESS]
    transfer = extract_transaction_info(transaction)
    if transfer is None or len(memos) != 1 or sum(program in _TOKEN_PROGRAMS for program, _ in programs) != 1:
        raise ValueError("not one transfer and one memo")
    place = keys.index(transfer.payer)
    if place >= message.header.num_required_signatures:
        raise ValueError("the payer does not sign")
    signature = bytes(transaction.signatures[place])
    if not any(signature):
        raise ValueError("the payer has not signed")
    return SignedTransfer(
        payer=transfer.payer,
        mint=transfer.mint,
        destination=transfer.destination_ata,
        token_program=transfer.token_program,
        amount=transfer.amount,
        memo=memos[0],
        nonce=nonce_of(transaction),
        proof=hashlib.sha256(bytes(message) + signature).hexdigest(),
    )

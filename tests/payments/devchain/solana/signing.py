"""Signs a payment on a Solana dev chain without a client, so that each part of it can be wrong."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from x402.mechanisms.svm.constants import COMPUTE_BUDGET_PROGRAM_ADDRESS, MEMO_PROGRAM_ADDRESS, TOKEN_PROGRAM_ADDRESS
from x402.mechanisms.svm.utils import derive_ata
from x402.schemas import PaymentPayload, PaymentRequirements

from alive402.payments.devchain.solana import MINT, NETWORK, SolanaDevChain
from alive402.payments.x402.schemes import Terms
from alive402.payments.x402.schemes.exact_svm import EXACT_SVM

PRICE = 200_000
PATH = "/api/tools/video-face-liveness-detection"
TOKENS = Pubkey.from_string(TOKEN_PROGRAM_ADDRESS)


def asked(chain: SolanaDevChain, shop: str, path: str = PATH) -> PaymentRequirements:
    """The entry of `accepts` of one 402 answer."""
    terms = Terms(NETWORK, MINT, PRICE, shop, 60)
    plain = EXACT_SVM.requirements(terms, {"feePayer": str(chain.operator.pubkey())})
    return EXACT_SVM.offer(plain, path)  # type: ignore[attr-defined,no-any-return]


def transfer(owner: str, to: str, amount: int = PRICE, mint: str = MINT) -> Instruction:
    """A TransferChecked between the associated accounts of two wallets."""
    source, destination = (Pubkey.from_string(derive_ata(each, mint)) for each in (owner, to))
    accounts = [
        AccountMeta(source, is_signer=False, is_writable=True),
        AccountMeta(Pubkey.from_string(mint), is_signer=False, is_writable=False),
        AccountMeta(destination, is_signer=False, is_writable=True),
        AccountMeta(Pubkey.from_string(owner), is_signer=True, is_writable=False),
    ]
    return Instruction(TOKENS, bytes([12]) + amount.to_bytes(8, "little") + bytes([6]), accounts)


def memo(text: str) -> Instruction:
    """A memo."""
    return Instruction(Pubkey.from_string(MEMO_PROGRAM_ADDRESS), text.encode(), [])


def transaction(
    chain: SolanaDevChain,
    keypair: Keypair,
    instructions: Sequence[Instruction],
    *,
    signed: bool = True,
    legacy: bool = False,
) -> VersionedTransaction:
    """A transaction as a buyer sends it: with its own signature, without the fee payer's."""
    budget = Pubkey.from_string(COMPUTE_BUDGET_PROGRAM_ADDRESS)
    limits = [
        Instruction(budget, bytes([2]) + (60_000).to_bytes(4, "little"), []),
        Instruction(budget, bytes([3]) + (1).to_bytes(8, "little"), []),
    ]
    payer, blockhash = chain.operator.pubkey(), Hash.from_string(chain.latest_blockhash()[0])
    whole = [*limits, *instructions]
    message: Any
    if legacy:
        message = Message.new_with_blockhash(whole, payer, blockhash)
        mine = keypair.sign_message(bytes(message))
    else:
        message = MessageV0.try_compile(payer, whole, [], blockhash)
        mine = keypair.sign_message(bytes([0x80]) + bytes(message))
    mine = mine if signed else Signature.default()
    return VersionedTransaction.populate(message, [Signature.default(), mine][: message.header.num_required_signatures])


def payload(accepted: PaymentRequirements, sent: VersionedTransaction) -> PaymentPayload:
    """The payload of a transaction."""
    encoded = base64.b64encode(bytes(sent)).decode()
    return PaymentPayload(payload={"transaction": encoded}, accepted=accepted)


def signed(chain: SolanaDevChain, keypair: Keypair, accepted: PaymentRequirements) -> PaymentPayload:
    """A payment as x402's client makes it."""
    steps = [transfer(str(keypair.pubkey()), accepted.pay_to), memo(accepted.extra["memo"])]
    return payload(accepted, transaction(chain, keypair, steps))

"""The scheme's `Scheme`: reads and checks a signed transaction. Addresses are base58, where case matters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import ModuleType
from typing import Any, cast

from x402.interfaces import SchemeNetworkServer
from x402.schemas import PaymentPayload, PaymentRequirements

from alive402.payments.core import Money, PaymentMalformed, PaymentMismatch, PaymentsMisconfigured
from alive402.payments.x402.schemes.base import NOTHING, ChainReader, Scheme, Terms
from alive402.payments.x402.schemes.exact_svm import memo, options

_BASE58 = "[1-9A-HJ-NP-Za-km-z]"
_ADDRESS = re.compile(f"{_BASE58}{{32,44}}")
_TRANSACTION = re.compile(f"{_BASE58}{{64,88}}")
_NONCE = re.compile(f"[A-Za-z0-9_-]{{27}}\\.{_BASE58}{{32,44}}")
_LIFE_SECONDS = 60
_MISSING = "Payment on Solana needs the `solana` extra: pip install 'alive402[server,solana]'."


class ExactSvm:
    """A transaction of SPL tokens that the buyer has signed and the facilitator signs as fee payer and sends.

    It is valid for 150 blocks after the block that it names, about a minute, so it pays for work that starts at once.
    """

    name = options.NAME
    family = options.FAMILY
    method = "solana"
    transaction_form = "64 to 88 base58 characters"
    life_seconds = _LIFE_SECONDS
    settles_less = False
    # It simulates the transaction, which fails when the chain has taken it before.
    verify_sees_used = True

    def __init__(self) -> None:
        self.network_titles: Mapping[str, str] = options.NETWORK_TITLES
        # Version 1's clients refuse a document that names a network they do not know, so it never offers Solana.
        self.v1_networks: Mapping[str, str] = {}

    @cached_property
    def server(self) -> SchemeNetworkServer:
        """The x402 package's server side of the scheme.

        Raises:
            PaymentsMisconfigured: the extra is not installed.
        """
        try:
            from x402.mechanisms.svm.exact import ExactSvmServerScheme
        except ImportError as error:
            raise PaymentsMisconfigured(_MISSING) from error
        return cast(SchemeNetworkServer, ExactSvmServerScheme())

    def connect(self, url: str) -> ChainReader:
        """A reader over the node's JSON-RPC.

        Raises:
            PaymentsMisconfigured: the extra is not installed.
        """
        try:
            from alive402.payments.x402.schemes.exact_svm.chain import SolanaReader, http_node
        except ImportError as error:
            raise PaymentsMisconfigured(_MISSING) from error
        return SolanaReader(http_node(url))

    def default_asset(self, network: str) -> str | None:
        """The network's USDC."""
        return options.default_asset(network)

    def requirements(self, terms: Terms, offered: Mapping[str, Any] = NOTHING) -> PaymentRequirements:
        """The terms, with the facilitator's fee payer as `extra`."""
        return options.requirements(terms, offered)

    def problem(self, requirements: PaymentRequirements) -> str | None:
        """Whether the fee payer is missing."""
        return options.problem(requirements)

    def offer(self, asked: PaymentRequirements, path: str) -> PaymentRequirements:
        """The requirements with a memo for one 402 answer of `path`."""
        return asked.model_copy(update={"extra": {**asked.extra, "memo": memo.new(path)}})

    def answers(self, payload: PaymentPayload, path: str) -> bool:
        """Whether the memo in the transaction was issued for `path`."""
        return memo.is_for(_transaction().read(payload.payload.get("transaction")).memo, path)

    def handles(self, accepted: PaymentRequirements) -> bool:
        """Whether they are `exact` on Solana."""
        return accepted.scheme == self.name and accepted.network.partition(":")[0] == self.family

    def money(self, payload: PaymentPayload) -> Money:
        """The money of a transaction: payer, amount and token as signed, and the recipient that it was checked for.

        Raises:
            PaymentMalformed: the payload has no transaction with one transfer, one memo and the payer's signature.
            PaymentMismatch: the transfer is not the one that `accepted` states, or its memo is not ours.
        """
        accepted = payload.accepted
        if not (self.is_address(accepted.asset) and self.is_address(accepted.pay_to)):
            raise PaymentMalformed
        try:
            signed = _transaction().read(payload.payload.get("transaction"))
            as_stated = signed.pays(accepted.pay_to, accepted.asset) and str(signed.amount) == accepted.amount
        except ValueError as error:
            raise PaymentMalformed from error
        issued = memo.issued_at(signed.memo)
        if not as_stated or issued is None:
            raise PaymentMismatch(reason="terms" if issued is not None else "memo")
        return Money(
            network=accepted.network,
            asset=signed.mint,
            payer=signed.payer,
            nonce=signed.nonce,
            pay_to=accepted.pay_to,
            amount=signed.amount,
            valid_before=issued + memo.OFFER_SECONDS,
            proof=signed.proof,
        )

    def from_v1(self, payload: dict[str, Any], asked: Sequence[PaymentRequirements]) -> PaymentPayload:
        """Refuse: version 1 is not offered on Solana."""
        raise PaymentMismatch(reason="terms")

    def signed(self, money: Money) -> bool:
        """Whether the nonce is that of a transaction."""
        return money.network.partition(":")[0] == self.family and _NONCE.fullmatch(money.nonce) is not None

    def spelled(self, text: str) -> str:
        """The text itself: base58 has one spelling."""
        return text

    def shown(self, address: str) -> str:
        """The address itself."""
        return address

    def is_address(self, text: str) -> bool:
        """Whether it is 32 to 44 base58 characters."""
        return _ADDRESS.fullmatch(text) is not None

    def is_transaction(self, text: str) -> bool:
        """Whether it is 64 to 88 base58 characters."""
        return _TRANSACTION.fullmatch(text) is not None


def _transaction() -> ModuleType:
    """The module that reads transactions, which needs the extra.

    Raises:
        PaymentMismatch: the extra is not installed, so Solana is not accepted here.
    """
    try:
        from alive402.payments.x402.schemes.exact_svm import transaction
    except ImportError as error:
        raise PaymentMismatch(reason="terms") from error
    return transaction


EXACT_SVM: Scheme = ExactSvm()

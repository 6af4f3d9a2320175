"""Wallet of a buyer: signs x402 payments with the official client, within a cap for each payment and for all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeVar

from alive402.client.errors import NoWayToPay, SpendCapExceeded

if TYPE_CHECKING:
    from x402 import x402Client, x402ClientSync

    Payer = TypeVar("Payer", x402Client, x402ClientSync)

CENTS = Decimal("0.01")
_INSTALL = "Buying needs the `client` extra: pip install 'alive402[client]'"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed payment: its header, its price in USD, and its payer."""

    header: str
    usd: Decimal
    payer: str


def check_extra() -> None:
    """Check that the libraries for signing and verifying are installed, before anything is paid.

    Raises:
        NoWayToPay: the extra is missing.
    """
    try:
        import cryptography
        import eth_account
        import jwt
        import x402
    except ImportError as error:
        raise NoWayToPay(_INSTALL) from error
    assert all((cryptography, eth_account, jwt, x402))


def evm_payer(client: Payer, account: Any) -> Payer:
    """Register an account of `eth_account` with an official x402 client, for all EVM networks."""
    from x402.mechanisms.evm.exact import register_exact_evm_client
    from x402.mechanisms.evm.signers import EthAccountSigner

    return register_exact_evm_client(client, EthAccountSigner(account))


def same_wallet(one: str, other: str) -> bool:
    """Whether two spellings of an EVM address are the same."""
    return one.lower() == other.lower()


def usd(given: str | int | float | Decimal) -> Decimal:
    """An amount of dollars.

    Raises:
        ValueError: it is not a positive number.
    """
    try:
        amount = Decimal(str(given).removeprefix("$"))
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise ValueError(f"{given} is not an amount of dollars, such as 0.25.")
    return amount


class Wallet:
    """Signs the payments that a 402 asks for.

    A payment is at most `max_usd`, and all payments together `budget_usd`. Only tokens that x402 knows as dollars are
    paid. What a call that failed did not charge is free again.
    """

    def __init__(self, account: Any, max_usd: Decimal, budget_usd: Decimal | None = None) -> None:
        from eth_account import Account
        from x402 import x402ClientSync

        try:
            self.account = Account.from_key(account) if isinstance(account, str | bytes) else account
        except Exception:
            # The library's message may hold the key.
            raise NoWayToPay("This is no private key of a wallet: 64 hexadecimal digits after 0x.") from None
        self._client = evm_payer(x402ClientSync(), self.account)
        self._most, self._left = max_usd, budget_usd

    @classmethod
    def new(cls, max_usd: Decimal) -> Wallet:
        """A wallet with a new key, for test money."""
        return cls(os.urandom(32), max_usd)

    @property
    def address(self) -> str:
        """The address that pays."""
        return str(self.account.address)

    def sign(self, offered: str | None) -> Signed:
        """Sign one of the offers in a PAYMENT-REQUIRED header.

        Raises:
            NoWayToPay: none of the offers can be signed.
            SpendCapExceeded: those that can cost too much.
        """
        from x402.http.utils import decode_payment_required_header, encode_payment_signature_header
        from x402.schemas import NoMatchingRequirementsError

        if offered is None:
            raise NoWayToPay("The service's 402 has no PAYMENT-REQUIRED header. Is this the URL of a service?")
        try:
            required: Any = decode_payment_required_header(offered)
        except ValueError as error:
            raise NoWayToPay("The service's PAYMENT-REQUIRED header cannot be read.") from error
        most = self._most if self._left is None else min(self._most, self._left)
        priced = [price for each in required.accepts if (price := _price(each)) is not None]
        if priced and min(priced) > most:
            raise SpendCapExceeded(
                f"The answer costs {_text(min(priced))} USD, and at most {_text(most)} USD may be spent. "
                "Raise the cap if you agree to that price.",
                details={"price_usd": str(min(priced)), "max_usd": str(most)},
            )
        self._client.set_spend_controls({"max_amount_per_payment": f"${most:f}"})
        try:
            payload: Any = self._client.create_payment_payload(required)
        except NoMatchingRequirementsError as error:
            raise NoWayToPay(
                "None of the service's offers can be paid from this wallet, which pays dollar tokens on EVM networks.",
                details={"offers": [f"{each.scheme} on {each.network}" for each in required.accepts]},
            ) from error
        price = _price(payload.accepted)
        assert price is not None, "the spend controls let only known tokens pass"
        if self._left is not None:
            self._left -= price
        return Signed(encode_payment_signature_header(payload), price, self.address)

    def free(self, amount: Decimal) -> None:
        """Count a signed amount as not spent."""
        if self._left is not None:
            self._left += amount


def _price(offer: Any) -> Decimal | None:
    """The price of an offer in dollars; None for a token that x402 does not know as dollars."""
    from x402.mechanisms.evm.default_assets import find_default_asset

    known = find_default_asset(offer.asset, offer.network) if offer.network.startswith("eip155:") else None
    return Decimal(offer.amount).scaleb(-int(known["decimals"])) if known else None


def _text(amount: Decimal) -> str:
    return f"{amount.quantize(CENTS)}" if amount == amount.quantize(CENTS) else f"{amount.normalize():f}"

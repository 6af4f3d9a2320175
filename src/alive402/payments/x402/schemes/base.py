"""Protocol of a payment scheme: what the other modules call, and the values in its signatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from x402.interfaces import SchemeNetworkServer
from x402.schemas import PaymentPayload, PaymentRequirements

from alive402.payments.core import Money

NOTHING: Mapping[str, Any] = MappingProxyType({})


class SpentElsewhere(Exception):
    """The payment was cancelled, or used for another transfer, so it can never move this money."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The price of one call and its recipient, `amount` in atomic units.

    `name` and `version` are those of the token, for a scheme that signs them; None for a token that x402 knows.
    """

    network: str
    asset: str
    amount: int
    pay_to: str
    max_timeout_seconds: int
    name: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer of a payment, found on chain: its transaction, `amount` in atomic units, and its block or slot."""

    transaction: str
    amount: int
    height: int


@dataclass(frozen=True, slots=True)
class Incoming:
    """A transaction that moves a token to one of our addresses, in as many `transfers`."""

    transaction: str
    height: int
    transfers: int = 1


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed payment that a transaction has moved, in the ledger's spelling; `amount` is what moved."""

    payer: str
    nonce: str
    amount: int


class ChainReader(Protocol):
    """Reads from one chain, in the way of one scheme, whether a payment has moved its money.

    `incoming` may be asked for `heights_at_once`. The `settled_depth` newest heights may still be replaced.
    """

    heights_at_once: int
    settled_depth: int

    async def network(self) -> str:
        """The CAIP-2 id of the chain.

        Raises:
            Exception: the node does not answer.
        """
        ...

    async def find_transfer(self, money: Money, *, less: bool = False) -> Transfer | None:
        """The transfer of exactly this money by exactly this payment; None: it has not moved yet.

        With `less`, a transfer of a smaller amount counts as well.

        Raises:
            SpentElsewhere: the payment is used, but not for this transfer.
            LookupError: the payment is used, and the chain does not show now for what.
            Exception: the node cannot be asked now; nothing is known.
        """
        ...

    async def is_used(self, money: Money) -> bool:
        """Whether the payment's nonce is used on chain, by this transfer or by anything else.

        Raises:
            Exception: the node cannot be asked now.
        """
        ...

    async def is_over(self, money: Money) -> bool:
        """Whether the payment has expired by the chain's clock, and so long ago that no pending block can hold it.

        Raises:
            Exception: the node cannot be asked now.
        """
        ...

    async def carries(self, transaction: str, payload: PaymentPayload) -> bool:
        """Whether a transaction was made with the very signature of a payment.

        Raises:
            Exception: the node cannot be asked now.
        """
        ...

    async def height(self) -> int:
        """The newest block or slot.

        Raises:
            Exception: the node cannot be asked now.
        """
        ...

    async def height_at(self, seconds: int) -> int:
        """About the block or slot of that unix time, or an older one. Raises like `height`."""
        ...

    async def incoming(self, asset: str, pay_to: str, first: int, last: int) -> list[Incoming]:
        """The transactions that moved `asset` to `pay_to` from one height to another, both included, oldest first.

        Raises:
            Exception: the node cannot be asked now.
        """
        ...

    async def signed_in(self, transaction: str, asset: str, pay_to: str) -> list[Signed]:
        """The payments of the reader's scheme among the transfers of a transaction to `pay_to`; others are left out.

        Raises:
            Exception: the node cannot be asked now.
        """
        ...

    async def count_transfers(self, transaction: str, asset: str, to: str, amount: int) -> int:
        """How many times a mined, successful transaction moves exactly `amount` atomic units of `asset` to `to`.

        Raises:
            Exception: the node cannot be asked now.
        """
        ...


class Charge(Protocol):
    """How MPP asks for the payments of a scheme and carries them."""

    @property
    def method(self) -> str:
        """The name of the payment method in MPP."""
        ...

    def request(self, asked: PaymentRequirements) -> dict[str, Any] | None:
        """The charge that asks for the same as an entry of `accepts`; None when the entry is of another scheme."""
        ...

    def payment(
        self, request: Mapping[str, Any], payload: Mapping[str, Any], accepts: Sequence[PaymentRequirements]
    ) -> PaymentPayload:
        """The payload of a credential as an x402 payment for what its charge `request` asked for.

        Raises:
            PaymentMalformed: one of them is not of this method.
        """
        ...

    def binds(self, money: Money, challenge_id: str, realm: str, expires: int) -> bool:
        """Whether the money was signed for this challenge, and for no longer than it is valid (unix seconds)."""
        ...


class Scheme(Protocol):
    """One way to sign a payment on one family of networks. It has no state, and only it knows its fields and spellings.

    A scheme writes addresses, nonces and transactions in one spelling (`spelled`), so that the ledger's unique key
    (network, asset, payer, nonce) catches every spelling of one payment. Where two schemes share a network, `signed`
    tells their money apart by the form of the nonce; schemes whose nonces are the same on chain spell them alike.
    """

    @property
    def name(self) -> str:
        """The `scheme` of an entry of x402's `accepts`."""
        ...

    @property
    def family(self) -> str:
        """The namespace of its networks' CAIP-2 ids."""
        ...

    @property
    def method(self) -> str:
        """The name of the payment method in directories: that of MPP."""
        ...

    @property
    def server(self) -> SchemeNetworkServer:
        """The x402 package's server side of the scheme."""
        ...

    @property
    def network_titles(self) -> Mapping[str, str]:
        """The names of its networks for people, by CAIP-2 id; a network without one is shown by its id."""
        ...

    @property
    def v1_networks(self) -> Mapping[str, str]:
        """The names of its networks in x402 version 1, by CAIP-2 id; empty when version 1 does not have the scheme."""
        ...

    @property
    def transaction_form(self) -> str:
        """The form of a transaction's id, in words."""
        ...

    @property
    def settles_less(self) -> bool:
        """Whether a payment may be settled for less than the amount that was signed."""
        ...

    @property
    def verify_sees_used(self) -> bool:
        """Whether a facilitator's verify refuses a used nonce; where it does not, the chain is asked as well."""
        ...

    def connect(self, url: str) -> ChainReader:
        """A reader of the chain whose node is at `url`; nothing is sent yet."""
        ...

    def default_asset(self, network: str) -> str | None:
        """The token of a network that is accepted when the operator names none; None when none is known."""
        ...

    def requirements(self, terms: Terms, offered: Mapping[str, Any] = NOTHING) -> PaymentRequirements:
        """The terms as an entry of x402's `accepts`, with what a buyer needs to sign in `extra`.

        `offered` is the `extra` of the facilitator's kind at /supported, empty before the facilitator has answered.
        """
        ...

    def problem(self, requirements: PaymentRequirements) -> str | None:
        """Why a buyer could not sign these requirements, as a sentence for the operator; None when one can."""
        ...

    def handles(self, accepted: PaymentRequirements) -> bool:
        """Whether a payment for these requirements is of this scheme."""
        ...

    def money(self, payload: PaymentPayload) -> Money:
        """The money of a payload that it `handles`, after a check of its shape.

        Raises:
            PaymentMalformed: the payload is not a signed payment of this scheme.
        """
        ...

    def from_v1(self, payload: dict[str, Any], asked: Sequence[PaymentRequirements]) -> PaymentPayload:
        """A version 1 payload as version 2. `asked` are the requirements of its network, as version 1 names no token.

        Raises:
            PaymentMalformed: the payload is not a signed payment of this scheme.
            PaymentMismatch: `asked` is empty.
        """
        ...

    def signed(self, money: Money) -> bool:
        """Whether a payment of this scheme carries this money."""
        ...

    def spelled(self, text: str) -> str:
        """An address or a transaction's id in the ledger's spelling; equal ones are the same."""
        ...

    def shown(self, address: str) -> str:
        """An address in the ledger's spelling as wallets show it."""
        ...

    def is_address(self, text: str) -> bool:
        """Whether a text has the form of an address."""
        ...

    def is_transaction(self, text: str) -> bool:
        """Whether a text has the form of a transaction's id."""
        ...


@runtime_checkable
class ShortLived(Protocol):
    """What a `Scheme` also has when a payment lives for a minute only, and is signed for one 402 answer.

    Such a payment pays for work that starts at once. Its `valid_before` is the end of the time in which it is accepted.
    """

    @property
    def life_seconds(self) -> int:
        """About how long a signed payment can move its money."""
        ...

    def offer(self, asked: PaymentRequirements, path: str) -> PaymentRequirements:
        """The requirements for one 402 answer of `path`, with what makes the payment one for this answer."""
        ...

    def answers(self, payload: PaymentPayload, path: str) -> bool:
        """Whether a payload that `money` has read was signed for a 402 answer of `path`."""
        ...


@runtime_checkable
class ChecksReceiver(Protocol):
    """What a `ChainReader` also has when a wallet must be prepared before it can receive a token."""

    async def receiver_problem(self, asset: str, pay_to: str) -> str | None:
        """Why `pay_to` cannot receive `asset`, as a sentence for the operator; None when it can.

        Raises:
            Exception: the node does not answer.
        """
        ...

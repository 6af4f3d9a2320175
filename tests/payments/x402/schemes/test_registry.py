"""The registry of schemes, and an invented scheme that the x402 modules take without a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from x402.http.utils import encode_payment_signature_header
from x402.mechanisms.evm.exact import ExactEvmServerScheme
from x402.schemas import PaymentPayload, PaymentRequirements

from alive402.payments.core import Money, PaymentMismatch, SettlementUnknown
from alive402.payments.devchain import NETWORK, TOKEN_ADDRESS, DevChain, DevFacilitator
from alive402.payments.x402 import schemes, signed_payment, v1
from alive402.payments.x402.options import PaymentOption, PaymentOptions
from alive402.payments.x402.protocol import PaymentGate
from alive402.payments.x402.schemes import (
    Incoming,
    Scheme,
    Signed,
    Terms,
    Transfer,
    network_title,
    scheme_of_network,
    spelled,
)
from alive402.payments.x402.schemes.base import NOTHING
from alive402.payments.x402.schemes.exact_evm import EXACT_EVM
from tests.payments.devchain.test_chain import SELLER

pytestmark = pytest.mark.anyio
SUN = "sun:EtWTRABZaYq6iMfeYKouRu166VU2xqa1"
MINT, SHOP, PAYER = "4zMMC9srt5Ri5X14GAgX", "ShoP", "PayeR"


class Invented:
    """A scheme whose addresses differ by case, as base58 does."""

    name, family, method, transaction_form = "exact", "sun", "sun", "88 letters and digits"
    settles_less, verify_sees_used = False, True
    v1_networks: dict[str, str] = {}  # noqa: RUF012
    network_titles = {SUN: "Sun"}  # noqa: RUF012
    server: Any = ExactEvmServerScheme()  # type: ignore[no-untyped-call]

    def connect(self, url: str) -> Sky:
        return Sky()

    def default_asset(self, network: str) -> str | None:
        return MINT

    def requirements(self, terms: Terms, offered: Mapping[str, Any] = NOTHING) -> PaymentRequirements:
        return PaymentRequirements(scheme=self.name, network=terms.network, asset=terms.asset,
                                   amount=str(terms.amount), pay_to=terms.pay_to, extra=dict(offered),
                                   max_timeout_seconds=terms.max_timeout_seconds)  # fmt: skip

    def problem(self, requirements: PaymentRequirements) -> str | None:
        return None

    def handles(self, accepted: PaymentRequirements) -> bool:
        return accepted.network.startswith("sun:")

    def money(self, payload: PaymentPayload) -> Money:
        asked, said = payload.accepted, payload.payload
        return Money(asked.network, asked.asset, said["who"], said["once"], asked.pay_to, int(asked.amount), 1, "proof")

    def from_v1(self, payload: dict[str, Any], asked: object) -> PaymentPayload:
        raise AssertionError

    def signed(self, money: Money) -> bool:
        return money.network.startswith("sun:")

    def spelled(self, text: str) -> str:
        return text

    def shown(self, address: str) -> str:
        return f"<{address}>"

    def is_address(self, text: str) -> bool:
        return text in (MINT, SHOP, PAYER)

    def is_transaction(self, text: str) -> bool:
        return len(text) == 88


@dataclass
class Sky:
    """A chain on which every payment has moved."""

    heights_at_once = settled_depth = 1

    async def network(self) -> str:
        return SUN

    async def find_transfer(self, money: Money, *, less: bool = False) -> Transfer | None:
        return Transfer("moved", money.amount, 1)

    async def is_used(self, money: Money) -> bool:
        return True

    async def is_over(self, money: Money) -> bool:
        return False

    async def carries(self, transaction: str, payload: PaymentPayload) -> bool:
        return True

    async def height(self) -> int:
        return 1

    async def height_at(self, seconds: int) -> int:
        return 0

    async def incoming(self, asset: str, pay_to: str, first: int, last: int) -> list[Incoming]:
        return []

    async def signed_in(self, transaction: str, asset: str, pay_to: str) -> list[Signed]:
        return []

    async def count_transfers(self, transaction: str, asset: str, to: str, amount: int) -> int:
        return 0


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> PaymentGate:
    """A gate that accepts both schemes."""
    chain, invented = DevChain(), Invented()
    taught: tuple[Scheme, ...] = (EXACT_EVM, invented)
    for module in (schemes, signed_payment, v1):
        monkeypatch.setattr(module, "SCHEMES", taught)
    terms = Terms(NETWORK, TOKEN_ADDRESS, 200_000, SELLER, 300, "USDC", "2")
    options = [
        PaymentOption(EXACT_EVM, terms, DevFacilitator(chain), chain.reader),
        PaymentOption(invented, Terms(SUN, MINT, 200_000, SHOP, 60), DevFacilitator(chain), Sky()),
    ]
    return PaymentGate(PaymentOptions(options))


def header(accepted: PaymentRequirements) -> str:
    payload = PaymentPayload(payload={"who": PAYER, "once": "N1"}, accepted=accepted)
    return encode_payment_signature_header(payload)


async def test_payment_of_an_invented_scheme_is_read_by_it(gate: PaymentGate) -> None:
    signed = gate.read(header(gate.accepts[1]))
    assert signed.fits
    assert signed.money == Money(SUN, MINT, PAYER, "N1", SHOP, 200_000, 1, "proof")
    settled = await gate.chain.find(signed.money)
    assert settled is not None
    assert (settled.transaction, settled.receipt["payer"]) == ("moved", f"<{PAYER}>")
    assert not await gate.chain.is_over(signed.money)


async def test_case_of_an_address_counts_where_the_scheme_says_so(gate: PaymentGate) -> None:
    signed = gate.read(header(gate.accepts[1].model_copy(update={"asset": MINT.lower()})))
    assert not signed.fits
    with pytest.raises(SettlementUnknown):
        await gate.chain.find(signed.money)


def test_version_1_offers_only_schemes_that_it_has(gate: PaymentGate) -> None:
    resource = signed_payment.Resource("http://a/b", ("/b",), "", "", (), {"properties": {}}, {}, {})
    assert [each.network for each in gate.required_v1(resource, "why").accepts] == ["base-sepolia"]


def test_payment_of_an_unknown_scheme_is_for_other_terms() -> None:
    asked = Invented().requirements(Terms(SUN, MINT, 1, SHOP, 60))
    with pytest.raises(PaymentMismatch):
        signed_payment.money_of(PaymentPayload(payload={}, accepted=asked))


def test_scheme_is_found_by_network_and_by_address() -> None:
    assert scheme_of_network(NETWORK) is EXACT_EVM
    assert scheme_of_network(SUN) is None
    assert spelled(SELLER) == SELLER.lower()
    assert spelled(MINT) == MINT
    assert (network_title("eip155:8453"), network_title(SUN)) == ("Base", SUN)

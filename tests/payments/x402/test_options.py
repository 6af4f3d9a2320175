"""Tests of the payment options: what a facilitator states for a kind of payment stands in `accepts`."""

from __future__ import annotations

from fractions import Fraction
from itertools import count

import pytest
from x402.schemas import SupportedKind, SupportedResponse

from alive402.payments.core import PaymentsMisconfigured
from alive402.payments.devchain import NETWORK, TOKEN_ADDRESS, DevChain, DevFacilitator
from alive402.payments.x402.options import PaymentOption, PaymentOptions
from alive402.payments.x402.protocol import PaymentGate
from alive402.payments.x402.schemes import Terms
from alive402.payments.x402.schemes.exact_evm import EXACT_EVM
from tests.payments.devchain.test_chain import SELLER
from tests.payments.x402.schemes.test_registry import MINT, SHOP, SUN, Invented, Sky

pytestmark = pytest.mark.anyio


class Several(DevFacilitator):
    """A facilitator with several fee payers that names another one each time it is asked."""

    def __init__(self, network: str = SUN) -> None:
        super().__init__(DevChain())
        self._network, self._asked = network, count(1)

    def get_supported(self) -> SupportedResponse:
        extra = {"feePayer": f"payer {next(self._asked)}"}
        kinds = [SupportedKind(x402_version=2, scheme="exact", network=self._network, extra=extra)]
        return SupportedResponse(kinds=kinds, extensions=[], signers={})


def gate(facilitator: DevFacilitator) -> PaymentGate:
    option = PaymentOption(Invented(), Terms(SUN, MINT, 200_001, SHOP, 60), facilitator, Sky())
    return PaymentGate(PaymentOptions([option]))


async def test_extra_of_the_facilitators_kind_is_in_accepts_once_it_was_asked() -> None:
    asked = gate(Several())
    half = asked.times(Fraction(1, 2))
    assert asked.accepts[0].extra == {}
    await asked.check()
    assert [(each.accepts[0].amount, each.accepts[0].extra) for each in (asked, half, half.times(3))] == [
        ("200001", {"feePayer": "payer 1"}),
        ("100001", {"feePayer": "payer 1"}),
        ("300003", {"feePayer": "payer 1"}),
    ]


async def test_first_extra_is_kept_so_that_payments_signed_for_it_still_match() -> None:
    asked = gate(Several())
    await asked.check()
    await asked.times(2).check()
    assert asked.accepts[0].extra == {"feePayer": "payer 1"}


async def test_scheme_without_extra_ignores_the_facilitators() -> None:
    chain = DevChain()
    terms = Terms(NETWORK, TOKEN_ADDRESS, 200_000, SELLER, 300)
    asked = PaymentGate(PaymentOptions([PaymentOption(EXACT_EVM, terms, Several(NETWORK), chain.reader)]))
    await asked.check()
    assert asked.accepts[0].extra == {"name": "USDC", "version": "2"}


async def test_check_refuses_a_facilitator_without_the_kind() -> None:
    with pytest.raises(PaymentsMisconfigured, match="does not settle `exact` payments on sun:"):
        await gate(Several(NETWORK)).check()

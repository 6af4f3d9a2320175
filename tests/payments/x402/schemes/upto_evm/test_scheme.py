"""Tests of the scheme `upto`: its facilitator must name the address that settles."""

from __future__ import annotations

import pytest
from x402.schemas import SupportedKind, SupportedResponse

from alive402.payments.core import PaymentsMisconfigured
from alive402.payments.devchain import NETWORK, TOKEN_ADDRESS, DevChain, DevFacilitator
from alive402.payments.x402 import PaymentOption
from alive402.payments.x402.schemes import Terms
from alive402.payments.x402.schemes.upto_evm import UPTO_EVM

pytestmark = pytest.mark.anyio


class Nameless(DevFacilitator):
    """A facilitator that settles `upto` and does not state its address."""

    def get_supported(self) -> SupportedResponse:
        return SupportedResponse(kinds=[SupportedKind(x402_version=2, scheme="upto", network=NETWORK)])


async def test_facilitator_without_an_address_stops_the_start() -> None:
    chain = DevChain()
    terms = Terms(NETWORK, TOKEN_ADDRESS, 1000, chain.operator, 60)
    option = PaymentOption(UPTO_EVM, terms, Nameless(chain), chain.reader_for(UPTO_EVM))
    with pytest.raises(PaymentsMisconfigured, match="facilitatorAddress"):
        await option.check()

"""The scheme's entry of `accepts`."""

from __future__ import annotations

from alive402.payments.devchain import NETWORK, TOKEN_ADDRESS
from alive402.payments.x402.schemes import Terms
from alive402.payments.x402.schemes.exact_evm import EXACT_EVM

SELLER, OTHER = "0x" + "Cd" * 20, "0x" + "12" * 20


def test_known_token_needs_no_name() -> None:
    assert EXACT_EVM.default_asset(NETWORK) == TOKEN_ADDRESS
    asked = EXACT_EVM.requirements(Terms(NETWORK, TOKEN_ADDRESS, 200_000, SELLER, 300))
    assert (asked.scheme, asked.network, asked.amount, asked.pay_to) == ("exact", NETWORK, "200000", SELLER)
    assert asked.extra == {"name": "USDC", "version": "2"}
    assert EXACT_EVM.problem(asked) is None


def test_unknown_token_needs_a_name() -> None:
    problem = EXACT_EVM.problem(EXACT_EVM.requirements(Terms(NETWORK, OTHER, 1, SELLER, 300)))
    assert problem is not None
    assert OTHER in problem
    assert "ALIVE402_ASSET_NAME" in problem
    named = EXACT_EVM.requirements(Terms(NETWORK, OTHER, 1, SELLER, 300, "Dollar", "1"))
    assert EXACT_EVM.problem(named) is None
    assert named.extra == {"name": "Dollar", "version": "1"}


def test_unknown_network_has_no_default_token() -> None:
    assert EXACT_EVM.default_asset("eip155:999999999") is None

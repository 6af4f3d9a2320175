"""Builds payment options from settings: terms, facilitator and node for each accepted network and token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from x402 import FacilitatorClient
from x402.http import FacilitatorConfig, HTTPFacilitatorClient
from x402.http.facilitator_client_base import AuthProvider

from alive402.payments.core import PaymentsMisconfigured
from alive402.payments.x402 import BearerAuth, CdpAuth, PaymentOption, PaymentOptions
from alive402.payments.x402.schemes import Scheme, ShortLived, Terms, scheme_of_network
from alive402.payments.x402.schemes.exact_evm import EXACT_EVM, ListedFactories
from alive402.settings import NETWORKS, Accepted, Settings


@dataclass(frozen=True, slots=True)
class DevChains:
    """The chains of test money in this process: `DevChain` and `SolanaDevChain`, each None when it is not accepted."""

    evm: Any = None
    solana: Any = None


def build_payment_options(settings: Settings, price: int, seconds: int) -> tuple[PaymentOptions, DevChains]:
    """Return every payment option, and the chains of test money.

    `price` in atomic units is the default price; a payment stays valid for `seconds`.

    Raises:
        PaymentsMisconfigured: a token is unknown, or an extra is not installed.
    """
    if not settings.taken:
        return _test_money(settings, price, seconds)
    return PaymentOptions([_payment_option(each, price, seconds) for each in settings.taken]), DevChains()


def provider_id(settings: Settings) -> str:
    """The gateway's name for the default receiving account, e.g. `x402-base-usdc`."""
    if not settings.taken:
        return "x402-dev-usdc"
    names = {caip2: name for name, caip2 in NETWORKS.items()}
    network = settings.taken[0].caip2
    return f"x402-{names.get(network, network.replace(':', '-'))}-usdc"


def _test_money(settings: Settings, price: int, seconds: int) -> tuple[PaymentOptions, DevChains]:
    try:
        from alive402.payments.devchain import NETWORK, TOKEN_ADDRESS, DevChain, DevFacilitator
    except ImportError as error:
        raise PaymentsMisconfigured(
            "The dev chain needs the `devchain` extra. Install alive402[server,devchain], or choose a real network."
        ) from error
    chain = DevChain()
    facilitator = DevFacilitator(chain, settings.wallet_factories)
    pay_to = settings.pay_to or chain.new_account().address
    terms = Terms(NETWORK, TOKEN_ADDRESS, settings.price or price, pay_to, seconds)
    scheme = _scheme(NETWORK, settings.scheme)
    options = [PaymentOption(scheme, terms, facilitator, chain.reader_for(scheme))]
    if not settings.dev_solana:
        return PaymentOptions(options), DevChains(chain)
    option, solana = _solana_test_money(terms.amount, seconds)
    return PaymentOptions([*options, option]), DevChains(chain, solana)


def _solana_test_money(amount: int, seconds: int) -> tuple[PaymentOption, Any]:
    try:
        from alive402.payments.devchain.solana import MINT, NETWORK, SolanaDevChain, SolanaDevFacilitator, reader
    except ImportError as error:
        raise PaymentsMisconfigured(
            "ALIVE402_DEV_SOLANA needs the `solana` extra. Install alive402[server,devchain,solana], or unset it."
        ) from error
    chain = SolanaDevChain()
    pay_to = chain.new_account()
    chain.mint(pay_to, 0)
    scheme = _scheme(NETWORK, "exact")
    terms = Terms(NETWORK, MINT, amount, pay_to, _seconds(scheme, seconds))
    return PaymentOption(scheme, terms, SolanaDevFacilitator(chain), reader(chain)), chain


def _payment_option(accepted: Accepted, price: int, seconds: int) -> PaymentOption:
    scheme = _scheme(accepted.caip2, accepted.scheme)
    facilitator: FacilitatorClient = HTTPFacilitatorClient(
        FacilitatorConfig(url=str(accepted.facilitator_url), auth_provider=_auth(accepted))
    )
    if scheme.family == EXACT_EVM.family:
        facilitator = ListedFactories(facilitator, str(accepted.rpc_url), accepted.wallet_factories)
    return PaymentOption(
        scheme=scheme,
        terms=Terms(
            network=accepted.caip2,
            asset=accepted.asset or _default_asset(scheme, accepted.caip2),
            amount=accepted.price or price,
            pay_to=accepted.pay_to,
            max_timeout_seconds=_seconds(scheme, seconds),
            name=accepted.asset_name,
            version=accepted.asset_version,
        ),
        facilitator=facilitator,
        chain=scheme.connect(str(accepted.rpc_url)),
    )


def _seconds(scheme: Scheme, seconds: int) -> int:
    """How long a payment stays valid: `seconds`, or the shorter life of its scheme."""
    return min(seconds, scheme.life_seconds) if isinstance(scheme, ShortLived) else seconds


def _scheme(network: str, chosen: str) -> Scheme:
    scheme = scheme_of_network(network, chosen)
    if scheme is None:
        raise PaymentsMisconfigured(
            f"No payment scheme `{chosen}` is known on {network}. Choose another ALIVE402_NETWORK or ALIVE402_SCHEME."
        )
    return scheme


def _default_asset(scheme: Scheme, network: str) -> str:
    known = scheme.default_asset(network)
    if known is None:
        raise PaymentsMisconfigured(f"No default token is known on {network}. Set ALIVE402_ASSET to its address.")
    return known


def _auth(accepted: Accepted) -> AuthProvider | None:
    if accepted.cdp_api_key_id and accepted.cdp_api_key_secret:
        secret = accepted.cdp_api_key_secret.get_secret_value()
        return CdpAuth(accepted.cdp_api_key_id, secret, str(accepted.facilitator_url))
    token = accepted.facilitator_token
    return BearerAuth(token.get_secret_value()) if token else None

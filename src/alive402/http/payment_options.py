"""Builds payment options from settings: terms, facilitator and node for each accepted network and token."""

from __future__ import annotations

from typing import Any

from x402 import FacilitatorClient
from x402.http import FacilitatorConfig, HTTPFacilitatorClient
from x402.http.facilitator_client_base import AuthProvider

from alive402.payments.core import PaymentsMisconfigured
from alive402.payments.x402 import BearerAuth, CdpAuth, PaymentOption, PaymentOptions
from alive402.payments.x402.schemes import Scheme, Terms, scheme_of_network
from alive402.payments.x402.schemes.exact_evm import EXACT_EVM, ListedFactories
from alive402.settings import NETWORKS, Accepted, Settings


def build_payment_options(settings: Settings, price: int, seconds: int) -> tuple[PaymentOptions, Any]:
    """Return every payment option, and the dev chain or None.

    `price` in atomic units is the default price; a payment stays valid for `seconds`.

    Raises:
        PaymentsMisconfigured: a token is unknown, or the dev chain is not installed.
    """
    if not settings.taken:
        return _test_money(settings, price, seconds)
    return PaymentOptions([_payment_option(each, price, seconds) for each in settings.taken]), None


def provider_id(settings: Settings) -> str:
    """The gateway's name for the default receiving account, e.g. `x402-base-usdc`."""
    if not settings.taken:
        return "x402-dev-usdc"
    names = {caip2: name for name, caip2 in NETWORKS.items()}
    network = settings.taken[0].caip2
    return f"x402-{names.get(network, network.replace(':', '-'))}-usdc"


def _test_money(settings: Settings, price: int, seconds: int) -> tuple[PaymentOptions, Any]:
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
    return PaymentOptions([PaymentOption(_scheme(NETWORK), terms, facilitator, chain.reader)]), chain


def _payment_option(accepted: Accepted, price: int, seconds: int) -> PaymentOption:
    scheme = _scheme(accepted.caip2)
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
            max_timeout_seconds=seconds,
            name=accepted.asset_name,
            version=accepted.asset_version,
        ),
        facilitator=facilitator,
        chain=scheme.connect(str(accepted.rpc_url)),
    )


def _scheme(network: str) -> Scheme:
    scheme = scheme_of_network(network)
    if scheme is None:
        raise PaymentsMisconfigured(f"No payment scheme is known on {network}. Choose another ALIVE402_NETWORK.")
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

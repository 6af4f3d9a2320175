"""Settings become parts: the chain, the facilitator, the ledger, the provider, put together into paid calls."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from eth_account import Account
from web3 import Web3
from x402 import FacilitatorClient
from x402.http import AuthHeaders, FacilitatorConfig, HTTPFacilitatorClient
from x402.mechanisms.evm.default_assets import DEFAULT_ASSETS

from alive402.calls import PaidCalls
from alive402.catalog import LIVENESS
from alive402.intake.fetch import FetchLimits
from alive402.intake.sandbox import SandboxLimits
from alive402.payments.chain import Web3ChainReader
from alive402.payments.database import Ledger
from alive402.payments.errors import PaymentsMisconfigured
from alive402.payments.x402 import SETTLE_SECONDS, VERIFY_SECONDS, PaymentGate, Terms
from alive402.providers.local import LocalProvider
from alive402.settings import DEV, NETWORKS, Settings

# A payment stays valid for so many times the longest call: a second try with the same signature has to fit in.
VALID_CALLS = 4


@dataclass(frozen=True, slots=True)
class Parts:
    """A service that can be opened to the world. `devchain` is None on a real network."""

    calls: PaidCalls
    terms: Terms
    devchain: Any
    public_url: str | None
    provider_id: str


async def assemble(settings: Settings) -> Parts:
    """Open the ledger and ask the facilitator whether it can settle what will be asked for.

    Raises:
        PaymentsMisconfigured: the chosen network, asset or facilitator cannot work; the sentence says what to set.
        sqlalchemy.exc.SQLAlchemyError: the database cannot be opened.
    """
    devchain, facilitator, web3, pay_to = _money(settings)
    price = settings.price or LIVENESS.price_atomic
    service = dataclasses.replace(LIVENESS, price_atomic=price, price_cents=price // 10_000)
    provider = LocalProvider(
        FetchLimits(
            max_bytes=settings.max_video_bytes,
            seconds=settings.fetch_seconds,
            ports=settings.fetch_ports,
            allow_private=settings.allow_private_hosts,
        ),
        SandboxLimits(seconds=settings.analysis_seconds, memory_bytes=settings.analysis_memory_bytes),
        at_once=settings.analyses_at_once,
        media=settings.media_directory,
    )
    longest = VERIFY_SECONDS + provider.seconds + SETTLE_SECONDS
    terms = Terms(
        network=settings.caip2,
        asset=_asset(settings),
        amount=price,
        pay_to=pay_to,
        max_timeout_seconds=round(VALID_CALLS * longest),
        name=settings.asset_name,
        version=settings.asset_version,
    )
    gate = PaymentGate(facilitator, Web3ChainReader(web3), [terms])
    await gate.check()
    ledger = await Ledger.open(settings.database_url, lease_seconds=longest + 30)
    return Parts(
        calls=PaidCalls(service, ledger, gate, provider),
        terms=terms,
        devchain=devchain,
        public_url=str(settings.public_url).rstrip("/") if settings.public_url else None,
        provider_id=_provider_id(settings),
    )


def _money(settings: Settings) -> tuple[Any, FacilitatorClient, Web3, str]:
    """(dev chain or None, who settles, the chain to look at, who is paid)."""
    if settings.network == DEV:
        try:
            from alive402.payments.devchain import DevChain, DevFacilitator
        except ImportError as error:
            raise PaymentsMisconfigured(
                "The dev chain needs the `devchain` extra. Install alive402[server,devchain], or choose a real network."
            ) from error
        chain = DevChain()
        return chain, DevFacilitator(chain), chain.web3, settings.pay_to or Account.create().address
    assert settings.pay_to is not None
    token = settings.facilitator_token
    auth = _Bearer(token.get_secret_value()) if token else None
    config = FacilitatorConfig(url=str(settings.facilitator_url), auth_provider=auth)
    web3 = Web3(Web3.HTTPProvider(str(settings.rpc_url), request_kwargs={"timeout": 10}))
    return None, HTTPFacilitatorClient(config), web3, settings.pay_to


def _asset(settings: Settings) -> str:
    if settings.asset is not None:
        return settings.asset
    known = DEFAULT_ASSETS.get(settings.caip2)
    if not known:
        raise PaymentsMisconfigured(
            f"No default token is known on {settings.caip2}. Set ALIVE402_ASSET to its address."
        )
    return known[0]["asset"]


def _provider_id(settings: Settings) -> str:
    """The gateway's name for where the money goes, e.g. `x402-base-usdc`."""
    if settings.network == DEV:
        return "x402-dev-usdc"
    names = {caip2: name for name, caip2 in NETWORKS.items()}
    return f"x402-{names.get(settings.caip2, settings.caip2.replace(':', '-'))}-usdc"


class _Bearer:
    """The facilitator's token, on each of its paths."""

    def __init__(self, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}

    def get_auth_headers(self) -> AuthHeaders:
        return AuthHeaders(verify=self._headers, settle=self._headers, supported=self._headers)

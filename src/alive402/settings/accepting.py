"""Settings: what payment is accepted: networks, tokens, prices, prepaid tokens."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AnyHttpUrl, ConfigDict, Field, StringConstraints, model_validator

from alive402.settings.settling import CDP, CDP_URL, Settling

DEV = "dev"
NETWORKS = {
    "base": "eip155:8453",
    "base-sepolia": "eip155:84532",
    "solana": "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp",
    "solana-devnet": "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1",
}
SchemeName = Literal["exact", "permit2", "upto"]
_NETWORK = re.compile(rf"eip155:[0-9]+|{NETWORKS['solana']}|{NETWORKS['solana-devnet']}")
_KNOWN = "base, base-sepolia, eip155:<id>, solana or solana-devnet"
_EVM_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_SOLANA_ADDRESS = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}")
_Factories = tuple[Annotated[str, StringConstraints(pattern="^0x[0-9a-fA-F]{40}$")], ...]


def _address_problem(network: str, address: str) -> str | None:
    """Why a text is no address on a network, as the end of a sentence; None when it is one."""
    if network.startswith("solana:"):
        return None if _SOLANA_ADDRESS.fullmatch(address) else "is not an address: 32 to 44 base58 characters."
    return None if _EVM_ADDRESS.fullmatch(address) else "is not an address: 0x and 40 hex digits."


class Accepted(Settling):
    """One network, token and scheme in which payment is accepted; `price` in atomic units, by default the catalog's."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    network: str
    scheme: SchemeName = "exact"
    asset: str | None = None
    asset_name: str | None = None
    asset_version: str | None = None
    price: int | None = Field(default=None, gt=0)
    pay_to: str
    facilitator_url: AnyHttpUrl
    rpc_url: AnyHttpUrl
    wallet_factories: _Factories = ()

    @model_validator(mode="before")
    @classmethod
    def _coinbases_facilitator_has_one_url(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("facilitator_auth") == CDP and not given.get("facilitator_url"):
            return {**given, "facilitator_url": CDP_URL}
        return given

    @model_validator(mode="after")
    def _names_a_network_and_addresses(self) -> Self:
        if not _NETWORK.fullmatch(self.caip2):
            raise ValueError(f"{self.network} is unknown. Use {_KNOWN}.")
        for name, address in (("asset", self.asset), ("pay_to", self.pay_to)):
            if address is not None and (problem := _address_problem(self.caip2, address)):
                raise ValueError(f"{name} {problem}")
        return self

    @property
    def caip2(self) -> str:
        """The network's CAIP-2 id."""
        return NETWORKS.get(self.network, self.network)


class Accepting(Settling):
    """What payment is accepted: networks, tokens, prices, prepaid tokens."""

    network: str = Field(
        default=DEV, description="dev, base, base-sepolia, solana, solana-devnet, or a CAIP-2 id such as eip155:8453"
    )
    scheme: SchemeName = Field(default="exact", description="how buyers sign: exact (EIP-3009), permit2, upto")
    dev_solana: bool = Field(
        default=False, description="on the dev network, also accept test money of a Solana chain in this process"
    )
    asset: str | None = Field(default=None, description="the token; by default the network's USDC")
    asset_name: str | None = Field(default=None, description="EIP-712 name of an asset unknown to x402")
    asset_version: str | None = Field(default=None, description="EIP-712 version of such an asset")
    pay_to: str | None = Field(default=None, description="address that receives the money")
    price: int | None = Field(default=None, gt=0, description="atomic units a call; by default the catalog's")
    facilitator_url: AnyHttpUrl | None = None
    rpc_url: AnyHttpUrl | None = Field(default=None, description="a node, to look up a payment whose answer was lost")
    wallet_factories: _Factories = Field(default=(), description="contracts that may deploy a buyer's smart wallet")
    accepts: tuple[Accepted, ...] = Field(default=(), description="several networks and tokens, the default first")
    accepts_file: Path | None = Field(default=None, description="the same as TOML: one [[accepts]] each")
    services: tuple[str, ...] = Field(
        default=("video-face-liveness-detection", "face-liveness-detection"),
        min_length=1,
        description="ids of the services on sale, as a JSON array; the main service first",
    )
    pending_seconds: float = Field(default=900, gt=0, description="a payment made ahead must be paid within this")
    token_days: float = Field(default=90, gt=0, description="how long a prepaid token is valid")
    max_calls: int = Field(default=1000, gt=0, description="most calls that one payment may buy")

    @model_validator(mode="before")
    @classmethod
    def _accepts_may_stand_in_a_file(cls, given: dict[str, Any]) -> dict[str, Any]:
        if not given.get("accepts_file"):
            return given
        if given.get("accepts"):
            raise ValueError("Set ALIVE402_ACCEPTS or ALIVE402_ACCEPTS_FILE, not both.")
        try:
            read = tomllib.loads(Path(given["accepts_file"]).read_text())
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise ValueError(f"ALIVE402_ACCEPTS_FILE cannot be read: {error}.") from error
        if not read.get("accepts"):
            raise ValueError("ALIVE402_ACCEPTS_FILE holds no [[accepts]] table.")
        return {**given, "accepts": read["accepts"]}

    @model_validator(mode="after")
    def _real_money_needs_an_address(self) -> Self:
        if self.dev_solana and (self.accepts or self.network != DEV):
            raise ValueError("ALIVE402_DEV_SOLANA is for ALIVE402_NETWORK=dev. Unset it, or unset the real network.")
        if self.accepts:
            alone = Accepted.model_fields.keys() - {"price", "cdp_api_key_id", "cdp_api_key_secret"}
            if alone & self.model_fields_set:
                raise ValueError(
                    "ALIVE402_ACCEPTS sets the price and address of each network: unset ALIVE402_NETWORK and the "
                    "other settings of a single network."
                )
            return self
        for name, address in (("ALIVE402_ASSET", self.asset), ("ALIVE402_PAY_TO", self.pay_to)):
            if address is not None and (problem := _address_problem(self.caip2, address)):
                raise ValueError(f"{name} {problem}")
        if self.network == DEV:
            if self.facilitator_url or self.rpc_url or self.asset:
                raise ValueError(
                    "The dev chain has its own facilitator, node and token. "
                    "Set ALIVE402_NETWORK to base or base-sepolia to use yours."
                )
            return self
        if not _NETWORK.fullmatch(self.caip2):
            raise ValueError(f"ALIVE402_NETWORK={self.network} is unknown. Use dev, {_KNOWN}.")
        if self.pay_to is None:
            raise ValueError(f"ALIVE402_NETWORK={self.network} moves real tokens: set ALIVE402_PAY_TO to your address.")
        if self.facilitator_url is None and self.facilitator_auth != CDP:
            raise ValueError(
                f"ALIVE402_NETWORK={self.network} needs ALIVE402_FACILITATOR_URL, the x402 facilitator's URL."
            )
        if self.rpc_url is None:
            raise ValueError(
                f"ALIVE402_NETWORK={self.network} needs ALIVE402_RPC_URL, a node of that network: only the chain "
                "can tell whether a payment moved when the facilitator's answer is lost."
            )
        return self

    @model_validator(mode="after")
    def _facilitators_have_their_credentials(self) -> Self:
        for each in self.taken:
            keys = (each.cdp_api_key_id, each.cdp_api_key_secret)
            if each.facilitator_auth == CDP and None in keys:
                raise ValueError(
                    'facilitator_auth = "cdp" needs ALIVE402_CDP_API_KEY_ID and ALIVE402_CDP_API_KEY_SECRET, or '
                    "cdp_api_key_id and cdp_api_key_secret of its entry of ALIVE402_ACCEPTS."
                )
            if each.facilitator_auth == CDP and each.facilitator_token is not None:
                raise ValueError('facilitator_auth = "cdp" signs each request: unset ALIVE402_FACILITATOR_TOKEN.')
            if each.facilitator_auth is None and keys != (None, None):
                raise ValueError(
                    "A CDP API key is set, but no facilitator uses it. Set ALIVE402_FACILITATOR_AUTH=cdp, or "
                    'facilitator_auth = "cdp" of its entry of ALIVE402_ACCEPTS.'
                )
        return self

    @property
    def taken(self) -> tuple[Accepted, ...]:
        """The real networks and tokens in which payment is accepted, the default first; none on the dev chain.

        An entry without a CDP API key of its own uses that of the whole service.
        """
        if self.network == DEV and not self.accepts:
            return ()
        if not self.accepts:
            return (Accepted.model_validate({name: getattr(self, name) for name in Accepted.model_fields}),)
        key = {"cdp_api_key_id": self.cdp_api_key_id, "cdp_api_key_secret": self.cdp_api_key_secret}
        return tuple(
            each.model_copy(update=key)
            if each.facilitator_auth == CDP and each.cdp_api_key_id is None and each.cdp_api_key_secret is None
            else each
            for each in self.accepts
        )

    @property
    def caip2(self) -> str:
        """The network's CAIP-2 id; the dev chain has that of Base Sepolia, so that unmodified buyers can pay on it."""
        return NETWORKS.get(self.network, "eip155:84532" if self.network == DEV else self.network)

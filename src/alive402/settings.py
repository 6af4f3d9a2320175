"""The service's settings, typed: read once from `ALIVE402_*` at start and passed down."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
import ssl
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from limits import parse
from pydantic import (
    AfterValidator,
    AliasChoices,
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

DEV = "dev"
NETWORKS = {"base": "eip155:8453", "base-sepolia": "eip155:84532"}
# Lower-case scheme and host, perhaps a port; no path and no slash at the end.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def _rate(given: str) -> str:
    """Check that the `limits` package can parse a rate."""
    try:
        parse(given)
    except ValueError as error:
        raise ValueError(f"{given} is not a rate. Write it as `30/hour` or `5/10minute`.") from error
    return given


def _origin(given: str) -> str:
    """Check that a browser could send this origin."""
    if given != "*" and not _ORIGIN.fullmatch(given):
        raise ValueError(f"{given} is not an origin. Write it as a browser sends it: https://shop.example, or *.")
    return given


Origin = Annotated[str, AfterValidator(_origin)]
Rate = Annotated[str, AfterValidator(_rate)]


class Accepted(BaseModel):
    """One network and token in which payment is accepted; `price` in atomic units, by default the catalog's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: str
    asset: str | None = None
    asset_name: str | None = None
    asset_version: str | None = None
    price: int | None = Field(default=None, gt=0)
    pay_to: str
    facilitator_url: AnyHttpUrl
    facilitator_token: SecretStr | None = None
    rpc_url: AnyHttpUrl

    @model_validator(mode="after")
    def _names_a_network_and_addresses(self) -> Self:
        if not re.fullmatch(r"eip155:[0-9]+", self.caip2):
            raise ValueError(f"{self.network} is unknown. Use base, base-sepolia or eip155:<id>.")
        for name, address in (("asset", self.asset), ("pay_to", self.pay_to)):
            if address is not None and not _ADDRESS.fullmatch(address):
                raise ValueError(f"{name} is not an address: 0x and 40 hex digits.")
        return self

    @property
    def caip2(self) -> str:
        """The network's CAIP-2 id."""
        return NETWORKS.get(self.network, self.network)


class Settings(BaseSettings):
    """The operator's settings; the defaults use test money, listen on loopback, and need no other system.

    Raises:
        pydantic.ValidationError: a value is invalid, or a real network lacks a setting that it needs.
    """

    model_config = SettingsConfigDict(env_prefix="ALIVE402_", extra="ignore", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8402, ge=0, le=65535)
    public_url: AnyHttpUrl | None = Field(default=None, description="the URL that buyers use, when it is a proxy's")
    cors_origins: tuple[Origin, ...] = Field(
        default=("*",), description="origins whose pages may call the API from a browser; [] for none"
    )
    tls_certificate: Path | None = Field(default=None, description="PEM, the whole chain; unset where a proxy does TLS")
    tls_key: Path | None = Field(default=None, description="private key of the certificate, PEM, without a password")
    database_url: str = "sqlite+aiosqlite:///var/alive402.db"
    lease_seconds: float = Field(default=30.0, gt=0, description="a dead process's hold on a payment ends after this")
    reconcile_seconds: float = Field(default=30.0, gt=0, description="how often unfinished payments are looked up")
    health_seconds: float = Field(default=60.0, gt=0, description="how often the health check of the catalog runs")
    signing_key_file: Path | None = Field(default=None, description="keys of signed verdicts; made beside the database")
    signing_key: SecretStr | None = Field(default=None, description="Ed25519, as JSON Web Key or PKCS#8 PEM")
    secrets_key_file: Path | None = Field(default=None, description="key that encrypts AccessKeySecrets")
    secrets_key: SecretStr | None = Field(default=None, description="Fernet keys instead of that file, comma-separated")
    webhook_urls: tuple[AnyHttpUrl, ...] = Field(default=(), description="URLs that get events of answers and payments")
    webhook_secret: SecretStr | None = Field(default=None, description="whsec_ and base64 of 24 to 64 random bytes")

    network: str = Field(default=DEV, description="dev, base, base-sepolia, or a CAIP-2 id such as eip155:8453")
    asset: str | None = Field(default=None, description="EIP-3009 token; by default the network's USDC")
    asset_name: str | None = Field(default=None, description="EIP-712 name of an asset unknown to x402")
    asset_version: str | None = Field(default=None, description="EIP-712 version of such an asset")
    pay_to: str | None = Field(default=None, description="address that receives the money")
    price: int | None = Field(default=None, gt=0, description="atomic units a call; by default the catalog's")
    facilitator_url: AnyHttpUrl | None = None
    facilitator_token: SecretStr | None = Field(default=None, description="sent as Authorization: Bearer")
    rpc_url: AnyHttpUrl | None = Field(default=None, description="a node, to look up a payment whose answer was lost")
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
    free_failures_per_payer: Rate = "30/hour"
    free_failures_per_address: Rate = "120/hour"
    new_payments_per_address: Rate = "60/hour"
    calls_per_key: Rate = Field(default="10/second", description="signed calls of one AccessKeyId")
    limits_url: str = Field(default="memory://", description="where rate limits are counted, for several processes")
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(default=(), description="whose X-Forwarded-For is trusted")

    allow_private_hosts: bool = Field(default=False, description="also fetch videos from the operator's own network")
    fetch_ports: frozenset[int] = frozenset({80, 443, 8000, 8080, 8443})
    max_video_bytes: int = Field(default=30_000_000, gt=0)
    fetch_seconds: float = Field(default=30.0, gt=0)
    analysis_seconds: float = Field(default=60.0, gt=0)
    analysis_memory_bytes: int = Field(default=4 * 1024**3, gt=0)
    provider: Literal["local", "cluster", "alibaba"] = Field(default="local", description="what judges videos")
    cluster_address: str = Field(default="auto", description="Ray cluster: host:6379, ray://host:10001, auto or local")
    cluster_least: int = Field(default=1, gt=0, description="processes kept warm on the cluster")
    cluster_most: int = Field(default=8, gt=0, description="most processes on the cluster, and calls judged at once")
    alibaba_access_key_id: str | None = None
    alibaba_access_key_secret: SecretStr | None = None
    alibaba_endpoint: str = "facebody.cn-shanghai.aliyuncs.com"
    alibaba_threshold: float = Field(default=0.5, ge=0, le=1, description="least LiveConfidence of a live verdict")
    analyses_at_once: int = Field(default=2, gt=0)
    queue: int | None = Field(default=None, ge=0, description="calls that wait; by default 8 for each judged at once")
    stop_seconds: float = Field(default=25.0, gt=0, description="how long running calls may take after a stop signal")
    uploads_max_bytes: int = Field(default=1_000_000_000, gt=0, description="of all waiting uploads together")
    uploads_per_payer: int = Field(default=3, gt=0, description="uploads of one payer that wait at once")
    upload_host: str | None = Field(
        default=None,
        pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?(:[0-9]{1,5})?$",
        description="Alibaba's SDK uploads files to alive402.<this> by HTTPS",
    )
    upload_seconds: float = Field(default=600.0, gt=0, description="how long an upload is kept before it is deleted")
    upload_receive_seconds: float = Field(default=120.0, gt=0, description="longest time to receive an upload")
    jobs_waiting: int = Field(default=100, gt=0, description="most waiting jobs (asynchronous calls) in one process")
    job_seconds: float = Field(default=86_400.0, gt=0, description="how long the result of a finished job is kept")
    media_directory: Path | None = Field(default=None, description="folder of a video while it is judged")

    keep_answers_days: float = Field(default=90, gt=0, description="answers and reports are erased after this")
    keep_call_log_days: float = Field(default=90, gt=0, description="call log entries are erased after this")
    erase_seconds: float = Field(default=600.0, gt=0, description="how often expired data is erased")
    ops_session_minutes: float = Field(default=60, gt=0, le=1440, description="how long a sign-in at /ops lasts")
    metrics_token: SecretStr | None = Field(default=None, min_length=16, description="Bearer token for /metrics")
    metrics_public: bool = Field(default=False, description="anyone may read /metrics")
    otlp_endpoint: AnyHttpUrl | None = Field(
        default=None,
        validation_alias=AliasChoices("otlp_endpoint", "ALIVE402_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        description="base URL of an OpenTelemetry collector that takes OTLP over HTTP",
    )

    @model_validator(mode="after")
    def _webhooks_are_signed(self) -> Self:
        if self.webhook_urls and not _is_webhook_secret(self.webhook_secret):
            raise ValueError(
                "ALIVE402_WEBHOOK_URLS needs ALIVE402_WEBHOOK_SECRET: whsec_ and base64 of 24 bytes or more."
            )
        return self

    @model_validator(mode="after")
    def _tls_can_be_used(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("ALIVE402_TLS_CERTIFICATE and ALIVE402_TLS_KEY go together: set both, or neither.")
        if self.tls is not None:
            try:
                # With no password given, OpenSSL would ask for it at the terminal.
                ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*self.tls, password="")
            except (OSError, ValueError) as error:
                raise ValueError(
                    "ALIVE402_TLS_CERTIFICATE and ALIVE402_TLS_KEY cannot be used: they must be readable PEM files, "
                    f"a certificate and its own key without a password. {type(error).__name__}: {error}"
                ) from error
        return self

    @model_validator(mode="after")
    def _the_cloud_judges_no_uploads(self) -> Self:
        if self.provider == "alibaba" and self.upload_host:
            raise ValueError("ALIVE402_PROVIDER=alibaba judges no uploads: unset ALIVE402_UPLOAD_HOST.")
        return self

    @model_validator(mode="after")
    def _the_cloud_wants_a_key(self) -> Self:
        if self.provider == "alibaba" and not (self.alibaba_access_key_id and self.alibaba_access_key_secret):
            raise ValueError(
                "ALIVE402_PROVIDER=alibaba needs ALIVE402_ALIBABA_ACCESS_KEY_ID and ALIVE402_ALIBABA_ACCESS_KEY_SECRET."
            )
        return self

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
        if self.accepts:
            alone = ("network", "asset", "asset_name", "asset_version", "pay_to", "facilitator_url", "rpc_url")
            if {*alone, "facilitator_token"} & self.model_fields_set:
                raise ValueError(
                    "ALIVE402_ACCEPTS sets the price and address of each network: unset ALIVE402_NETWORK and the "
                    "other settings of a single network."
                )
            return self
        if self.asset is not None and not _ADDRESS.fullmatch(self.asset):
            raise ValueError("ALIVE402_ASSET is not an address: 0x and 40 hex digits.")
        if self.pay_to is not None and not _ADDRESS.fullmatch(self.pay_to):
            raise ValueError("ALIVE402_PAY_TO is not an address: 0x and 40 hex digits.")
        if self.network == DEV:
            if self.facilitator_url or self.rpc_url or self.asset:
                raise ValueError(
                    "The dev chain has its own facilitator, node and token. "
                    "Set ALIVE402_NETWORK to base or base-sepolia to use yours."
                )
            return self
        if not self.caip2.startswith("eip155:") or not self.caip2.removeprefix("eip155:").isdigit():
            raise ValueError(f"ALIVE402_NETWORK={self.network} is unknown. Use dev, base, base-sepolia or eip155:<id>.")
        if self.pay_to is None:
            raise ValueError(f"ALIVE402_NETWORK={self.network} moves real tokens: set ALIVE402_PAY_TO to your address.")
        if self.facilitator_url is None:
            raise ValueError(
                f"ALIVE402_NETWORK={self.network} needs ALIVE402_FACILITATOR_URL, the x402 facilitator's URL."
            )
        if self.rpc_url is None:
            raise ValueError(
                f"ALIVE402_NETWORK={self.network} needs ALIVE402_RPC_URL, a node of that network: only the chain "
                "can tell whether a payment moved when the facilitator's answer is lost."
            )
        return self

    @property
    def keys_file(self) -> Path:
        """File of the keys of signed verdicts: beside the database, when that is a file."""
        return self.signing_key_file or self._beside_the_database(".keys.json")

    @property
    def secrets_file(self) -> Path:
        """File of the key that encrypts AccessKeySecrets; beside the database like `keys_file`."""
        return self.secrets_key_file or self._beside_the_database(".secrets.key")

    @property
    def tls(self) -> tuple[Path, Path] | None:
        """Certificate and key, when the service does TLS itself."""
        return (self.tls_certificate, self.tls_key) if self.tls_certificate and self.tls_key else None

    @property
    def given_secrets_key(self) -> str | None:
        """The Fernet keys that replace `secrets_file`."""
        return self.secrets_key.get_secret_value() if self.secrets_key else None

    def _beside_the_database(self, suffix: str) -> Path:
        kind, _, rest = self.database_url.partition(":///")
        name = rest.partition("?")[0]
        beside = kind.startswith("sqlite") and name not in ("", ":memory:")
        return (Path(name) if beside else Path("var/alive402.db")).with_suffix(suffix)

    @property
    def taken(self) -> tuple[Accepted, ...]:
        """The real networks and tokens in which payment is accepted, the default first; none on the dev chain."""
        if self.accepts or self.network == DEV:
            return self.accepts
        return (Accepted.model_validate({name: getattr(self, name) for name in Accepted.model_fields}),)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the service: it listens on loopback, and behind no proxy."""
        if self.public_url or self.trusted_proxies:
            return False
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def caip2(self) -> str:
        """The network's CAIP-2 id; the dev chain has that of Base Sepolia, so that unmodified buyers can pay on it."""
        return NETWORKS.get(self.network, "eip155:84532" if self.network == DEV else self.network)


def _is_webhook_secret(secret: SecretStr | None) -> bool:
    try:
        text = secret.get_secret_value() if secret else ""
        return text.startswith("whsec_") and 24 <= len(base64.b64decode(text[6:], validate=True)) <= 64
    except binascii.Error:
        return False

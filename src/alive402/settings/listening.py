"""Settings: where the service listens, and who may call it."""

from __future__ import annotations

import ipaddress
import re
import ssl
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, AnyHttpUrl, BaseModel, Field, IPvAnyNetwork, model_validator

# Lower-case scheme and host, perhaps a port; no path and no slash at the end.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


def _origin(given: str) -> str:
    """Check that a browser could send this origin."""
    if given != "*" and not _ORIGIN.fullmatch(given):
        raise ValueError(f"{given} is not an origin. Write it as a browser sends it: https://shop.example, or *.")
    return given


Origin = Annotated[str, AfterValidator(_origin)]


class Listening(BaseModel):
    """Where the service listens, and who may call it."""

    host: str = "127.0.0.1"
    port: int = Field(default=8402, ge=0, le=65535)
    public_url: AnyHttpUrl | None = Field(default=None, description="the URL that buyers use, when it is a proxy's")
    docs_url: AnyHttpUrl | None = Field(default=None, description="the URL of the documentation, for the site's pages")
    cors_origins: tuple[Origin, ...] = Field(
        default=("*",), description="origins whose pages may call the API from a browser; [] for none"
    )
    tls_certificate: Path | None = Field(default=None, description="PEM, the whole chain; unset where a proxy does TLS")
    tls_key: Path | None = Field(default=None, description="private key of the certificate, PEM, without a password")
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(default=(), description="whose X-Forwarded-For is trusted")
    stop_seconds: float = Field(default=25.0, gt=0, description="how long running calls may take after a stop signal")

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

    @property
    def tls(self) -> tuple[Path, Path] | None:
        """Certificate and key, when the service does TLS itself."""
        return (self.tls_certificate, self.tls_key) if self.tls_certificate and self.tls_key else None

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the service: it listens on loopback, and behind no proxy."""
        if self.public_url or self.trusted_proxies:
            return False
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

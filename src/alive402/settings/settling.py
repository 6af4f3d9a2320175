"""Settings: how the service authenticates to a facilitator."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, SecretStr

CDP = "cdp"
CDP_URL = "https://api.cdp.coinbase.com/platform/v2/x402"


class Settling(BaseModel):
    """The credentials for a facilitator: a bearer token, or an API key of Coinbase's platform (CDP)."""

    facilitator_token: SecretStr | None = Field(default=None, description="sent as Authorization: Bearer")
    facilitator_auth: Literal["cdp"] | None = Field(default=None, description="cdp: sign each request for Coinbase's")
    cdp_api_key_id: str | None = Field(default=None, min_length=1, description="id of the CDP API key")
    cdp_api_key_secret: SecretStr | None = Field(default=None, min_length=1, description="secret of the CDP API key")

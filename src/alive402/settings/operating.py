"""Settings: health checks, webhooks, retention, the operator's page, metrics and traces."""

from __future__ import annotations

import base64
import binascii
from typing import Self

from pydantic import AliasChoices, AnyHttpUrl, BaseModel, Field, SecretStr, model_validator


class Operating(BaseModel):
    """Health checks, webhooks, retention, the operator's page, metrics and traces."""

    health_seconds: float = Field(default=60.0, gt=0, description="how often the health check of the catalog runs")
    webhook_urls: tuple[AnyHttpUrl, ...] = Field(default=(), description="URLs that get events of answers and payments")
    webhook_secret: SecretStr | None = Field(default=None, description="whsec_ and base64 of 24 to 64 random bytes")
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


def _is_webhook_secret(secret: SecretStr | None) -> bool:
    try:
        text = secret.get_secret_value() if secret else ""
        return text.startswith("whsec_") and 24 <= len(base64.b64decode(text[6:], validate=True)) <= 64
    except binascii.Error:
        return False

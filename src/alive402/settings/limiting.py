"""Settings: rate limits, and where they are counted."""

from __future__ import annotations

from typing import Annotated

from limits import parse
from pydantic import AfterValidator, BaseModel, Field


def _rate(given: str) -> str:
    """Check that the `limits` package can parse a rate."""
    try:
        parse(given)
    except ValueError as error:
        raise ValueError(f"{given} is not a rate. Write it as `30/hour` or `5/10minute`.") from error
    return given


Rate = Annotated[str, AfterValidator(_rate)]


class Limiting(BaseModel):
    """Rate limits, and where they are counted."""

    free_failures_per_payer: Rate = "30/hour"
    free_failures_per_address: Rate = "120/hour"
    new_payments_per_address: Rate = "60/hour"
    credential_guesses_per_address: Rate = Field(default="30/minute", description="wrong tokens, keys and secrets")
    calls_per_key: Rate = Field(default="10/second", description="signed calls of one AccessKeyId")
    challenges_open: int = Field(default=20, gt=0, description="challenges of one payer that may still be answered")
    challenges_unanswered: int = Field(
        default=5, gt=0, description="unanswered challenges of one payer and `bind` in 10 minutes"
    )
    limits_url: str = Field(default="memory://", description="where rate limits are counted, for several processes")

"""All settings of the service: one group a subject, read once from `ALIVE402_*` at start and passed down."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from alive402.settings.accepting import Accepting
from alive402.settings.judging import Judging
from alive402.settings.limiting import Limiting
from alive402.settings.listening import Listening
from alive402.settings.operating import Operating
from alive402.settings.receiving import Receiving
from alive402.settings.storing import Storing


class Settings(Listening, Accepting, Storing, Limiting, Judging, Receiving, Operating, BaseSettings):
    """The operator's settings; the defaults use test money, listen on loopback, and need no other system.

    Raises:
        pydantic.ValidationError: a value is invalid, or a real network lacks a setting that it needs.
    """

    model_config = SettingsConfigDict(env_prefix="ALIVE402_", extra="ignore", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="after")
    def _the_cloud_judges_no_uploads(self) -> Self:
        if self.provider == "alibaba" and self.upload_host:
            raise ValueError("ALIVE402_PROVIDER=alibaba judges no uploads: unset ALIVE402_UPLOAD_HOST.")
        return self

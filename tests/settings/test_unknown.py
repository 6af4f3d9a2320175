"""Tests of finding misspelt settings."""

from __future__ import annotations

import pytest

from alive402.settings import Settings, unknown_settings


def test_every_setting_is_known() -> None:
    names = [f"ALIVE402_{name.upper()}" for name in Settings.model_fields]
    assert list(unknown_settings([*names, "ALIVE402_CACHE", "alive402_port", "PATH"])) == []


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("ALIVE402_NETWROK", "ALIVE402_NETWORK"),
        ("ALIVE402_DATABASEURL", "ALIVE402_DATABASE_URL"),
        ("alive402_facilitator_ulr", "ALIVE402_FACILITATOR_URL"),
        ("ALIVE402_QUUX", None),
    ],
)
def test_misspelt_setting_is_named_with_the_nearest(name: str, near: str | None) -> None:
    assert list(unknown_settings([name])) == [(name, near)]

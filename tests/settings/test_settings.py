"""Tests of the settings: what a real network needs, and what follows from others."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from alive402.settings import Settings

REAL = {
    "network": "base",
    "pay_to": "0x" + "ab" * 20,
    "facilitator_url": "https://facilitator.example",
    "rpc_url": "https://node.example",
}


@pytest.mark.parametrize("missing", ["pay_to", "facilitator_url", "rpc_url"])
def test_real_network_needs_receiver_facilitator_and_node(missing: str) -> None:
    with pytest.raises(ValidationError, match=f"ALIVE402_{missing.upper()}"):
        Settings(**{name: value for name, value in REAL.items() if name != missing})  # type: ignore[arg-type]


def test_network_has_a_caip2_name() -> None:
    assert Settings(**REAL).caip2 == "eip155:8453"  # type: ignore[arg-type]
    assert Settings().caip2 == "eip155:84532"
    with pytest.raises(ValidationError, match="unknown"):
        Settings(**{**REAL, "network": "mainnet"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "loopback"),
    [
        ({"host": "127.0.0.1"}, True),
        ({"host": "::1"}, True),
        ({"host": "localhost"}, True),
        ({"host": "0.0.0.0"}, False),
        ({"host": "127.0.0.1", "public_url": "https://a.example"}, False),
    ],
)
def test_service_is_on_loopback_only_if_nobody_else_reaches_it(given: dict[str, str], loopback: bool) -> None:
    assert Settings(**given).loopback is loopback  # type: ignore[arg-type]


def test_setting_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIVE402_QUEUE", "7")
    assert Settings().queue == 7


@pytest.mark.parametrize("origin", ["https://shop.example", "http://localhost:3000", "http://[::1]:80", "*", "app://-"])
def test_origin_is_written_as_a_browser_sends_it(origin: str) -> None:
    assert Settings(cors_origins=(origin,)).cors_origins == (origin,)


@pytest.mark.parametrize("origin", ["https://shop.example/", "shop.example", "https://Shop.example", "", "null"])
def test_other_origins_are_refused(origin: str) -> None:
    with pytest.raises(ValidationError, match="is not an origin"):
        Settings(cors_origins=(origin,))

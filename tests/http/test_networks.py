"""Tests of several networks and tokens: each is offered, paid and looked up on its own chain."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from pydantic import ValidationError
from x402 import x402Client
from x402.http.clients.httpx import x402AsyncTransport
from x402.mechanisms.evm.default_assets import DEFAULT_ASSETS
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner

from alive402.demo import Buyer, receipt
from alive402.http.wiring import assemble
from alive402.payments.core import PaymentsMisconfigured
from alive402.payments.devchain import DevChain
from alive402.settings import Settings
from tests.http.conftest import Service, Start
from tests.http.facilitators import Facilitator, running_facilitator

pytestmark = pytest.mark.anyio
BASE, SEPOLIA = "eip155:8453", "eip155:84532"
TOKEN = "a facilitator's token"


@pytest.fixture(scope="module")
def sepolia() -> Iterator[Facilitator]:
    with running_facilitator() as made:
        yield made


@pytest.fixture(scope="module")
def base() -> Iterator[Facilitator]:
    """A chain with Base's id and the test token at USDC's address, behind a facilitator that requires a token."""
    with running_facilitator(DevChain(8453, DEFAULT_ASSETS[BASE][0]["asset"]), TOKEN) as made:
        yield made


def accepted(facilitator: Facilitator, network: str, **more: object) -> dict[str, Any]:
    node = f"{facilitator.url}/devchain/rpc"
    money = {"network": network, "pay_to": Account.create().address}
    return {**money, "facilitator_url": facilitator.url, "rpc_url": node, **more}


def both(sepolia: Facilitator, base: Facilitator) -> list[dict[str, Any]]:
    domain = {"asset_name": "USDC", "asset_version": "2"}
    return [
        accepted(sepolia, "base-sepolia", price=150_000),
        accepted(base, "base", price=250_000, facilitator_token=TOKEN, **domain),
    ]


@pytest.fixture(scope="module")
def two(start: Start, sepolia: Facilitator, base: Facilitator) -> Service:
    return start(accepts=both(sepolia, base))


class On(Buyer):
    """The official client, limited to one network."""

    def __init__(self, url: str, network: str) -> None:
        super().__init__(url)
        client = register_exact_evm_client(x402Client(), EthAccountSigner(self.account), network)
        self._paying._transport = x402AsyncTransport(client, self._wire)


@pytest.mark.parametrize(("network", "price"), [(SEPOLIA, 150_000), (BASE, 250_000)])
async def test_buyer_pays_on_its_network(
    two: Service, sepolia: Facilitator, base: Facilitator, videos: str, network: str, price: int
) -> None:
    chain, other = (sepolia.chain, base.chain) if network == SEPOLIA else (base.chain, sepolia.chain)
    async with On(two.url, network) as buyer:
        asked = (await buyer.ask(f"{videos}/face.mp4")).json()
        assert [each["network"] for each in asked["accepts"]] == [SEPOLIA, BASE]
        assert asked["payment"]["amountCents"] == 15
        (terms,) = [each for each in asked["accepts"] if each["network"] == network]
        for each in (chain, other):
            each.mint(buyer.account.address, 10**6)
        bought = await buyer.pay(f"{videos}/face.mp4")
        assert bought.status_code == 200, bought.text
        assert (receipt(bought).network, receipt(bought).amount) == (network, str(price))
        assert chain.balance(buyer.account.address) == 10**6 - price
        assert chain.balance(terms["payTo"]) >= price
        assert other.balance(buyer.account.address) == 10**6


async def test_lost_settlement_is_looked_up_on_its_chain(two: Service, base: Facilitator, videos: str) -> None:
    async with On(two.url, BASE) as buyer:
        base.chain.mint(buyer.account.address, 10**6)
        base.fault = "loses the answer"
        try:
            bought = await buyer.pay(f"{videos}/face.mp4")
        finally:
            base.fault = ""
        assert bought.status_code == 200, bought.text
        assert receipt(bought).network == BASE
        assert base.chain.balance(buyer.account.address) == 750_000


async def test_wrong_facilitator_token_stops_the_start(sepolia: Facilitator, base: Facilitator) -> None:
    wrong = [*both(sepolia, base)[:1], {**both(sepolia, base)[1], "facilitator_token": "another"}]
    with pytest.raises(PaymentsMisconfigured, match=r"facilitator of eip155:8453 does not answer"):
        await assemble(Settings(accepts=wrong))  # type: ignore[arg-type]


async def test_duplicate_network_and_token_stop_the_start(sepolia: Facilitator) -> None:
    with pytest.raises(PaymentsMisconfigured, match="names one twice"):
        await assemble(Settings(accepts=[accepted(sepolia, "base-sepolia"), accepted(sepolia, SEPOLIA)]))  # type: ignore[arg-type]


async def test_networks_are_read_from_toml_or_environment(
    sepolia: Facilitator, base: Facilitator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = both(sepolia, base)
    rows = [[f"{name} = {json.dumps(value)}" for name, value in table.items()] for table in tables]
    file = tmp_path / "accepts.toml"
    file.write_text("\n".join("\n".join(["[[accepts]]", *row]) for row in rows))
    monkeypatch.setenv("ALIVE402_ACCEPTS_FILE", str(file))
    from_file = Settings()
    monkeypatch.delenv("ALIVE402_ACCEPTS_FILE")
    monkeypatch.setenv("ALIVE402_ACCEPTS", json.dumps(tables))
    assert [each.caip2 for each in from_file.taken] == [SEPOLIA, BASE]
    assert Settings().taken == from_file.taken
    assert TOKEN not in repr(from_file)


@pytest.mark.parametrize(
    ("change", "settings", "sentence"),
    [
        ({"network": "moon"}, {}, "moon is unknown"),
        ({"pay_to": "0x1"}, {}, "pay_to is not an address"),
        ({"prize": 1}, {}, "Extra inputs"),
        ({}, {"network": "base"}, "unset ALIVE402_NETWORK"),
        ({}, {"accepts_file": "/none"}, "not both"),
    ],
)
def test_invalid_network_settings_are_refused(
    sepolia: Facilitator, change: dict[str, Any], settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Settings(accepts=[{**accepted(sepolia, "base-sepolia"), **change}], **settings)


async def test_unknown_service_setting_is_refused(tmp_path: Path) -> None:
    from alive402.http.wiring import assemble
    from alive402.settings import Settings

    with pytest.raises(PaymentsMisconfigured, match="face-liveness-detection"):
        await assemble(
            Settings(database_url=f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}", services=("weather-forecast",))
        )

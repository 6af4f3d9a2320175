"""Tests of several networks and tokens: each is offered, paid and looked up on its own chain."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account
from pydantic import ValidationError
from x402 import x402Client
from x402.http.clients.httpx import x402AsyncTransport
from x402.mechanisms.evm.default_assets import DEFAULT_ASSETS
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner

from alive402.catalog import IMAGE_LIVENESS, LIVENESS, ServiceDefinition
from alive402.demo import TOOL_PATH, Buyer, receipt
from alive402.http.wiring import assemble
from alive402.payments.core import PaymentsMisconfigured
from alive402.payments.devchain import DevChain
from alive402.settings import Settings
from tests.http.conftest import Service, Start
from tests.http.facilitators import Facilitator, running_facilitator
from tests.http.required import header_of

pytestmark = pytest.mark.anyio
BASE, SEPOLIA = "eip155:8453", "eip155:84532"
AVALANCHE, POLYGON = "eip155:43114", "eip155:137"
# A network that version 1 has no name for.
UNNAMED = "eip155:421614"
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
        asked = await buyer.ask(f"{videos}/face.mp4")
        accepts = header_of(asked)["accepts"]
        assert [each["network"] for each in accepts] == [SEPOLIA, BASE]
        assert [each["network"] for each in asked.json()["accepts"]] == ["base-sepolia", "base"]
        assert asked.json()["payment"]["amountCents"] == 15
        (terms,) = [each for each in accepts if each["network"] == network]
        for each in (chain, other):
            each.mint(buyer.account.address, 10**6)
        bought = await buyer.pay(f"{videos}/face.mp4")
        assert bought.status_code == 200, bought.text
        assert (receipt(bought).network, receipt(bought).amount) == (network, str(price))
        assert chain.balance(buyer.account.address) == 10**6 - price
        assert chain.balance(terms["payTo"]) >= price
        assert other.balance(buyer.account.address) == 10**6


@pytest.fixture(scope="module")
def polygon() -> Iterator[Facilitator]:
    with running_facilitator(DevChain(137, DEFAULT_ASSETS[POLYGON][0]["asset"])) as made:
        yield made


@pytest.fixture(scope="module")
def unnamed() -> Iterator[Facilitator]:
    with running_facilitator(DevChain(421614, DEFAULT_ASSETS[UNNAMED][0]["asset"])) as made:
        yield made


@pytest.fixture(scope="module")
def avalanche() -> Iterator[Facilitator]:
    with running_facilitator(DevChain(43114, DEFAULT_ASSETS[AVALANCHE][0]["asset"])) as made:
        yield made


@pytest.fixture(scope="module")
def three(start: Start, sepolia: Facilitator, base: Facilitator, avalanche: Facilitator) -> Service:
    return start(accepts=[*both(sepolia, base), accepted(avalanche, AVALANCHE, asset_name="USDC", asset_version="2")])


@pytest.mark.parametrize("service", [LIVENESS, IMAGE_LIVENESS], ids=["video", "image"])
async def test_headers_of_three_networks_fit_into_a_proxys_buffer(three: Service, service: ServiceDefinition) -> None:
    async with httpx.AsyncClient(base_url=three.url) as http:
        for path in service.paths:
            asked = await http.post(path, headers={"Origin": "https://shop.example"})
            assert asked.status_code == 402
            assert len(header_of(asked)["accepts"]) == len(asked.json()["accepts"]) == 3
            assert len(asked.headers["PAYMENT-REQUIRED"]) <= 2_600
            assert sum(len(name) + len(value) + 4 for name, value in asked.headers.raw) < 4_096


async def test_body_names_only_networks_that_every_client_of_version_1_reads(
    start: Start, sepolia: Facilitator, polygon: Facilitator
) -> None:
    polygons = accepted(polygon, POLYGON, asset_name="USDC", asset_version="2")
    mixed, alone = start(accepts=[accepted(sepolia, "base-sepolia"), polygons]), start(accepts=[polygons])
    async with httpx.AsyncClient() as http:
        plain = await http.post(mixed.url + TOOL_PATH)
        old = await http.post(f"{mixed.url}{TOOL_PATH}?x402Version=1")
        only = await http.post(alone.url + TOOL_PATH)
    assert [each["network"] for each in header_of(plain)["accepts"]] == [SEPOLIA, POLYGON]
    assert [each["network"] for each in plain.json()["accepts"]] == ["base-sepolia"]
    assert [each["network"] for each in old.json()["accepts"]] == ["base-sepolia", "polygon"]
    assert [each["network"] for each in only.json()["accepts"]] == ["polygon"]


async def test_body_is_version_2_where_version_1_has_no_network(start: Start, unnamed: Facilitator) -> None:
    service = start(accepts=[accepted(unnamed, UNNAMED, asset_name="USDC", asset_version="2")])
    async with httpx.AsyncClient() as http:
        asked = await http.post(service.url + TOOL_PATH)
    assert asked.json()["x402Version"] == 2
    assert asked.json()["accepts"] == header_of(asked)["accepts"]


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
    with pytest.raises(PaymentsMisconfigured, match=r"facilitator of eip155:8453 refuses the credentials"):
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
        ({}, {"scheme": "permit2"}, "unset ALIVE402_NETWORK"),
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

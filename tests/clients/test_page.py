"""Tests that docs/clients.md and the table of clients agree, and that every driver is used."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.clients.page import GREEN, PAGE, recorded, rendered, rows
from tests.clients.table import CLIENTS, DRIVERS, Client

ROOT = Path(__file__).parents[2]


def test_page_is_made_from_the_table() -> None:
    assert PAGE.read_text() == rendered(recorded()), "make clients ONLY=… writes the page anew"


def test_names_are_unique() -> None:
    names = [client.name for client in CLIENTS]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_result_is_green_or_has_a_reason_outside_our_power(client: Client) -> None:
    (result,) = [row[3] for row in rows(PAGE.read_text()) if row[0] == client.name]
    allowed = {f"red: {client.red}"} if client.red else {GREEN}
    assert result in allowed or result.startswith("not run: ")


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_every_package_is_pinned(client: Client) -> None:
    for package in client.packages:
        assert re.search(r"(?<=.)[@=]\d[\w.+-]*$", package), package


def test_pins_of_our_own_packages_are_those_of_the_lock() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    locked = set(re.findall(r"^([\w.-]+==[\w.]+)", lock, re.MULTILINE))
    ours = {re.sub(r"\[.*\]", "", each).lower().replace("_", "-") for client in CLIENTS for each in client.ours}
    assert ours - {each.lower().replace("_", "-") for each in locked} == set()


def test_every_client_has_a_driver_and_every_driver_a_client() -> None:
    used = {client.driver for client in CLIENTS}
    assert {path.name for path in DRIVERS.iterdir() if path.suffix in {".py", ".mjs"}} - {"__init__.py"} == used


def test_a_table_with_two_sources_is_refused() -> None:
    row = tomllib.loads('name = "a"\nfamily = "x402"\ndriver = "x402_python.py"\ndoes = "b"')
    with pytest.raises(AssertionError):
        Client(**row, npm=("a@1",), pip=("a==1",))

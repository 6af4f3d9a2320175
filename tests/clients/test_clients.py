"""Tests of the service by other people's clients, each as it ships; those that are not installed are skipped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alive402.demo import Clips
from tests.clients.install import NotInstalled, install, ready
from tests.clients.run import run
from tests.clients.site import Sites, running
from tests.clients.table import CLIENTS, Client

# A test has 300.
INSTALL_SECONDS = 150


@pytest.fixture(scope="module")
def sites(clips: Clips) -> Iterator[Sites]:
    with running(clips) as started:
        yield started


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_client_does_what_the_table_says(client: Client, sites: Sites) -> None:
    try:
        folder = install(client, INSTALL_SECONDS) if client.small else ready(client)
    except NotInstalled as why:
        pytest.skip(str(why))
    result = run(client, folder, sites(client))
    if client.red:
        assert not result.green, "it works now: remove `red` from its entry"
    else:
        assert result.green, result.reason

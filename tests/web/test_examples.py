"""Tests of the examples of a call."""

from __future__ import annotations

import ast
import json
import shlex

import pytest

from alive402.catalog import LIVENESS, PriceOption, ServiceDefinition, SiteCatalog
from alive402.services import DEFINITIONS
from alive402.web.examples import examples


def site(*, mcp: bool) -> SiteCatalog:
    option = PriceOption(LIVENESS.id, "eip155:8453", "0xa", "200000", "0xb")
    return SiteCatalog(DEFINITIONS, "https://a.example", "x402-base-usdc", (option,), mcp=mcp, test_money=False)


@pytest.mark.parametrize("service", DEFINITIONS, ids=lambda each: each.id)
def test_each_example_is_well_formed_and_sends_the_example_input(service: ServiceDefinition) -> None:
    texts = {each.slug: each.text for each in examples(service, site(mcp=True))}
    url = f"https://a.example{service.paths[0]}"
    assert all(url in texts[slug] for slug in ("curl", "python", "javascript"))
    ast.parse(texts["python"])
    words = shlex.split(texts["curl"].replace("\\\n", " "), comments=True)
    assert json.loads(words[words.index("-d") + 1]) == service.example_input
    (server,) = json.loads(texts["mcp"])["mcpServers"].values()
    assert server["url"] == "https://a.example/mcp"


def test_mcp_example_is_shown_only_where_mcp_is_served() -> None:
    assert "mcp" not in [each.slug for each in examples(LIVENESS, site(mcp=False))]

"""Tests of the plain-text documents: each names every service, with absolute URLs."""

from __future__ import annotations

import json
import re

import pytest

from alive402.catalog import LIVENESS, PriceOption, SiteCatalog
from alive402.catalog.texts import ai_txt, llms_txt, robots_txt, service_llms_txt
from alive402.services import DEFINITIONS

BASE = "https://alive.example"


def site(*, mcp: bool = True) -> SiteCatalog:
    option = PriceOption(LIVENESS.id, "eip155:8453", "0xa", "200000", "0xb")
    return SiteCatalog(DEFINITIONS, BASE, "x402-base-usdc", (option,), mcp=mcp, test_money=False)


@pytest.mark.parametrize("document", [llms_txt, ai_txt])
def test_document_names_every_service_with_its_price(document: object) -> None:
    text = document(site())  # type: ignore[operator]
    for service in DEFINITIONS:
        assert service.id in text
        assert service.name in text
        assert service.price in text


@pytest.mark.parametrize("document", [llms_txt, ai_txt])
def test_mcp_is_named_only_where_it_is_served(document: object) -> None:
    assert f"{BASE}/mcp" in document(site())  # type: ignore[operator]
    assert f"{BASE}/mcp" not in document(site(mcp=False))  # type: ignore[operator]


@pytest.mark.parametrize("service", DEFINITIONS, ids=lambda each: each.id)
def test_service_document_holds_its_schemas_and_examples(service: object) -> None:
    text = service_llms_txt(service, site())  # type: ignore[arg-type]
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)\n```", text, re.DOTALL)]
    fields = ("input_schema", "example_input", "output_schema", "example_output")
    assert blocks == [json.loads(json.dumps(getattr(service, field))) for field in fields]


def test_robots_are_kept_from_paid_routes() -> None:
    lines = robots_txt(site()).splitlines()
    assert "Disallow: /api/tools/" in lines
    assert "Disallow: /api/payments" in lines
    assert f"Sitemap: {BASE}/sitemap.xml" in lines


LINK = re.compile(r"-\s*\[(?P<title>[^\]]+)\]\((?P<url>[^\)]+)\)(?::\s*(?P<desc>.*))?")
"""A line of a list of links, as the Python package llms_txt reads it; another line makes that package fail."""


@pytest.mark.parametrize("mcp", [True, False])
@pytest.mark.parametrize("service", [None, *DEFINITIONS], ids=lambda each: getattr(each, "id", "site"))
def test_parsers_of_llms_txt_find_links_alone_below_headings(service: object, mcp: bool) -> None:
    text = llms_txt(site(mcp=mcp)) if service is None else service_llms_txt(service, site(mcp=mcp))  # type: ignore[arg-type]
    start, *sections = re.split(r"^##\s*.*?$", text, flags=re.MULTILINE)
    title, summary = start.strip().splitlines()[0:3:2]
    assert title.startswith("# ")
    assert summary.startswith("> ")
    lines = [line for section in sections for line in section.splitlines() if line]
    links = [LINK.fullmatch(line) for line in lines]
    assert links
    assert all(links)
    urls = {link["url"] for link in links if link}
    assert all(url.startswith(f"{BASE}/") for url in urls)
    assert (f"{BASE}/mcp" in urls) == mcp

"""Scrapes `/metrics` of a running service and reads its samples."""

from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.http.conftest import Service

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scraped(service: Service, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=60) as http:
        named = {name.replace("_", "-"): it for name, it in headers.items()}
        return await http.get(f"{service.url}/metrics", headers=named)


async def samples(service: Service) -> Samples:
    """Every sample, by name and labels."""
    families = text_string_to_metric_families((await scraped(service)).text)
    return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}

"""Tests of every metric that a dashboard, an autoscaler or a page names: `/metrics` of a real service has it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from alive402.demo import Buyer
from tests.http.conftest import Service
from tests.http.ops.samples import samples

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[3]
DASHBOARD = ROOT / "deploy" / "grafana-dashboard.json"
AUTOSCALING = ROOT / "deploy" / "kubernetes" / "keda" / "scaledobject.yaml"
# Labels that Prometheus adds to each sample.
ADDED = {"job", "instance", "namespace", "pod"}
NAME = re.compile(r"\b(?:alive402|process)_\w+")
OF_HISTOGRAM = ("_bucket", "_sum", "_count")
# Modules and files of the package, not metrics.
NO_METRIC = re.compile(r"alive402_\w*\.(?:py|db)")


@pytest.fixture
async def exported(service: Service, videos: str) -> dict[str, set[str]]:
    """The labels of each sample that a service exports after a call, by name."""
    async with Buyer(service.url) as buyer:
        await buyer.fund()
        await buyer.pay(f"{videos}/face.mp4")
    found: dict[str, set[str]] = {}
    for name, labels in await samples(service):
        found.setdefault(name, set()).update(label for label, _ in labels)
    return found


def check(query: str, exported: dict[str, set[str]]) -> None:
    """Check that every metric and label of a query exists."""
    names = NAME.findall(query)
    assert names, query
    assert set(names) <= set(exported), query
    known = set.union(*(exported[name] for name in names)) | ADDED
    used = set(re.findall(r"(\w+)\s*=~?\s*\"", query))
    for grouped in re.findall(r"\bby\s*\(([^)]*)\)", query):
        used |= {each.strip() for each in grouped.split(",")}
    assert used <= known, query


async def test_dashboard_queries_name_exported_metrics(exported: dict[str, set[str]]) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(queries) >= 10
    for query in queries:
        check(query, exported)
    shown = {name for query in queries for name in re.findall(r"alive402_\w+", query)}
    whole = {name for name in exported if name.startswith("alive402_") and not name.endswith(("_sum", "_count"))}
    assert whole - shown <= {"alive402_build"}


def test_dashboard_panels_do_not_overlap() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [cell for panel in panels for cell in covered(panel["gridPos"])]
    assert len(cells) == len(set(cells))


def covered(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(place["x"], place["x"] + place["w"]):
        for y in range(place["y"], place["y"] + place["h"]):
            yield x, y


async def test_autoscaler_queries_name_exported_metrics(exported: dict[str, set[str]]) -> None:
    triggers: list[dict[str, Any]] = yaml.safe_load(AUTOSCALING.read_text())["spec"]["triggers"]
    queries = [trigger["metadata"]["query"] for trigger in triggers]
    assert queries
    for query in queries:
        check(query, exported)
        # KEDA reads one number.
        assert query.startswith("sum(")


@pytest.mark.parametrize("page", ["operate", "deploy", "performance"])
async def test_pages_name_exported_metrics(page: str, exported: dict[str, set[str]]) -> None:
    text = NO_METRIC.sub("", (ROOT / "docs" / f"{page}.md").read_text())
    families = {name.removesuffix(end) for name in exported for end in OF_HISTOGRAM}
    named = set(re.findall(r"\balive402_\w+", text))
    assert named <= set(exported) | families
    for query in re.findall(r"`((?:sum|max|min|rate|histogram_quantile)\b[^`]*alive402_[^`]*)`", text):
        check(query, exported)


async def test_operating_page_explains_every_metric(exported: dict[str, set[str]]) -> None:
    text = (ROOT / "docs" / "operate.md").read_text()
    listed = set(re.findall(r"^\| `(alive402_\w+)`", text, re.MULTILINE))
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exported if name.startswith("alive402_")}
    assert listed == families

"""Tests of docs/security.md: the cited tests exist, and its limits match the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from alive402.intake.fetch import FetchLimits
from alive402.intake.sandbox import SandboxLimits
from alive402.liveness import Limits
from alive402.liveness.media import ImageLimits

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
KINDS = {"FetchLimits": FetchLimits, "SandboxLimits": SandboxLimits, "Limits": Limits, "ImageLimits": ImageLimits}


@pytest.mark.parametrize(("path", "name"), TESTS)
def test_cited_test_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text())
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_guarantee_cites_a_test() -> None:
    promises = PAGE.split("## What is promised")[1].split("## What is not")[0]
    rows = [row for row in promises.splitlines() if row.startswith("| ")][1:]
    assert len(rows) > 10
    assert all("::test_" in row for row in rows)


@pytest.mark.parametrize("kind", KINDS)
def test_limits_match_the_code(kind: str) -> None:
    (said,) = re.findall(rf"^{kind}\((.*?)\)$", PAGE, re.MULTILINE | re.DOTALL)
    values = eval(f"dict({said})", {"__builtins__": {}}, {"dict": dict, "frozenset": frozenset})
    assert KINDS[kind](**values) == KINDS[kind]()
    # The threshold of the verdict travels with the limits, and is none.
    assert set(values) == set(KINDS[kind].__dataclass_fields__) - {"threshold"}

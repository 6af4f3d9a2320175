"""Tests of every hostile URL in a network namespace with real DNS and sockets; none reaches an internal host."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.intake import hostile_urls
from tests.intake.hostile_network import NOT_HERE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.intake.hostile_network"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode == NOT_HERE:
        pytest.skip("this kernel lets no user make network and mount namespaces")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize(
    ("number", "url", "code"),
    [(number, url, code) for number, (url, code) in enumerate(hostile_urls.TABLE)],
    ids=[f"{number} {url[:60]!r}" for number, (url, _) in enumerate(hostile_urls.TABLE)],
)
def test_hostile_url_gets_its_code(results: dict[str, Any], number: int, url: str, code: str) -> None:
    assert results["codes"][number] == code


def test_internal_hosts_are_never_reached(results: dict[str, Any]) -> None:
    assert results["control"] == ["127.0.0.1", "169.254.169.254", "64:ff9b::7f00:1"], (
        "the network notes requests to internal hosts"
    )
    assert results["reached"] == []


def test_stored_bytes_stay_below_the_limit(results: dict[str, Any]) -> None:
    assert results["largest"] <= 3_000_000


def test_table_is_long_enough() -> None:
    assert len({url for url, _ in hostile_urls.TABLE}) == len(hostile_urls.TABLE) >= 60

"""Every hostile URL is fetched in a network namespace with real DNS and sockets; none reaches an internal host."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.intake import hostile_urls
from tests.intake.hostile_town import NOT_HERE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def town() -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.intake.hostile_town"]
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
def test_a_hostile_url_gets_its_code(town: dict[str, Any], number: int, url: str, code: str) -> None:
    assert town["codes"][number] == code


def test_the_inside_is_never_reached(town: dict[str, Any]) -> None:
    assert town["control"] == ["127.0.0.1", "169.254.169.254", "64:ff9b::7f00:1"], "the town sees who comes inside"
    assert town["reached"] == []


def test_no_more_is_kept_than_may_be(town: dict[str, Any]) -> None:
    assert town["largest"] <= 3_000_000


def test_the_table_is_long_enough() -> None:
    assert len({url for url, _ in hostile_urls.TABLE}) == len(hostile_urls.TABLE) >= 60

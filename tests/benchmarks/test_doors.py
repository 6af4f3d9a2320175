"""Tests of `benchmarks.doors`, a short run: every interface answers, and its cost is printed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from benchmarks.doors import PAID, TOKEN, cores, measure

PAGE = (Path(__file__).parents[2] / "docs" / "performance.md").read_text()


def test_every_interface_is_measured(tmp_path: Path) -> None:
    found = asyncio.run(measure(tmp_path, seconds=0.2, at_once=2))
    assert len(found) > 2
    for name, figures in found.items():
        assert figures["a second"] > 0, name
    assert found["unpaid: 402"]["processor ms each"] > 0
    assert found[PAID]["of them the loop's"] < found[PAID]["processor ms each"], "the chain works beside the loop"


def test_cores_match_the_published_figures() -> None:
    found = {
        TOKEN: {"processor ms each": 20.0, "of them the loop's": 18.0},
        PAID: {"processor ms each": 90.0, "of them the loop's": 23.0},
    }
    told = cores(found)
    assert told["116 calls a second, by a token"] == 116 * 20 / 1000
    assert told["350 calls a second, by x402"] == 350 * 25 / 1000


def test_page_names_the_command() -> None:
    assert "python -m benchmarks.doors" in PAGE

"""Tests of the benchmarks of docs/performance.md, in small: soak, ledger, one analysis."""

from __future__ import annotations

import asyncio
from pathlib import Path

import benchmarks.__main__ as analysis
import pytest
from benchmarks.soak import soak

from benchmarks import ledger

PAGE = (Path(__file__).parents[2] / "docs" / "performance.md").read_text()


def test_page_names_both_commands() -> None:
    for module in (soak, ledger.measure):
        assert f"python -m {module.__module__}" in PAGE


def test_soak_makes_forty_calls_of_all_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.soak.CLIP_SECONDS", 1.6)
    found = asyncio.run(soak(tmp_path, calls=40, at_once=16, seed=402))
    assert found["calls"] == 40
    assert found["answers"] > 0
    assert found["processes killed"] > 0


def test_ledger_is_measured(tmp_path: Path) -> None:
    found = asyncio.run(ledger.measure(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}", calls=40, at_once=16))
    assert found["transactions a second"] == pytest.approx(3 * found["paid calls a second"])
    assert found["slowest call, s"] > 0


def test_one_analysis_is_measured(tmp_path: Path) -> None:
    assert "make bench\n" in PAGE
    found = analysis.measure(analysis.make_clip(tmp_path, (640, 360)), runs=1)
    assert found["warm engine, total over floor (ratio)"] > 1
    assert all(value > 0 for value in found.values())

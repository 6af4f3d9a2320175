"""Tests of the benchmark of a paid call beside the bare x402 middleware."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.overhead import measure

pytestmark = pytest.mark.anyio


async def test_both_sides_are_paid(tmp_path: Path) -> None:
    ours, theirs, ratio = (await measure(tmp_path, 1)).values()
    assert min(ours, theirs) > 0
    assert ratio == pytest.approx(ours / theirs)

"""Tests of the file of thresholds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alive402.liveness.challenge import packaged
from alive402.liveness.challenge.fitted import FILE, Limits


def test_packaged_thresholds_say_that_nobody_was_asked() -> None:
    assert packaged().fitted is False
    assert "asked nothing" in packaged().fitted_on


@pytest.mark.parametrize(
    "wrong", [{"signal": "blink"}, {"sign": 0}, {"threshold": 0.0}, {"threshold": -1.0}, {"threshold": float("nan")}]
)
def test_wrong_thresholds_are_refused(wrong: dict[str, Any], tmp_path: Path) -> None:
    table = json.loads(FILE.read_text())
    table["movements"]["look_up"] |= wrong
    path = tmp_path / "thresholds.json"
    path.write_text(json.dumps(table))
    with pytest.raises(ValueError, match="look_up"):
        Limits.read(path)


def test_a_missing_movement_is_refused(tmp_path: Path) -> None:
    table = json.loads(FILE.read_text())
    del table["movements"]["look_up"]
    path = tmp_path / "thresholds.json"
    path.write_text(json.dumps(table))
    with pytest.raises(ValueError, match="exactly the movements"):
        Limits.read(path)

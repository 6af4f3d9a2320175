"""Tests of the option --threshold."""

from __future__ import annotations

import pytest
import typer

from alive402.cli.terminal import threshold_of


@pytest.mark.parametrize(("given", "point"), [(None, None), ("0.62", 0.62), ("balanced", "balanced")])
def test_threshold_is_a_number_or_a_name(given: str | None, point: float | str | None) -> None:
    assert threshold_of("analyze", given) == point


@pytest.mark.parametrize("given", ["1", "0", "-3", "nan", "strict", ""])
def test_other_thresholds_are_refused(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        threshold_of("analyze", given)
    assert ended.value.exit_code == 64
    assert capsys.readouterr().err.startswith("alive402 analyze: ")

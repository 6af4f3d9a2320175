"""Tests of the progress bar."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from alive402.cli.progress import bar


@pytest.mark.parametrize(("terminal", "shown"), [(True, True), (False, False)])
def test_bar_is_drawn_on_a_terminal_only(terminal: bool, shown: bool) -> None:
    output = io.StringIO()
    with bar(Console(file=output, force_terminal=terminal, width=80)) as report:
        report(1, 2, "[red]clip.mp4")
        report(2, 2, "done")
    assert ("2/2" in output.getvalue()) is shown

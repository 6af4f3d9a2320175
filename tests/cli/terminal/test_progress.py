"""Tests of the progress bars, on wide and narrow terminals and where there is none."""

from __future__ import annotations

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from alive402.cli.terminal import bar, file_bar, waiting

CODES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def console_of(width: int, *, terminal: bool = True) -> tuple[Console, io.StringIO]:
    output = io.StringIO()
    return Console(file=output, force_terminal=terminal, width=width, color_system=None), output


@pytest.mark.parametrize(("terminal", "shown"), [(True, True), (False, False)])
def test_bar_is_drawn_on_a_terminal_only(terminal: bool, shown: bool) -> None:
    console, output = console_of(80, terminal=terminal)
    with bar(console) as report:
        report(1, 2, "[red]clip.mp4")
        report(2, 2, "done")
    assert ("2/2" in output.getvalue()) is shown


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 120, 200])
def test_bar_fits_every_terminal(width: int) -> None:
    console, output = console_of(width)
    with bar(console) as report:
        report(1, 2, "a/long/path/" * 8 + "clip.mp4")
    with file_bar(console, "a/long/path/" * 8 + "clip.mp4") as progress:
        progress("looking", 0.5)
    lines = [CODES.sub("", line) for line in re.split(r"[\r\n]", output.getvalue())]
    assert any("━" in line and "1/2" in line for line in lines)
    assert any("━" in line and "50 %" in line for line in lines)
    assert max(map(cell_len, lines)) <= width


def test_waiting_shows_the_time_on_a_terminal_and_the_sentence_elsewhere() -> None:
    console, output = console_of(80)
    with waiting(console) as say:
        say("Taking the models ...")
    assert re.search(r"0:00:0\d Taking the models", CODES.sub("", output.getvalue()))
    console, output = console_of(80, terminal=False)
    with waiting(console) as say:
        say("Taking the models ...")
    assert output.getvalue() == "Taking the models ...\n"


def test_waiting_for_nothing_prints_nothing() -> None:
    console, output = console_of(80)
    with waiting(console):
        pass
    assert output.getvalue() == ""

"""Tests of the command line as a whole: exit codes and the list of commands."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.main import get_command

from alive402 import __version__
from alive402.cli.main import EXIT_USAGE, app, main


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from alive402.cli.main import main; main()"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [("nothing",), ("analyze", "--nothing"), ("ledger", "show")])
def test_usage_error_exits_with_64(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr(sys, "argv", ["alive402", *arguments])
    with pytest.raises(SystemExit) as exited:
        main()
    assert exited.value.code == EXIT_USAGE
    assert capsys.readouterr().out == ""


def test_version_is_printed() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout.strip()) == (0, __version__)


def test_every_command_has_a_help_text() -> None:
    root = get_command(app)
    assert all(command.help for command in root.commands.values())  # type: ignore[attr-defined]
